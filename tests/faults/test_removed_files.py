"""Files removed from a finished study: the same command makes them again, byte for byte."""

import shutil

import pytest

from helpers.disturbed import (
    CONFIG,
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


# All at once, and in the full form each by itself.
REMOVED = [[name for name in FILES if "transformer" not in name], *([[name] for name in FILES] if FULL else [])]


@pytest.mark.parametrize("names", REMOVED, ids=lambda names: names[0] if len(names) == 1 else "many")
def test_removed_files_are_made_again(tmp_path, names):
    project = copy(tmp_path / "study")
    for name in names:
        (project.folder / name).unlink()
    if len(names) > 1:
        shutil.rmtree(project.folder / MLP / "checkpoints")
    else:
        # Snakemake makes again what a missing or changed file needs; one that nothing needs, where it is named.
        done = project.command("-m", "snakemake", "--cores", "2", "--configfile", CONFIG, "--", *names)
        assert done.returncode == 0, text(done)
    assert_finishes(project)


def test_a_removed_checkpoint_stops_nothing_that_is_finished(tmp_path):
    """Snakemake sees the folder only; phase 2 names the file when it is needed (test_damaged_files)."""
    project = copy(tmp_path / "study")
    (project.folder / MLP / "checkpoints/step_000004.safetensors").unlink()
    done = study(project)
    assert done.returncode == 0 and "Nothing to be done" in text(done)
    name = MLP.removeprefix(f"{RESULTS}/") + "/checkpoints/step_000004.safetensors"
    assert_same(contents(project.folder / RESULTS), {key: held for key, held in undisturbed().items() if key != name})
