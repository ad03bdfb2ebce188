"""A study of one run from data to report: what `pytest` alone sees of the workflow. The small study: tests/end_to_end."""

import json

import pandas as pd
import pytest

from helpers.html_reader import Reader
from helpers.one_run import CONFIG
from repdyn.figures.registry import RUN, STUDY


@pytest.fixture(scope="module")
def results(one_run):
    return one_run.results()


def test_every_stage_leaves_its_files(results):
    run = results / "runs/mlp_narrow-digits/seed0"
    assert json.loads((run / "run.json").read_text())["last_step"] == 20
    trajectory = pd.read_parquet(run / "trajectory.parquet")
    assert len(trajectory) == 21 * 5 and trajectory["participation_ratio"].notna().all()
    assert json.loads((run / "phase1.json").read_text())["layers_evaluable"] == 5
    assert pd.read_parquet(run / "measurements.parquet")["quantity"].nunique() > 20
    drawn = [name for name, figure in RUN.items() if "mlp" in figure.families]
    assert drawn and all((run / f"{name}.svg").stat().st_size > 1000 for name in drawn)
    assert all((results / f"figures/{name}.webp").is_file() for name in STUDY)


def test_the_report_says_of_every_claim_that_one_run_is_too_few(results):
    verdicts = json.loads((results / "study/verdicts.json").read_text())
    assert len(verdicts["claims"]) == 17
    assert {each["holds"] for each in verdicts["claims"].values()} == {"not evaluable"}
    # The published logs are the same whatever we ran.
    assert verdicts["claims"]["C16"]["evidence"] == "stands"
    page = Reader((results / "report/index.html").read_text(encoding="utf-8"))
    assert "mlp_narrow" in str(page.tables["run-table"])
    assert (results / "report/runs/mlp_narrow-digits-seed0.html").is_file()


def test_a_second_run_does_nothing_and_an_edit_reruns_what_imports_it(one_run, results):
    project = one_run.project
    done = project.snakemake("-n", config=CONFIG)
    assert done.returncode == 0 and "Nothing to be done" in done.stdout + done.stderr
    with project.edit("workflow/repdyn/figures/run/heatmap/figure.py"):
        done = project.snakemake("-n", "--quiet", "rules", config=CONFIG)
    planned = (done.stdout + done.stderr).split("Job stats:")[1]
    assert "heatmap" in planned and "run_page" in planned and "train" not in planned
