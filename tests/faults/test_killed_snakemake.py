"""Snakemake killed or interrupted, with its jobs or without them, two at once, one core or two: the same command, the same
bytes."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

from helpers.disturbed import (
    MLP,
    RESULTS,
    TRIALS,
    assert_finishes,
    assert_same,
    command,
    contents,
    copy,
    kill_all,
    processes,
    say,
    seeded,
    study,
    text,
    undisturbed,
    unlock,
)

REFUSED = ("Directory cannot be locked", "It can be removed with the --unlock argument")


def unfinished(target: Path):
    """The study with one run still to do."""
    project = copy(target)
    shutil.rmtree(project.folder / MLP)
    shutil.rmtree(project.folder / RESULTS / "study")
    return project


def start(project, *, cores: int = 2):
    """The same command, in a session of its own, and the file that it writes to."""
    printed = project.folder / "printed"
    with printed.open("w") as stream:
        job = project.start(*command(cores=cores), stdout=stream, stderr=subprocess.STDOUT, start_new_session=True)
    return job, printed


def wait_for(condition, job, printed: Path) -> None:
    while not condition():
        assert job.poll() is None, printed.read_text()
        time.sleep(0.01)


def locked(project) -> bool:
    return any((project.folder / ".snakemake/locks").glob("*"))


def kill(job, with_jobs: bool = False, by: signal.Signals = signal.SIGKILL) -> int:
    """A signal to Snakemake, SIGKILL to its jobs at the same time if so; how many of its processes go on."""
    os.kill(job.pid, by)
    if with_jobs:
        kill_all(job.pid)
    job.wait()
    return len(processes(job.pid))


# In turn: for want of memory, its jobs too or not; by a cluster; by Ctrl-C; by a terminal that is closed.
STOPS = [
    (signal.SIGKILL, False),
    (signal.SIGKILL, True),
    (signal.SIGTERM, False),
    (signal.SIGINT, False),
    (signal.SIGHUP, False),
]


def trained(printed: str) -> bool:
    return "(Rule: train)" in printed


def test_a_killed_snakemake_is_continued_by_the_same_command(tmp_path, capfd):
    """After --unlock where a lock is left, as its message says; nothing else is asked for."""
    wanted = max(2, TRIALS // 5)
    hits, refused, with_orphans, after_training, waited, seconds = Counter(), 0, 0, 0, 0, None
    for attempt in range(10 * wanted):
        if hits.total() == wanted:
            break
        chance = seeded("snakemake", attempt)
        project = unfinished(tmp_path / f"trial_{attempt}")
        job, printed = start(project)
        if attempt == 0:
            mark = project.folder / MLP / "unfinished/saved.json"
            began = time.monotonic()
            wait_for(mark.exists, job, printed)
            seconds = 3 * (time.monotonic() - began)
        else:
            time.sleep(chance.uniform(0, seconds))
        if job.poll() is not None:
            continue
        by, with_jobs = STOPS[attempt % len(STOPS)]
        hits[by.name] += 1
        with_orphans += kill(job, with_jobs, by) > 0
        first = printed.read_text()
        if locked(project):
            done = study(project)
            refused += 1
            assert done.returncode == 1 and all(words in text(done) for words in REFUSED), text(done)
            unlock(project)
        again = assert_finishes(project, cores=1 + attempt % 2)
        # Nothing that was finished and recorded is done again.
        assert not (trained(first) and trained(again))
        after_training += trained(first)
        logs = project.folder / RESULTS / "logs/train"
        waited += any("waiting until another process" in log.read_text() for log in logs.glob("mlp*.log"))
        while processes(job.pid):
            time.sleep(0.05)
        assert_same(contents(project.folder / RESULTS), undisturbed())
        shutil.rmtree(project.folder)
    assert hits.total() == wanted and with_orphans
    counted = ", ".join(f"{count} {name}" for name, count in hits.items())
    say(capfd, f"{counted} hit a running snakemake; {with_orphans} left its jobs running, {refused} left a lock,")
    say(
        capfd,
        f"  {after_training} came after the training, {waited} times a job waited for its orphan; same bytes each",
    )


def test_two_snakemakes_and_one_core(tmp_path):
    """The second is refused with what to do, the first is unharmed; with one core it writes what two cores wrote."""
    project = unfinished(tmp_path / "study")
    shutil.rmtree(project.folder / RESULTS / "runs")
    job, printed = start(project, cores=1)
    wait_for(lambda: locked(project), job, printed)
    os.kill(job.pid, signal.SIGSTOP)  # on a busy machine it would end before the second one looks
    done = study(project)
    assert done.returncode == 1 and all(words in text(done) for words in REFUSED), text(done)
    assert "rule " not in text(done) and job.poll() is None
    os.kill(job.pid, signal.SIGCONT)
    assert job.wait() == 0, printed.read_text()
    assert_same(contents(project.folder / RESULTS), undisturbed())
    assert len(re.findall(r"\(Rule: train\)", printed.read_text())) == 2


def test_half_recorded_outputs_are_made_again_without_being_asked_for(tmp_path):
    """Snakemake killed between the end of a job and its record of that: outputs exist and are marked as incomplete."""
    project = unfinished(tmp_path / "study")
    job, printed = start(project)
    wait_for((project.folder / MLP / "unfinished/saved.json").exists, job, printed)
    assert kill(job) > 0
    while processes(job.pid):
        time.sleep(0.02)
    assert (project.folder / MLP / "provenance.json").exists() and not trained(printed.read_text())
    unlock(project)
    assert trained(assert_finishes(project))
