"""What each further seed costs while Snakemake plans: jobs, processor time and memory."""

import os
import re
import subprocess
import sys

import pytest

from conftest import environment

EXPERIMENTS = 55
FEW, MANY = 1, 6


@pytest.fixture(scope="module")
def plans(project, tmp_path_factory):
    """{seeds: (jobs per rule, CPU seconds, peak MB)} of dry runs of the whole study where nothing is done yet."""
    return {seeds: plan(project, seeds, tmp_path_factory.mktemp("results")) for seeds in (FEW, MANY)}


def plan(project, seeds, results):
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-n",
        "--cores",
        "2",
        "--config",
        f"seeds={seeds}",
        f"results={results}",
    ]
    output = results / "plan.txt"
    with output.open("w") as stream:
        started = subprocess.Popen(
            command, cwd=project.folder, env=environment(), stdout=stream, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
    text = output.read_text()
    assert started.returncode == 0, text[-2000:]
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", text.split("Job stats:")[1].split("\ntotal")[0], re.MULTILINE))
    return {rule: int(count) for rule, count in jobs.items()}, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def test_a_further_seed_is_four_more_jobs_a_run(plans):
    few, many = plans[FEW][0], plans[MANY][0]
    more = {rule: count - few[rule] for rule, count in many.items() if count != few[rule]}
    assert more == dict.fromkeys(("train", "phase1", "moments", "phase2"), EXPERIMENTS * (MANY - FEW))
    assert few["heatmap"] == few["run_page"] == EXPERIMENTS


def test_a_further_seed_costs_little_to_plan(plans):
    """Twice what it took when written, so that a slower machine passes; a job for each figure took three times as long."""
    (_, before, _), (_, after, memory) = plans[FEW], plans[MANY]
    assert (after - before) / (MANY - FEW) < 1.5
    assert memory < 500
