"""Symbolic links below results: nothing behind one is deleted or overwritten."""

import pytest

from helpers.disturbed import MLP, RESULTS, assert_finishes, copy, study, text, train


@pytest.mark.parametrize("name", ["unfinished", "checkpoints", "unfinished/checkpoints", "", "unfinished.lock"])
def test_training_follows_no_link(tmp_path, name):
    other = tmp_path / "other"
    other.mkdir()
    (other / "kept.txt").write_text("of somebody else")
    out = tmp_path / "run"
    link = out / name if name else out
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(other / "kept.txt" if name.endswith("lock") else other)
    done = train(MLP, out)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"Error: {link} is a symbolic link" in done.stderr, done.stderr
    assert [path.name for path in other.iterdir()] == ["kept.txt"]
    assert (other / "kept.txt").read_text() == "of somebody else"


def test_a_study_with_a_link_stops_before_any_job_and_goes_on_without(tmp_path):
    project = copy(tmp_path / "study")
    (project.folder / MLP / "measurements.parquet").unlink()
    log = project.folder / RESULTS / "logs/phase2/mlp_narrow-manifold-seed0.log"
    other = tmp_path / "other.txt"
    other.write_text("of somebody else")
    log.unlink()
    log.symlink_to(other)
    done = study(project)
    said = text(done)
    assert done.returncode == 1 and "Traceback" not in said
    assert f"{log.relative_to(project.folder)} is a symbolic link" in said and other.read_text() == "of somebody else"
    log.unlink()
    assert_finishes(project)
