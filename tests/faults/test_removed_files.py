"""Files removed from a finished study: the same command makes them again, byte for byte."""

import shutil

import pytest
from disturbed import (
    FULL,
    MLP,
    RESULTS,
    TRANSFORMER,
    assert_finishes,
    assert_same,
    contents,
    copy,
    study,
    text,
    undisturbed,
)

FILES = [
    f"{RESULTS}/data/manifold.safetensors",
    *(f"{MLP}/{name}" for name in (
        "trajectory.parquet", "training.parquet", "run.json", "checkpoints.json", "provenance.json", "jumps.parquet",
        "phase1.json", "moments.json", "measurements.parquet", "maps.safetensors", "heatmap.png", "heatmap.webp",
    )),
    f"{TRANSFORMER}/run.json",
    f"{RESULTS}/study/experiments.parquet",
]  # fmt: skip


@pytest.mark.parametrize("name", FILES if FULL else FILES[-1:])
def test_a_removed_file_is_made_again(tmp_path, name):
    project = copy(tmp_path / "study")
    (project.folder / name).unlink()
    assert_finishes(project)
    assert (project.folder / name).exists()


def test_many_removed_files_are_made_again(tmp_path):
    project = copy(tmp_path / "study")
    for name in FILES:
        if "transformer" not in name:
            (project.folder / name).unlink()
    shutil.rmtree(project.folder / MLP / "checkpoints")
    assert_finishes(project)


def test_a_removed_checkpoint_stops_nothing_that_is_finished(tmp_path):
    """Snakemake sees the folder only; phase 2 names the file when it is needed (test_damaged_files)."""
    project = copy(tmp_path / "study")
    (project.folder / MLP / "checkpoints/step_000004.safetensors").unlink()
    done = study(project)
    assert done.returncode == 0 and "Nothing to be done" in text(done)
    name = MLP.removeprefix(f"{RESULTS}/") + "/checkpoints/step_000004.safetensors"
    assert_same(contents(project.folder / RESULTS), {key: held for key, held in undisturbed().items() if key != name})
