"""The share of layers that dip, beside the level of the test of each."""

import numpy as np
import pytest

from helpers.finding_cases import grid, spread
from repdyn.study.findings.answers import NOT_EVALUABLE, SHOWN, judge
from repdyn.study.findings.regrowth import answers


def layers(rng, share: float):
    """p values of layers of which a share dips; the others of a null, a run alike in part."""
    table = grid(1, 6)
    p = np.where(rng.random(len(table)) < share, 0.005, rng.random(len(table)))
    table = table.assign(p=p, interior=True, minimum_step=80, start=9.4, minimum=1.9, end=4.1, fall=1.6, rise=0.8)
    return table.assign(following=0.1 * spread(table, rng, "experiment"))


def test_a_planted_share_is_found_and_described():
    found = judge(answers(layers(np.random.default_rng(0), 0.6), 0.05), 0.05)
    assert found["subject"].tolist() == ["all families", "MLP", "CNN", "Transformer"]
    assert (found["word"] == SHOWN).all() and found["value"][0] == pytest.approx(0.62, abs=0.06)
    assert found["low"][0] > 0.5 and found["number"].tolist() == [330, 192, 54, 84]
    assert found["more"][0] == (
        "Any minimum between start and end, which noise gives too: 100 % of the layers. Medians over the dips: at step 80,"
        " at 20 % of the first and 46 % of the last value."
    )


def test_the_level_of_the_test_is_not_shown():
    rng = np.random.default_rng(1)
    p = np.array([answers(layers(rng, 0.0), 0.05)[0].p for _ in range(60)])
    assert (p <= 0.05).mean() <= 0.11


def test_no_dip_at_all_has_an_interval_and_no_layer_is_not_evaluable():
    none = judge(answers(layers(np.random.default_rng(2), 0.0).assign(p=0.5), 0.05), 0.05).iloc[0]
    assert none["value"] == none["low"] == 0 and 0 < none["high"] < 0.1 and none["word"] == "not shown"
    short = judge(answers(layers(np.random.default_rng(2), 0.0).assign(p=np.nan), 0.05), 0.05).iloc[0]
    assert short["word"] == NOT_EVALUABLE and short["why"] == "too few measurements per run"
