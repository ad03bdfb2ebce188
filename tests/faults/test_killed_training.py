"""Trainings killed again and again, at any moment and at any file operation, end with the bytes of one left alone."""

import json
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from helpers.disturbed import MLP, TRANSFORMER, TRIALS, contents, finished, kill_all, say, seeded, start_training, train
from helpers.disturbed import assert_same as same

GRID = [0, 1, 2, 4, *range(5, 41, 5)]


@pytest.fixture(scope="module", params=[MLP, TRANSFORMER], ids=["mlp", "transformer"])
def whole(request, tmp_path_factory):
    """A training left alone: its run, its files, its file operations and its seconds."""
    out = tmp_path_factory.mktemp("alone") / "run"
    began = time.monotonic()
    done = train(request.param, out)
    assert done.returncode == 0, done.stderr
    operations = int(re.search(r"file operations: (\d+)", done.stderr)[1])
    return request.param, contents(out), operations, time.monotonic() - began


def test_a_training_by_hand_gives_the_bytes_of_the_workflow(whole):
    run, files, *_ = whole
    workflow = contents(finished().folder / run)
    same({name: workflow[name] for name in files}, files)
    assert {"trajectory.parquet", "run.json", "checkpoints/step_000040.safetensors"} <= files.keys()


def last_saved(out: Path) -> int:
    """The last step whose state is whole, as files tell; 0 where a training must begin anew."""
    manifest = out / "unfinished/saved.json"
    if not manifest.exists() or not (out / "unfinished/checkpoints").exists():
        return 0
    steps = re.findall(r"tables_(\d+)/training.parquet", manifest.read_text())
    return max(map(int, steps), default=0)


def last_written(out: Path) -> int:
    names = [path.stem for path in out.rglob("step_*.safetensors")]
    return max((int(name.removeprefix("step_")) for name in names), default=-1)


def kill_at_moment(run: str, out: Path, seconds: float) -> tuple[bool, str]:
    """Whether a SIGKILL after so many seconds hit a running training, and what that had printed."""
    job = start_training(run, out)
    try:
        _, printed = job.communicate(timeout=seconds)
        assert job.returncode == 0, printed
    except subprocess.TimeoutExpired:
        kill_all(job.pid)
        _, printed = job.communicate()
    assert job.returncode in (0, -signal.SIGKILL), printed
    return job.returncode != 0, printed


def kill_at_operation(run: str, out: Path, place: int | str) -> tuple[bool, str]:
    """Whether a training died before a file operation, and what it had printed."""
    done = train(run, out, die_at=place)
    assert done.returncode in (0, -signal.SIGKILL, -signal.SIGXFSZ), done.stderr
    return done.returncode != 0, done.stderr


def assert_whole(out: Path, expected: dict[str, bytes]) -> None:
    """What has its name has all its bytes."""
    for name, content in contents(out).items():
        final = name.removeprefix("unfinished/")
        assert final not in expected or content == expected[final], name
    if (out / "unfinished/saved.json").exists():
        json.loads((out / "unfinished/saved.json").read_text())


def test_kills_at_random_leave_the_same_bytes_and_lose_nothing_saved(whole, tmp_path, capfd):
    run, expected, operations, seconds = whole
    name = Path(run).parent.name
    wanted = max(2, TRIALS // 2)
    reached, continued, ended, hits = Counter(), 0, 0, 0
    largest = max(map(len, expected.values()))
    out = tmp_path / "run"
    for attempt in range(100 * wanted):
        if hits == wanted:
            break
        chance = seeded("training", name, attempt)
        before = last_saved(out)
        kind = chance.choice(["moment", "operation", "last operations", "step", "write"])
        if kind == "moment":
            hit, printed = kill_at_moment(run, out, chance.uniform(0, seconds))
        else:
            later = [step for step in GRID if step > last_written(out)]
            place = {
                "operation": chance.randint(1, operations),
                "last operations": operations - chance.randint(0, 20),
                "write": f"write {chance.randrange(largest)}",
                "step": f"step_{chance.choice(later or GRID):06d}",
            }
            hit, printed = kill_at_operation(run, out, place[kind])
        if "continuing at step" in printed:
            assert f"continuing at step {before}\n" in printed
            continued += 1
        else:
            assert before == 0 or hit, printed
        if hit:
            hits += 1
            reached[last_written(out)] += 1
            assert_whole(out, expected)
            # Nothing saved is lost but in the last moment, when all results are written and their state is removed.
            assert last_saved(out) >= before or (out / "run.json").exists()
            continue
        same(contents(out), expected)
        shutil.rmtree(out)
        ended += 1
    assert hits == wanted
    done = train(run, out)
    assert done.returncode == 0, done.stderr
    same(contents(out), expected)
    steps = ", ".join(f"{step}: {count}" for step, count in sorted(reached.items()))
    say(capfd, f"{name}: {hits} kills hit a running training, {ended + 1} trainings finished, all to the same bytes;")
    say(capfd, f"  {continued} times it continued; last checkpoint at the kill (-1: none): {steps}")


def test_a_second_training_waits_for_the_first(tmp_path, whole):
    """What a killed Snakemake leaves running, and the same job started again."""
    run, expected, *_ = whole
    out = tmp_path / "run"
    first = start_training(run, out)
    while not (out / "unfinished/saved.json").exists():
        assert first.poll() is None, first.communicate()
        time.sleep(0.005)
    first.send_signal(signal.SIGSTOP)
    second = start_training(run, out)
    try:
        assert "waiting until another process has ended" in second.stderr.readline()
        first.send_signal(signal.SIGCONT)
        for job in (first, second):
            _, printed = job.communicate()
            assert job.returncode == 0, printed
    finally:
        for job in (first, second):
            kill_all(job.pid)
            job.wait()
            job.stderr.close()
    same(contents(out), expected)


def test_checksums_are_those_of_the_files(whole):
    run, files, *_ = whole
    listed = json.loads(files["checkpoints.json"])
    assert listed.pop("checksum").startswith("sha256")
    assert [int(step) for step in listed] == GRID
    assert all(sha256(files[f"checkpoints/{e['file']}"]).hexdigest() == e["sha256"] for e in listed.values())
