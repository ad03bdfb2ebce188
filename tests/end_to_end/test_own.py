"""The example of a network and data of a user's own, through the whole workflow."""

import json

import pandas as pd
import pytest

from helpers.html_reader import Reader
from helpers.project import Project

OVERLAY = ("examples/own/config.yaml",)
RUN = "results/own/runs/recurrent-circles/seed0"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A copy of the project in which the example has run, with the toolkit."""
    project = Project(tmp_path_factory.mktemp("own"))
    done = project.snakemake("toolkit", config=OVERLAY)
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def planned(project):
    done = project.snakemake("-n", "toolkit", "--quiet", "rules", config=OVERLAY)
    assert done.returncode == 0, done.stderr
    lines = (done.stdout + done.stderr).split("Job stats:")[-1].splitlines()
    counts = [line.split() for line in lines]
    return {row[0]: int(row[1]) for row in counts if len(row) == 2 and row[1].isdigit()}


def test_its_layers_are_tracked_and_it_learns(own):
    facts = json.loads((own.folder / RUN / "run.json").read_text())
    assert facts["family"] == "module" and facts["dataset"] == "circles"
    assert facts["roles"] == {
        "network.memory": "hidden",
        "network.blocks.0.linear": "feedforward", "network.blocks.0": "block",
        "network.blocks.1.linear": "feedforward", "network.blocks.1": "block",
        "output": "output",
    }  # fmt: skip
    trajectory = pd.read_parquet(own.folder / RUN / "trajectory.parquet")
    assert set(trajectory["layer"]) == set(facts["roles"]) and trajectory["stable_rank"].notna().all()
    training = pd.read_parquet(own.folder / RUN / "training.parquet")
    assert training["probe_loss"].iloc[-1] < training["probe_loss"].iloc[0]


def test_its_code_is_recorded(own):
    recorded = json.loads((own.folder / RUN / "provenance.json").read_text())
    assert list(recorded["own_code"]) == ["examples/own/network.py"]
    ours = own.folder / "results/own/runs/mlp_small-circles_file/seed0/provenance.json"
    assert "own_code" not in json.loads(ours.read_text())


def test_what_does_not_apply_is_left_out_and_the_pages_say_so(own):
    found = set(pd.read_parquet(own.folder / RUN / "measurements.parquet")["quantity"])
    assert {"cka", "test_accuracy", "weight_cosine", "class_separability"} <= found
    assert not {"attention_entropy", "filter_overlap", "selectivity", "unit_mean_ablation"} & found
    page = (own.folder / "results/own/report/runs/recurrent-circles-seed0.html").read_text()
    assert "Its layers: memory, block 0 linear, block 0 output, block 1 linear, block 1 output, logits" in page
    assert "attention (Transformer)" in page and "units (MLP)" in page
    index = (own.folder / "results/own/report/index.html").read_text()
    assert "Networks of the user's own (recurrent)" in index.replace("&#39;", "'")
    claims = json.loads((own.folder / "results/own/study/verdicts.json").read_text())
    assert claims["excluded"]["of no published family"] == 1


def test_every_tool_looks_into_it(own):
    tables = {path.stem for path in (own.folder / RUN / "toolkit").glob("*.parquet")}
    pages = [path.read_text() for path in (own.folder / "results/own/report/toolkit").glob("*.html")]
    sections = {name for name in tables if any(f'id="{name}"' in page for page in pages)}
    assert tables == sections and len(tables) >= 8


def test_its_own_data_are_what_our_network_was_trained_on(own):
    page = Reader((own.folder / "results/own/report/index.html").read_text(encoding="utf-8"))
    assert "circles_file" in str(page.tables["run-table"])


def test_an_edit_reruns_what_uses_it_and_nothing_else(own):
    assert planned(own) == {}
    with own.edit("examples/own/network.py"):
        runs = planned(own)
        assert runs["train"] == 1 and runs["phase1"] == 1 and "dataset" not in runs
    with own.edit("examples/own/data.py"):
        runs = planned(own)
        assert runs["dataset"] == 1 and runs["train"] == 1
    assert planned(own) == {}


def test_a_function_that_fails_in_a_job_is_named_with_its_experiment(own):
    with own.edit("examples/own/network.py", "\n\ndef recurrent(**_):\n    raise ValueError('no such width')\n"):
        done = own.snakemake(RUN + "/run.json", config=OVERLAY)
    log = (own.folder / "results/own/logs/train/recurrent-circles-seed0.log").read_text()
    assert done.returncode == 1 and "Traceback" not in log
    assert "experiment recurrent-circles (dataset circles): " in log
    assert "function recurrent: ValueError: no such width (line " in log
