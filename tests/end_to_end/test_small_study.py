"""The small study through Snakemake: it finishes, a second run does nothing, and edits rerun exactly their stages."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from conftest import Project, environment

RUNS = 7
DATASETS = 5
RESULTS = "results/small"
FIGURES = {"figure_learning_curves": 2, "figure_dimension_curves": 1, "figure_final_dimension": 1}
AFTER_TRAINING = {"phase1": RUNS, "heatmap": RUNS, "aggregate": 1, **FIGURES, "report": 1, "all": 1}


@pytest.fixture(scope="module")
def study(project):
    """The finished small study."""
    done = project.snakemake()
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def folders(study):
    return sorted(path.parent for path in (study.folder / RESULTS / "runs").glob("*/seed0/run.json"))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the runs but logs and clock readings."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("provenance.json", ".snakemake_timestamp")
    }


def test_every_run_leaves_the_same_files(study):
    expected = {
        "run.json", "trajectory.parquet", "training.parquet", "checkpoints.json", "provenance.json", "convergence.parquet",
        "jumps.parquet", "critical.parquet", "phase1.json", "heatmap.png", "heatmap.svg", "heatmap.webp", "checkpoints",
    }  # fmt: skip
    assert len(folders(study)) == RUNS
    for folder in folders(study):
        assert {path.name for path in folder.iterdir()} == expected
        names = sorted(path.name for path in (folder / "checkpoints").glob("step_*"))
        assert names == [f"step_{step:06d}.safetensors" for step in (0, 1, 2, 4, 8, 16, 20, 40, 60)]


def test_the_table_of_runs_matches_the_runs(study):
    table = pd.read_parquet(study.folder / RESULTS / "study/experiments.parquet").set_index("experiment")
    assert len(table) == RUNS
    for folder in folders(study):
        facts = json.loads((folder / "run.json").read_text())
        row = table.loc[facts["experiment"]]
        assert row["test_accuracy"] == facts["test_accuracy"]
        assert row["jumps"] == len(pd.read_parquet(folder / "jumps.parquet"))
        assert row["family"] == facts["family"] == facts["architecture"].split("_")[0]


def test_the_page_shows_every_experiment(study):
    page = (study.folder / RESULTS / "report/index.html").read_text()
    for folder in folders(study):
        assert folder.parent.name in page


def test_the_phase_of_the_last_measurement_is_one(study):
    trajectory = pd.read_parquet(folders(study)[0] / "trajectory.parquet")
    assert trajectory["step"].max() == 60
    jumps = pd.concat([pd.read_parquet(folder / "jumps.parquet") for folder in folders(study)])
    assert (jumps["phase"] == jumps["step"] / 60).all()


def test_a_second_run_does_nothing(study):
    assert study.planned() == {}


def test_touching_without_changing_reruns_nothing(study):
    for path in ("workflow/repdyn/spectrum.py", "workflow/scripts/train.py", "tests/small/experiments.tsv"):
        os.utime(study.folder / path)
    assert study.planned() == {}


ALL = {"train": RUNS, **AFTER_TRAINING}


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("workflow/repdyn/spectrum.py", ALL),
        ("workflow/repdyn/models/cnn.py", ALL),
        (
            "workflow/repdyn/datasets/manifold.py",
            {"dataset": 1, "train": 1, **AFTER_TRAINING, "phase1": 1, "heatmap": 1},
        ),
        ("workflow/repdyn/critical.py", AFTER_TRAINING),
        ("workflow/repdyn/figures/heatmap.py", {"heatmap": RUNS, "report": 1, "all": 1}),
        ("workflow/repdyn/figures/learning.py", {"figure_learning_curves": 2, "report": 1, "all": 1}),
        ("workflow/repdyn/figures/final.py", {"figure_final_dimension": 1, "report": 1, "all": 1}),
        ("workflow/repdyn/page.py", {"report": 1, "all": 1}),
        ("workflow/repdyn/templates/index.html.j2", {"report": 1, "all": 1}),
        ("workflow/repdyn/audit.py", {}),
    ],
)
def test_editing_a_module_reruns_the_stages_that_import_it(study, module, expected):
    with study.edit(module):
        assert study.planned() == expected
    assert study.planned() == {}


def test_the_settings_of_a_stage_rerun_that_stage(study):
    everything_after = {"phase1": RUNS, "aggregate": 1, "heatmap": RUNS, **FIGURES, "report": 1, "all": 1}
    assert study.planned(phase1={"threshold": 3}) == everything_after
    assert study.planned(training={"learning_rate": 0.002}) == ALL
    assert study.planned(seeds=2) == {
        "train": RUNS, "phase1": RUNS, "heatmap": RUNS, "aggregate": 1, **FIGURES, "report": 1, "all": 1,
    }  # fmt: skip


def test_a_new_row_of_the_sheet_touches_that_row(study):
    with study.edit("tests/small/experiments.tsv", "mlp_medium-digits\tmlp_medium\tdigits\n"):
        assert study.planned() == {
            "train": 1,
            "phase1": 1,
            "heatmap": 1,
            "aggregate": 1,
            **FIGURES,
            "report": 1,
            "all": 1,
        }


def test_bad_input_stops_before_any_job_in_one_paragraph(study):
    with study.edit("tests/small/experiments.tsv", "wrong\tcnn_deep\tdocstrings\n"):
        done = study.snakemake()
    output = done.stdout + done.stderr
    assert done.returncode == 1
    assert "experiment 'wrong': a cnn (cnn_deep) cannot read text data (docstrings), only image." in output
    assert "Traceback" not in output and "rule " not in output


def test_a_missing_data_file_stops_before_any_job(study):
    done = study.snakemake("-n", config=["config/published.yaml"])
    output = done.stdout + done.stderr
    assert done.returncode == 1
    assert "train-images-idx3-ubyte" in output and "data_dir" in output and "Traceback" not in output


TRAIN = [
    "workflow/scripts/train.py", "--experiment", "transformer_narrow-glyphs", "--architecture-name", "transformer_narrow",
    "--architecture", '{"family": "transformer", "width": 64, "heads": 4, "layers": 4}', "--seed", "0",
    "--training", '{"steps": 60, "batch_size": 32, "learning_rate": 0.001}',
    "--tracking", '{"every": 5, "spectrum_every": 20, "token_limit": 200}', "--checkpoint-every", "20",
    "--data", f"{RESULTS}/data/glyphs.safetensors",
]  # fmt: skip


def by_hand(study, out):
    """The training step on the command line, with the environment that rules give it."""
    settings = {**environment(), "PYTHONPATH": str(study.folder / "workflow"), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, *TRAIN, "--out", out], cwd=study.folder, env=settings, stderr=subprocess.PIPE, text=True
    )


def finish(job) -> str:
    """Wait for a job that must succeed; what it printed."""
    _, errors = job.communicate()
    assert job.returncode == 0, errors
    return errors


@pytest.fixture(scope="module")
def undisturbed(study):
    finish(by_hand(study, "results/undisturbed"))
    return contents(study.folder / "results/undisturbed")


def test_a_step_runs_by_hand_to_the_same_bytes(study, undisturbed):
    workflow = contents(study.folder / RESULTS / "runs/transformer_narrow-glyphs/seed0")
    assert undisturbed == {name: workflow[name] for name in undisturbed}
    assert "trajectory.parquet" in undisturbed and "checkpoints/step_000060.safetensors" in undisturbed


@pytest.mark.parametrize("reached", [0, 1, 20, 40])
def test_a_killed_job_continues_to_the_same_bytes(study, undisturbed, reached):
    out = f"results/killed_{reached}"
    mark = study.folder / out / f"unfinished/checkpoints/step_{reached:06d}.safetensors"
    job = by_hand(study, out)
    while not mark.exists():
        assert job.poll() is None, job.stderr.read()
        time.sleep(0.002)
    job.send_signal(signal.SIGKILL)
    assert job.wait() == -signal.SIGKILL
    job.stderr.close()
    assert not (study.folder / out / "run.json").exists()
    errors = finish(by_hand(study, out))
    assert contents(study.folder / out) == undisturbed
    assert ("continuing at step" in errors) == (reached > 20)


def test_an_unfinished_run_of_other_settings_is_not_continued(study, undisturbed):
    out = study.folder / "results/other"
    mark = out / "unfinished/signature"
    mark.parent.mkdir(parents=True)
    mark.write_text("something else")
    (out / "unfinished/tables_000040").mkdir()
    (out / "unfinished/tables_000040/training.parquet").write_bytes(b"not a table")
    finish(by_hand(study, "results/other"))
    assert contents(out) == undisturbed


def test_checksums_of_the_checkpoints_are_right(study):
    import hashlib

    folder = folders(study)[0]
    listed = json.loads((folder / "checkpoints.json").read_text())
    assert len(listed) == 9
    for entry in listed.values():
        stored = (folder / "checkpoints" / entry["file"]).read_bytes()
        assert entry["sha256"] == hashlib.sha256(stored).hexdigest()


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a file system of limited size")
def test_a_full_disk_is_a_sentence_and_leaves_nothing_half_written(study, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", full], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small tmpfs needs root")
    try:
        job = by_hand(study, str(full / "run"))
        _, errors = job.communicate()
        assert job.returncode == 1
        assert "No space left on device" in errors and "could not be written" in errors and "Traceback" not in errors
        assert not list(full.rglob(".*.part")) and not (full / "run/run.json").exists()
    finally:
        subprocess.run(["umount", full], check=True)


def test_two_cores_and_one_give_the_same_bytes(study, tmp_path):
    other = Project(tmp_path / "other")
    targets = [f"{RESULTS}/runs/{name}/seed0/phase1.json" for name in ("mlp_narrow-digits", "cnn_shallow-digits")]
    done = other.snakemake(*targets, "--cores", "1")
    assert done.returncode == 0, done.stderr
    for name in ("mlp_narrow-digits", "cnn_shallow-digits"):
        fresh = contents(other.folder / RESULTS / f"runs/{name}/seed0")
        assert len(fresh) > 10
        assert fresh.items() <= contents(study.folder / RESULTS / f"runs/{name}/seed0").items()
