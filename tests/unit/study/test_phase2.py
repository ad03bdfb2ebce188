"""Summaries of phase 2: means over units, seeds and experiments in the right order, and every moment in one table."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hypotheses as script
from common.files import write_json, write_parquet
from helpers.project import ROOT
from repdyn.errors import StudyError
from repdyn.measures.table import combine, entry
from repdyn.study.phase2 import WINDOW_COLUMNS, run_means, run_windows, summarise


def planned(experiment="a", seed=0, moments=()):
    return {"experiment": experiment, "seed": seed, "steps": 200, "grid": [0, 2, 200], "moments": list(moments)}


def test_means_are_over_units_and_layers_of_the_grid():
    rows = [entry(step, "x", "q", [1.0, 2.0, np.nan], null_mean=[0.0, 0.5, 0.7]) for step in (0, 2, 200)]
    rows += [entry(2, "y", "q", 6.0, null_mean=1.0), entry(100, "x", "q", [99.0])]
    found = run_means(combine(rows), planned())
    assert found["quantity"].tolist() == ["q"] * 3 and found["phase"].tolist() == [0, 0.01, 1]
    assert found["value"].tolist() == pytest.approx([1.5, 3.0, 1.5])
    assert found["null_mean"].tolist() == pytest.approx([0.4, 0.55, 0.4])


def test_comparisons_are_those_with_initialisation_and_are_named_so():
    rows = [entry(step, "x", "q", float(step)) for step in (0, 2, 200)]
    rows += [entry(200, "x", "q", 0.5, reference=0), entry(200, "x", "q", 99.0, reference=2)]
    rows += [entry(2, "x", "r", 0.1, reference=0)]
    found = run_means(combine(rows), planned())
    assert found[["quantity", "phase", "value"]].to_numpy().tolist() == [
        ["q", 0.0, 0.0], ["q", 0.01, 2.0], ["q", 1.0, 200.0], ["q to init", 1.0, 0.5], ["r to init", 0.01, 0.1]
    ]  # fmt: skip


def test_a_step_of_the_grid_without_measurements_is_an_error():
    with pytest.raises(StudyError, match="a, seed 0: nothing was measured at step 200"):
        run_means(combine([entry(0, "x", "q", 1.0), entry(2, "x", "q", 1.0)]), planned())


def test_intervals_are_over_experiments_not_seeds():
    values = {("a", 0): 1.0, ("a", 1): 3.0, ("b", 0): 4.0, ("c", 0): 6.0, ("d", 0): np.nan}
    means = pd.DataFrame(
        [(e, s, "mlp", "q", 0.5, value, 2.0 * value) for (e, s), value in values.items()],
        columns=["experiment", "seed", "family", "quantity", "phase", "value", "null_mean"],
    )
    (row,) = summarise(means).to_dict("records")
    half = stats.t.ppf(0.975, 2) * 2 / np.sqrt(3)
    assert (row["quantity"], row["family"], row["phase"], row["experiments"]) == ("q", "mlp", 0.5, 3)
    assert (row["value"], row["low"], row["high"]) == pytest.approx((4, 4 - half, 4 + half))
    assert row["null_mean"] == pytest.approx(8)
    assert summarise(means.sample(frac=1, random_state=0)).equals(summarise(means))
    dead = summarise(means.assign(value=np.nan))
    assert dead["experiments"].tolist() == [0] and dead["value"].isna().all()
    assert summarise(means[:0]).columns.tolist() == list(row)


JUMP = {"pair": 0, "kind": "jump", "period": "early", "before": 0, "at": 10, "after": 20}
MOMENTS = [
    {**JUMP, "layer": "hidden.0", "relative_magnitude": 0.3},
    {"pair": 0, "kind": "control", "period": "early", "before": 20, "at": 30, "after": 40},
]


def test_moments_have_a_row_each_with_the_phase_of_their_step():
    found = run_windows(planned(moments=MOMENTS), "mlp", False)
    assert found.columns.tolist() == list(WINDOW_COLUMNS)
    assert found["phase"].tolist() == [0.05, 0.15]
    assert found["layer"].tolist()[0] == "hidden.0" and found["layer"].isna().tolist() == [False, True]
    assert found["relative_magnitude"].tolist() == pytest.approx([0.3, np.nan], nan_ok=True)
    assert run_windows(planned(), "mlp", False).empty


def written(folder, runs):
    """Runs of a study as files: {experiment: (family, excluded, moments, value at each step)}; None: nothing measured."""
    sheet = folder / "experiments.tsv"
    sheet.write_text("experiment\tarchitecture\tdataset\n" + "".join(f"{name}\tn\td\n" for name in runs))
    for name, (family, excluded, moments, value) in runs.items():
        run = folder / "runs" / name / "seed0"
        facts = {"experiment": name, "seed": 0, "family": family, "diverged_at": 5 if excluded else None}
        write_json(run / "run.json", facts | {"at_chance": False})
        plan = planned(name, moments=moments)
        write_json(run / "moments.json", plan)
        if value is None:
            continue
        steps = sorted({*plan["grid"], *(m[when] for m in moments for when in ("before", "at", "after"))})
        rows = [entry(step, "x", "selectivity", [value(step)] * 4, null_mean=0.0) for step in steps]
        rows += [entry(step, "x", "variance_in_init_subspace", -value(step), reference=0) for step in steps]
        table = combine(rows)
        table.insert(0, "experiment", name)
        table.insert(1, "seed", 0)
        write_parquet(run / "measurements.parquet", table)
    return sheet


def run_script(folder, sheet, monkeypatch):
    outputs = {
        name: folder / "study" / f"{name}.parquet" for name in ("hypotheses", "contrasts", "measurements", "moments")
    }
    arguments = {
        "runs": folder / "runs",
        "sheet": sheet,
        "seeds": 1,
        "declared": ROOT / "config/hypotheses.yaml",
    } | outputs
    given = [part for name, value in arguments.items() for part in (f"--{name}", str(value))]
    monkeypatch.setattr(sys, "argv", ["hypotheses.py", *given])
    script.main()
    return {name: pd.read_parquet(path) for name, path in outputs.items()}, [
        path.read_bytes() for path in outputs.values()
    ]


def test_a_study_on_disk_gives_the_four_tables(tmp_path, monkeypatch):
    placebos = [moment | {"kind": f"placebo{' control' * (moment['kind'] == 'control')}"} for moment in MOMENTS]
    runs = {f"j{i}": ("mlp", False, MOMENTS, lambda step, i=i: (step >= 10) * (1 + i / 10)) for i in range(8)}
    runs |= {f"p{i}": ("mlp", False, placebos, lambda step, i=i: step * (i - 2.5) / 1000) for i in range(6)}
    runs |= {"gone": ("mlp", True, [], None), "quiet": ("cnn", False, [], lambda step: 0.5)}
    tables, files = run_script(tmp_path, written(tmp_path, runs), monkeypatch)
    assert run_script(tmp_path, tmp_path / "experiments.tsv", monkeypatch)[1] == files
    found = tables["hypotheses"].set_index(["id", "family"])
    assert len(found) == 9
    assert found["verdict"]["H3", "mlp"] == "supported" and found["verdict"]["H4", "mlp"] == "supported"
    assert found["effect"]["H3", "mlp"] == pytest.approx(1.35) and found["effect"]["H4", "mlp"] == pytest.approx(-1.35)
    assert found["excluded"]["H3", "mlp"] == 1 and found["placebo_experiments"]["H3", "mlp"] == 6
    assert found["verdict"]["H5", "mlp"] == found["verdict"]["H2", "cnn"] == "not enough jumps"
    kinds = tables["contrasts"].groupby(["hypothesis", "kind"])["contrast"].size()
    assert kinds.to_dict() == {("H3", "jump"): 8, ("H3", "placebo"): 6, ("H4", "jump"): 8, ("H4", "placebo"): 6}
    assert len(tables["moments"]) == 28 and tables["moments"]["experiment"].nunique() == 14
    means = tables["measurements"].set_index(["quantity", "family", "phase"])
    assert means.loc[("selectivity", "cnn", 1.0), ["value", "experiments"]].tolist() == [0.5, 1]
    assert means.loc[("selectivity", "mlp", 0.0), "experiments"] == 14
    assert ("variance_in_init_subspace to init", "mlp", 1.0) in means.index


def test_a_study_of_diverged_runs_has_empty_tables(tmp_path, monkeypatch):
    tables, _ = run_script(tmp_path, written(tmp_path, {"gone": ("mlp", True, [], None)}), monkeypatch)
    assert {name: len(table) for name, table in tables.items()} == {
        "hypotheses": 9, "contrasts": 0, "measurements": 0, "moments": 0
    }  # fmt: skip
    assert set(tables["hypotheses"]["verdict"]) == {"not enough jumps"}


def test_a_broken_file_is_named(tmp_path, monkeypatch):
    sheet = written(tmp_path, {"a": ("mlp", False, MOMENTS, lambda step: 1.0)})
    path = tmp_path / "runs/a/seed0/measurements.parquet"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StudyError, match="measurements.parquet carries no checksum"):
        run_script(tmp_path, sheet, monkeypatch)
