"""The rows of the calibration table: each lies in its tolerance, a broken method does not, and the page then says so."""

import ast

import numpy as np
import pandas as pd
import pytest

from helpers.project import ROOT
from repdyn.calibration import geometry, information, interventions, systems, training
from repdyn.calibration.registry import METHODS, NO_TOOL, Method
from repdyn.calibration.table import COLUMNS, calibrate, missed
from repdyn.calibration.trial import Trial, attempted, within
from repdyn.dynamics.phases import Phases
from repdyn.errors import StudyError
from repdyn.report.toolkit import calibration_rows, not_calibrated
from repdyn.toolkit import ALL_TOOLS

LIBRARY = ROOT / "workflow/repdyn"
ROOMS = (
    "geometry", "topology", "information", "dynamics", "attribution", "interventions", "sparse_autoencoders",
    "dynamical_systems", "circuits", "fractals", "energy", "organisms", "alignment", "biophysics",
)  # fmt: skip
# Prepare, choose, or put to work what is tried.
PREPARE = {
    "alignment/comparison", "alignment/grasshopper", "alignment/recording", "attribution/case", "attribution/groups",
    "attribution/randomisation",
    "biophysics/checks", "fractals/surrogates", "information/intervals", "information/projections", "interventions/features",
    "interventions/pairs", "interventions/surgery", "interventions/swaps", "organisms/langevin", "organisms/registry",
    "organisms/subject", "organisms/training", "sparse_autoencoders/gradients", "sparse_autoencoders/linear",
    "topology/landmarks",
}  # fmt: skip


@pytest.fixture(scope="module")
def table():
    return calibrate(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_finds_the_truth_and_is_quiet_on_its_null(table, name):
    row = table[0].set_index("method").loc[name]
    assert abs(row["estimate"] - row["truth"]) <= row["tolerance"]
    if np.isnan(row["null_truth"]):
        assert np.isnan(row["null"])
    else:
        assert abs(row["null"] - row["null_truth"]) <= row["null_tolerance"]
    assert row["calibrated"] and row["system"] and row["null_system"] and row["quantity"]
    # A tolerance that takes the null for the truth would find nothing out.
    assert np.isnan(row["null"]) or abs(row["null"] - row["truth"]) > row["tolerance"]


def test_the_table_is_complete_and_takes_two_minutes_at_most(table):
    rows, seconds = table
    assert list(rows.columns) == list(COLUMNS) and list(rows["method"]) == list(METHODS) == list(seconds)
    assert sum(seconds.values()) < 120
    assert set(rows["tool"]) - {NO_TOOL} == set(ALL_TOOLS)
    intervals = rows.dropna(subset=["low"])
    assert len(intervals) > 20 and (intervals["low"] <= intervals["high"]).all() and (intervals["draws"] >= 3).all()


def test_every_module_of_the_methods_is_tried_or_only_prepares():
    there = {
        f"{room}/{file.stem}" for room in ROOMS for file in (LIBRARY / room).glob("*.py") if file.stem != "__init__"
    }
    imported = set()
    for file in (LIBRARY / "calibration").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                imported.add(node.module.removeprefix("repdyn.").replace(".", "/"))
    assert there - imported == PREPARE


BROKEN = [
    ("Intrinsic dimension, TwoNN", geometry, "two_nearest_dimension", lambda distance: 2.5),
    ("Mean curvature", geometry, "curvature", lambda x, m, right=geometry.curvature: right(2 * x, m)),
    ("Information of continuous variables", information, "ksg", lambda x, y: 0.3),
    ("Activation patching", interventions, "patch_each", lambda m, x, y, s, metric: np.zeros((8, 40))),
    ("Change points", training, "change_points", lambda *_: Phases(np.array([10, 20]), 0.01)),
    ("Lyapunov exponent of a series", systems, "largest_exponent", lambda curve: 0.69),  # right, and never quiet
    ("Fixed points", systems, "fixed_points", lambda *_: (_ for _ in ()).throw(StudyError("none"))),
    ("Dynamic modes: frequency", systems, "hankel_modes", lambda *_: np.array([28.9j])),
]


@pytest.mark.parametrize(("name", "module", "function", "broken"), BROKEN, ids=[each[0] for each in BROKEN])
def test_a_broken_method_misses(monkeypatch, name, module, function, broken):
    monkeypatch.setattr(module, function, broken)
    rows, _ = calibrate({name: METHODS[name]})
    assert not rows["calibrated"].iloc[0]
    assert list(missed(rows, METHODS[name].tool)["method"]) == [name]


def test_what_passes_and_what_does_not():
    def trial(estimates, nulls, null_truth=0.0):
        return Method("geometry", lambda rng: Trial("s", "q", 1, 0.1, estimates, "n", null_truth, 0.1, nulls))

    verdicts = {
        "right": (trial([1.05], [0]), True),
        "off": (trial([1.2], [0]), False),
        "loud on the null": (trial([1], [0.5]), False),
        "one draw not evaluable": (trial([1, 1, np.nan], [0]), False),
        "silent where it should be": (trial([1], [np.nan, np.nan], np.nan), True),
        "once not silent": (trial([1], [np.nan, 0.0], np.nan), False),
        "not evaluable on a null that has a value": (trial([1], [np.nan]), False),
        "nothing tried": (trial([], [0]), False),
    }
    rows, _ = calibrate({name: method for name, (method, _) in verdicts.items()})
    assert dict(zip(rows["method"], rows["calibrated"], strict=True)) == {
        n: right for n, (_, right) in verdicts.items()
    }
    assert within(np.nan, np.nan, 0) and not within(np.nan, 1, 9) and not within(1, np.nan, 9)
    assert np.isnan(attempted(lambda: (_ for _ in ()).throw(StudyError("no")))) and attempted(lambda: 3) == 3.0


def test_the_same_seed_gives_the_same_table(table):
    few = {name: METHODS[name] for name in ("Linear probe", "Drift", "Fixed points", "Dynamical similarity")}
    again, _ = calibrate(few)
    first = table[0][table[0]["method"].isin(few)].set_index("method").loc[list(few)].reset_index()
    pd.testing.assert_frame_equal(again[list(COLUMNS)], first[list(COLUMNS)], check_dtype=False)


def test_the_page_says_what_is_not_calibrated(table):
    rows, seconds = table
    assert not_calibrated(rows, "geometry") == []
    cells = calibration_rows(rows, seconds)
    assert len(cells) == len(METHODS) and {row[-1] for row in cells} == {"calibrated"}
    off = rows.copy()
    off.loc[off["method"] == "Mean curvature", ["estimate", "calibrated"]] = [0.25, False]
    said = not_calibrated(off, "geometry")
    assert len(said) == 1 and said[0].startswith(
        "Not calibrated here: Mean curvature found 0.25 where the truth is 0.5"
    )
    assert not_calibrated(off, "topology") == []
    assert [row[0] for row in calibration_rows(off, seconds) if row[-1] == "not calibrated here"] == ["Mean curvature"]
