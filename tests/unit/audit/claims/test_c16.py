"""Claim C16: cosines of the first convolution at the published phases."""

import numpy as np
import pandas as pd
import pytest
import yaml

from helpers.project import ROOT
from repdyn.audit.claims.c16 import filter_cosines, quantities
from repdyn.audit.verdicts import decide
from repdyn.study.event_windows import nearest_steps

RULE = next(
    claim["verdict"]
    for claim in yaml.safe_load((ROOT / "config/claims.yaml").read_text())["claims"]
    if claim["id"] == "C16"
)


def measured(*rows):
    frame = pd.DataFrame(rows, columns=["reference", "step", "layer", "quantity", "value"])
    return frame.astype({"reference": "Int32"})


def test_cosines_are_those_of_the_first_convolution_between_the_published_phases():
    table = measured(
        (100, 1000, "blocks.1.conv", "weight_cosine", 0.2),
        (0, 100, "blocks.0.conv", "weight_cosine", 0.1), (100, 1000, "blocks.0.conv", "weight_cosine", 0.97),
        (1000, 2000, "blocks.0.conv", "weight_cosine", 0.99),
        (100, 1000, "blocks.0.conv", "weight_change", 0.3),
    )  # fmt: skip
    every_five = np.arange(0, 2005, 5)
    assert filter_cosines(table, every_five, 2000) == {"cosine_100_1000": 0.97, "cosine_1000_2000": 0.99}
    assert np.isnan(list(filter_cosines(table, every_five[:201], 1000).values())).all()


def test_phases_between_measurements_are_those_that_were_looked_into():
    measured_at = np.arange(0, 2035, 5)
    first, second, last = nearest_steps([0.05, 0.5, 1], measured_at, 2030)
    assert first == 100 != round(0.05 * 2030)
    pairs = [
        (first, second, "blocks.0.conv", "weight_cosine", 0.97),
        (second, last, "blocks.0.conv", "weight_cosine", 0.99),
    ]
    assert list(filter_cosines(measured(*pairs), measured_at, 2030).values()) == [0.97, 0.99]


def runs(values):
    rows = [
        (architecture, f"{architecture}-{dataset}", 0)
        for architecture in ("cnn_deep", "cnn_shallow")
        for dataset in ("digits", "glyphs", "photos")
    ]
    frame = pd.DataFrame(rows, columns=["architecture", "experiment", "seed"])
    return frame.assign(cosine_100_1000=values, cosine_1000_2000=0.999)


def test_numbers_are_means_over_runs_of_the_network_and_of_all_cnns():
    found = quantities(runs([0.9, 0.8, 0.7, 0.5, 0.5, 0.5]))
    deep, every = found["cosine_100_1000"].estimate, found["cosine_100_1000_all_cnn"].estimate
    assert deep.value == pytest.approx(0.8) and deep.runs == 3
    assert every.value == pytest.approx(0.65) and every.runs == 6 and every.low < 0.65 < every.high


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.98, 0.97, 0.99, 0.98, 0.97, 0.99], "supported"),
        ([0.5, 0.6, 0.4, 0.5, 0.6, 0.4], "not supported"),
        ([0.98, 0.97, 0.3, 0.98, 0.97, 0.99], "undecided"),
        ([0.98, 0.97, np.nan, 0.98, 0.97, 0.99], "undecided"),
    ],
)
def test_the_verdict_follows_from_the_interval_over_all_cnns(values, verdict):
    rows = [
        {"quantity": quantity, "ours": e.value, "ours_low": e.low, "ours_high": e.high, "runs": e.runs}
        for quantity, (e, *_) in quantities(runs(values)).items()
    ]
    blank = dict.fromkeys(("published", "repaired", "null_mean", "null_low", "null_high"), np.nan)
    assert decide(pd.DataFrame(rows).assign(**blank), RULE).verdict == verdict
