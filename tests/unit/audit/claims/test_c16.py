"""Claim C16: cosines of the first convolution at the published phases."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from audit_logs import read_checkpoints
from helpers.project import ROOT
from repdyn.audit.checkpoints import LAYERS, STEPS
from repdyn.audit.checkpoints import filter_cosines as of_checkpoints
from repdyn.audit.claims.c16 import filter_cosines, quantities
from repdyn.audit.columns import ours
from repdyn.audit.ledger import AUDIT_COLUMNS, with_ours
from repdyn.audit.published_logs import read_checksums
from repdyn.study.event_windows import nearest_steps

CLAIM = next(
    claim for claim in yaml.safe_load((ROOT / "config/claims.yaml").read_text())["claims"] if claim["id"] == "C16"
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
    frame["dataset"] = frame["experiment"].str.partition("-")[2]
    return frame.assign(cosine_100_1000=values, cosine_1000_2000=0.999)


def test_numbers_are_means_over_runs_of_the_network_and_of_all_cnns():
    found = quantities(runs([0.9, 0.8, 0.7, 0.5, 0.5, 0.5]))
    deep, every = found["cosine_100_1000"].estimate, found["cosine_100_1000_all_cnn"].estimate
    assert deep.value == pytest.approx(0.8) and deep.runs == 3
    assert every.value == pytest.approx(0.65) and every.runs == 6 and every.low < 0.65 < every.high


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([0.99, 0.98, 0.99, 0.98, 0.985, 0.99], "holds"),
        ([0.5, 0.6, 0.4, 0.5, 0.6, 0.4], "does not hold"),
        ([0.99, 0.98, 0.9, 0.98, 0.97, 0.99], "undecided"),
        ([0.98, 0.97, np.nan, 0.98, 0.97, 0.99], "not evaluable"),
    ],
)
def test_the_word_follows_from_the_interval_over_all_cnns(values, word):
    rows = ours({("C16", name): quantity for name, quantity in quantities(runs(values)).items()})
    table = with_ours(pd.DataFrame(columns=AUDIT_COLUMNS), rows, {"claims": [CLAIM]})
    assert table["holds"].tolist() == [word] * len(table)


def test_the_whole_of_training_does_not_barely_change_its_filters():
    """A bound that no change would cross is none: what the deeper published layers change crosses this one."""
    table = with_ours(
        pd.DataFrame(columns=AUDIT_COLUMNS),
        ours(
            {
                ("C16", name): quantity
                for name, quantity in quantities(runs([0.89, 0.85, 0.83, 0.88, 0.86, 0.84])).items()
            }
        ),
        {"claims": [CLAIM]},
    )
    assert set(table["holds"]) == {"does not hold"}


def test_rows_come_by_depth_of_layer_then_by_step():
    found = {("C16", name): quantity for name, quantity in quantities(runs([0.99] * 6)).items()}
    published = pd.read_csv(ROOT / "data/published/ledger.csv")
    table = with_ours(published[published["claim"] == "C16"], ours(found), {"claims": [CLAIM]})
    layers = ["", "_second", "_third", "_output", "_all_cnn"]
    order = table["quantity"].str.extract(r"cosine_(?P<first>\d+)_(?P<last>\d+)(?P<layer>.*)")
    steps = list(zip(order["first"].astype(int), order["last"].astype(int), strict=True))
    assert table["quantity"].str.endswith("_all_cnn").sum() == 2
    for layer in layers:
        own = [step for step, of in zip(steps, order["layer"], strict=True) if of == layer]
        # 100 to 2,000, which spans both, comes last.
        assert own == sorted(own, key=lambda step: (step == (100, 2000), step))
    places = [layers.index(layer) for layer in order["layer"]]
    assert places == sorted(places)


CHECKPOINTS = Path(os.environ.get("REPDYN_PUBLISHED", ROOT.parent / "shared/published")) / "checkpoints"


def test_the_published_checkpoints_give_the_published_cosines():
    if not CHECKPOINTS.is_dir():
        pytest.skip(f"no published checkpoints in {CHECKPOINTS} (set REPDYN_PUBLISHED)")
    checksums = read_checksums((ROOT / "config/published_checkpoints.sha256").read_text())
    found = {
        name: cosines.mean()
        for name, cosines in of_checkpoints(read_checkpoints(CHECKPOINTS.parent, checksums)).items()
    }
    for quantity, printed in CLAIM["published"].items():
        assert round(found[quantity], printed["decimals"]) == printed["value"]
    deeper = [round(found[f"cosine_100_2000_{layer}"], 2) for layer in ("second", "third", "output")]
    assert deeper == [0.82, 0.76, 0.74]


def test_filters_are_compared_one_by_one():
    turned = {step: {} for step in STEPS}
    for layer in LAYERS:
        turned[100][f"{layer}.weight"] = np.array([[[1.0, 0]], [[0, 2.0]]])
        turned[1000][f"{layer}.weight"] = np.array([[[3.0, 0]], [[2.0, 0]]])
        turned[2000][f"{layer}.weight"] = np.array([[[-3.0, 0]], [[2.0, 0]]])
    found = of_checkpoints(turned)
    assert found["cosine_100_1000"].tolist() == [1, 0] and found["cosine_1000_2000_output"].tolist() == [-1, 1]
