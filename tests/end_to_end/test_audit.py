"""The audit target alone: from the logs to the very tables in git, and a sentence where the logs cannot be had."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from helpers.project import ROOT, environment
from repdyn.audit.bounds import WORDS
from repdyn.audit.ledger import LEDGER_COLUMNS
from repdyn.audit.verdicts import MINIMUM_RUNS

TABLES = ("ledger.csv", "verdict_errors.csv", "series.csv", "source.json")
LOGS = Path(os.environ.get("REPDYN_PUBLISHED", ROOT.parent / "shared/published"))


def test_the_audit_writes_the_tables_in_git(project):
    if not (LOGS / "trajectories").is_dir():
        pytest.skip(f"no published logs in {LOGS} (set REPDYN_PUBLISHED)")
    stored = {name: (project.folder / "data/published" / name).read_bytes() for name in TABLES}
    for name in TABLES:
        (project.folder / "data/published" / name).unlink()
    done = project.snakemake("audit", "--config", f"published_logs={LOGS}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name: (project.folder / "data/published" / name).read_bytes() for name in TABLES} == stored
    assert all(f"\nC{i:02d}  " in done.stdout for i in range(1, 18))


def test_without_logs_and_source_the_step_ends_with_a_sentence(project):
    command = ["workflow/scripts/audit_logs.py", "--folder", "data/nowhere", "--claims", "config/claims.yaml"]
    command += ["--checksums", "config/published_logs.sha256", "--base", "file:///nowhere"]
    command += ["--checkpoints", "config/published_checkpoints.sha256"]
    settings = {**environment(), "PYTHONPATH": str(project.folder / "workflow")}
    done = subprocess.run([sys.executable, *command], cwd=project.folder, capture_output=True, text=True, env=settings)
    assert done.returncode == 1
    assert "55 published logs are not in data/nowhere" in done.stderr and "in data/nowhere by hand." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_small_study_has_a_ledger_that_decides_nothing_of_its_own(project):
    done = project.snakemake("results/small/study/ledger.parquet")
    assert done.returncode == 0, done.stdout + done.stderr
    folder = project.folder / "results/small/study"
    ledger = pd.read_parquet(folder / "ledger.parquet")
    assert list(ledger.columns) == LEDGER_COLUMNS
    assert ledger["claim"].unique().tolist() == [f"C{i:02d}" for i in range(1, 18)]
    assert ledger["ours"].notna().sum() > 50
    verdicts = json.loads((folder / "verdicts.json").read_text())
    assert verdicts["runs"] + sum(verdicts["excluded"].values()) == 7
    told = {claim: each["holds"] for claim, each in verdicts["claims"].items()}
    assert set(told.values()) <= set(WORDS)
    if verdicts["runs"] < MINIMUM_RUNS:
        assert set(told.values()) == {"not evaluable"}
    # What the published logs show needs no runs of ours.
    assert {each["evidence"] for each in verdicts["claims"].values()} == {"stands", "artefact", "not derivable"}
    errors = pd.read_parquet(folder / "verdict_errors.parquet")
    assert set(errors["metric"]) == set(verdicts["metrics"]) and set(errors["seeds"]) == {1, 5}
    assert set(verdicts["metrics"]) == {"participation_ratio", "stable_rank"}
