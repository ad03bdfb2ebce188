"""A full disk and a read-only one: the message says what to do, nothing half-written is left, the same command finishes."""

import shutil
import subprocess
from contextlib import contextmanager

import pytest

from helpers.disturbed import FULL, MLP, RESULTS, assert_finishes, contents, copy, say, seeded, study, text, undisturbed
from helpers.project import Project

WHAT_TO_DO = f"The disk of {RESULTS} is full. Make room there; then the same command continues."
SEEDS = range(5 if FULL else 1)


def mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True).returncode == 0


@contextmanager
def small_disk(folder, kilobytes: int):
    """A file system of that size at a folder, which need not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    if not mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)):
        pytest.skip("mounting a small file system needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def on_a_disk(project, kilobytes: int):
    """The study without one run, to be put onto a disk with that much room besides."""
    results = project.folder / RESULTS
    shutil.rmtree(results / "study")
    shutil.rmtree(project.folder / MLP)
    kept = results.rename(project.folder / "kept")
    blocks = sum(-(-path.stat().st_size // 4096) for path in kept.rglob("*"))
    return results, kept, 4 * blocks + kilobytes


def fill(results) -> None:
    for size in (65536, 4096, 1):
        try:
            with (results / "filler").open("ab", buffering=0) as filler:
                while True:
                    filler.write(b"0" * size)
        except OSError:
            continue


@pytest.mark.parametrize("seed", SEEDS)
def test_a_full_disk(tmp_path, seed, capfd):
    project = copy(tmp_path / "study")
    room = seeded("disk", seed).randint(40, 1200)
    results, kept, kilobytes = on_a_disk(project, room)
    with small_disk(results, kilobytes):
        shutil.copytree(kept, results, dirs_exist_ok=True)
        done = study(project)
        assert done.returncode == 1, text(done)
        assert "Traceback" not in text(done)
        logs = [path.read_text() for path in sorted((results / "logs").rglob("*.log"))]
        named = [log for log in logs if "No space left on device" in log]
        assert named or WHAT_TO_DO in text(done), text(done)
        assert all("Nothing half-written is left; run again." in log and "Traceback" not in log for log in named)
        assert not list(results.rglob(".*.part"))
        expected = undisturbed()
        finished = {name: held for name, held in contents(results).items() if "unfinished" not in name}
        assert finished.items() <= expected.items()
        fill(results)
        done = study(project)
        assert done.returncode == 1 and WHAT_TO_DO in text(done), text(done)
        (results / "filler").unlink()
        assert mount("-o", "remount,size=100m", str(results))
        assert_finishes(project)
    say(capfd, f"room of {room} KiB: full, {len(finished)} files kept, enlarged, finished to the same bytes")


def test_a_read_only_results_folder(tmp_path):
    project = copy(tmp_path / "study")
    results = project.folder / RESULTS
    kept = tmp_path / "kept"
    results.rename(kept)
    shutil.rmtree(kept / "study")
    with small_disk(results, 100_000):
        shutil.copytree(kept, results, dirs_exist_ok=True)
        assert mount("-o", "remount,ro", str(results))
        before = contents(results)
        done = study(project)
        assert done.returncode == 1
        assert f"{RESULTS} cannot be written to" in text(done)
        assert "Make it writable, or write elsewhere with --config results=FOLDER" in text(done)
        assert "Traceback" not in text(done) and "Collecting all runs" not in text(done)
        assert contents(results) == before
        assert mount("-o", "remount,rw", str(results))
        assert_finishes(project)


def test_a_finished_study_may_be_read_only(tmp_path):
    """Whoever only looks writes nothing."""
    project = copy(tmp_path / "study")
    results = project.folder / RESULTS
    if not (mount("--bind", str(results), str(results)) and mount("-o", "remount,bind,ro", str(results))):
        pytest.skip("a read-only mount needs root")
    try:
        done = study(project)
    finally:
        subprocess.run(["umount", str(results)], check=True)
    assert done.returncode == 0 and "Nothing to be done" in text(done), text(done)


def test_a_read_only_checkout_is_said_to_be_one(tmp_path):
    folder = Project(tmp_path / "project").folder
    if not (mount("--bind", str(folder), str(folder)) and mount("-o", "remount,bind,ro", str(folder))):
        pytest.skip("a read-only mount needs root")
    try:
        project = Project.__new__(Project)
        project.folder = folder
        done = study(project, "-n")
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    assert done.returncode == 1 and f"{folder} cannot be written to" in text(done) and "Copy the project" in text(done)
    assert "PermissionError" not in text(done) and "Errno" not in text(done)
