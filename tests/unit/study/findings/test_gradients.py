"""The mean correlation with the gradient norm beside that of shifted gradients."""

import numpy as np
import pytest

from helpers.finding_cases import grid
from repdyn.study.findings.answers import SHOWN, judge
from repdyn.study.findings.gradients import answers

SD = 0.05  # of the mean over the layers of a run


def study(rng, planted: float, seeds: int = 2):
    table = grid(seeds, 3)
    run = table.groupby(["experiment", "seed"], sort=False).ngroup().to_numpy()
    table["following"] = planted + SD * rng.standard_normal(run.max() + 1)[run]
    keys = table.drop_duplicates(["experiment", "seed"])[["experiment", "seed"]].itertuples(index=False)
    return table, {(each.experiment, each.seed): SD * rng.standard_normal(361) for each in keys}


def test_a_planted_correlation_is_found():
    rng = np.random.default_rng(0)
    found = judge(answers(*study(rng, 0.1), rng), 0.05)
    assert (found["word"] == SHOWN).all() and found["value"][0] == pytest.approx(0.1, abs=0.02)
    # Independent runs: the null of the mean is narrower than that of a run by the root of their number.
    assert found["null_high"][0] == pytest.approx(1.96 * SD / np.sqrt(110), rel=0.15)
    assert found["runs"].tolist() == [110, 64, 18, 28] and found["number"][0] == 330


def test_what_shifts_give_too_is_not_shown():
    rng = np.random.default_rng(1)
    p = np.array([answers(*study(rng, 0.0), rng)[0].p for _ in range(50)])
    assert (p <= 0.05).mean() <= 0.12


def test_runs_that_are_too_short_are_not_evaluable():
    rng = np.random.default_rng(2)
    table, shifted = study(rng, 0.1)
    found = judge(answers(table.assign(following=np.nan), shifted, rng), 0.05)
    assert set(found["why"]) == {"too few measurements per run"}
