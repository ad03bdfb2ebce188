"""The page of a run says what its tables say."""

import numpy as np
import pandas as pd

from helpers.html_reader import Reader, webp
from repdyn.figures.registry import RUN
from repdyn.report.run import render

FACTS = {
    "experiment": "cnn_deep-photos", "family": "cnn", "seed": 0, "architecture": "cnn_deep", "dataset": "photos",
    "parameters": 1234,
    "steps": 2000, "test_accuracy": 0.5, "chance": 0.125, "flags": ["layer output constant at step 5"],
}  # fmt: skip
PHASE1 = {"metric": "participation_ratio", "pattern": "unclear"}
PLAN = {
    "grid": [0, 200, 2000],
    "note": None,
    "moments": [
        {"pair": 0, "kind": "jump", "period": "early", "before": 0, "at": 10, "after": 20, "layer": "blocks.1.relu"},
        {"pair": 0, "kind": "control", "period": "early", "before": 20, "at": 30, "after": 40},
    ],
}


def tables():
    jumps = pd.DataFrame(
        {
            "metric": ["participation_ratio", "stable_rank"], "layer": "blocks.1.relu", "step": [10, 500],
            "phase": [0.005, 0.25], "change": [-1.5, 2.0], "relative_magnitude": [0.25, 0.5], "p": [0.001, 0.002],
        }
    )  # fmt: skip
    rows = [
        (0, None, 0, "dead_units", 1.0), (0, None, 1, "dead_units", 2.0), (10, None, 0, "dead_units", 9.0),
        (200, None, 0, "dead_units", 3.0), (200, 0, None, "cka", 0.5), (2000, 0, None, "cka", 0.25),
        (2000, 200, None, "cka", 0.75), (200, 0, None, "class_onset", 1.0), (2000, None, 0, "dead_units", 4.0),
    ]  # fmt: skip
    measurements = pd.DataFrame(rows, columns=["step", "reference", "unit", "quantity", "value"])
    measurements[["reference", "unit"]] = measurements[["reference", "unit"]].astype("Int32")
    return {"jumps": jumps, "measurements": measurements.assign(layer="a", null_mean=np.nan, null_sd=np.nan)}


def page(plan=PLAN, names=("heatmap", "moments", "filters"), **changes):
    figures = {name: webp() for name in names}
    return Reader(render(FACTS | changes, PHASE1, plan, tables(), figures))


def texts(rows):
    return [[cell["text"] for cell in row] for row in rows]


def test_tables_hold_the_numbers_of_the_run():
    reader = page()
    assert texts(reader.tables["jump-table"])[1:] == [["conv 1", "10", "0.005", "-1.5", "0.25", "0.001"]]
    assert texts(reader.tables["moment-table"])[1:] == [
        ["jump", "early", "conv 1", "0", "10", "20"],
        ["control", "early", "", "20", "30", "40"],
    ]
    head, *rows = texts(reader.tables["measurement-table"])
    assert head == ["Quantity", "Null", "step 0", "step 200", "step 2,000"]
    assert rows == [["CKA", "n/a", "n/a", "0.5", "0.25"], ["dead units", "n/a", "1.5", "3", "4"]]
    assert "50.0 % (chance 12.5 %)" in reader.words() and "layer output constant at step 5" in reader.words()


def test_figures_are_those_of_the_family_with_alternatives_that_name_the_run():
    reader = page()
    assert [image["alt"].endswith(": cnn_deep-photos, seed 0.") for image in reader.images] == [True] * 3
    assert set(RUN) & set(reader.ids) == {"heatmap", "moments", "filters"}
    assert {link for link in reader.links if not link.startswith("#")} == {"../index.html", "../index.html#quantities"}
    assert {link[1:] for link in reader.links if link.startswith("#")} <= set(reader.ids)


def test_a_run_without_jumps_says_so():
    note = "No significant jump: only the fixed grid, and a placebo moment."
    reader = Reader(
        render(
            FACTS, {**PHASE1, "metric": "stable_rank_uncentred"}, {**PLAN, "moments": [], "note": note}, tables(), {}
        )
    )
    assert note in reader.words()
    assert "No jump of the stable rank (uncentred) was found in this run" in reader.words()
    assert "jump-table" not in reader.tables and "moment-table" not in reader.tables
