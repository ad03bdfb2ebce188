"""What jobs cost is written where it is looked for."""

import os
import re
import subprocess
import sys
import zlib

import numpy as np
import pytest

from common.cost import CHECKED, COST
from common.costs import logs_of, read_cost, read_costs
from repdyn.errors import StudyError


def job(*lines, stream=None, **variables):
    """A step that runs these lines, done; both its streams go into `stream` if there is one."""
    code = "\n".join(
        ["from common.files import readable_errors", "with readable_errors():", *(f"    {line}" for line in lines)]
    )
    environment = os.environ | {"PYTHONPATH": "workflow:workflow/scripts"} | variables
    streams = {"stdout": stream, "stderr": subprocess.STDOUT} if stream else {"capture_output": True}
    return subprocess.run([sys.executable, "-c", code], text=True, env=environment, **streams)


def line(cpu, memory):
    """What a job says that took so much."""
    cost = COST.format(cpu=cpu, memory=memory)
    return CHECKED.format(cost=cost, checksum=zlib.crc32(cost.encode()))


def test_no_flipped_bit_of_a_log_changes_the_cost_that_is_read(tmp_path):
    log = tmp_path / "a.log"
    whole = f"reading\n{line(12.25, 345)}\n".encode()
    noticed = 0
    for position in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[position // 8] ^= 1 << position % 8
        log.write_bytes(flipped)
        try:
            assert read_cost(log) == (12.25, 345)
        except StudyError as error:
            assert f"Delete {log}" in str(error)
            noticed += 1
    assert noticed == 8 * len(line(12.25, 345))


def test_a_job_ends_its_log_with_what_it_cost(tmp_path):
    log = tmp_path / "a.log"
    log.write_text(job("print('done')", "held = bytearray(200_000_000)", "sum(range(20_000_000))").stderr)
    cost = read_costs([log])
    assert 0.1 < cost.cpu_seconds[0] < 30
    assert 190 < cost.peak_memory_mb[0] < 900


def test_a_failed_job_has_no_cost(tmp_path):
    log = tmp_path / "a.log"
    failed = job("from repdyn.errors import StudyError", "raise StudyError('no')")
    assert failed.returncode == 1 and "Error: no" in failed.stderr
    log.write_text(failed.stderr)
    assert read_costs([log]).isna().all(None)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_a_job_prints_does_not_hide_its_cost(tmp_path, unbuffered):
    """Into a file, Python keeps what is printed until the job ends, after its cost on the other stream."""
    log = tmp_path / "a.log"
    with log.open("w") as stream:
        job("print('done')", stream=stream, PYTHONUNBUFFERED=unbuffered)
    assert log.read_text().endswith(")\n" if unbuffered else "done\n")
    assert read_costs([log]).notna().all(None)


def test_the_last_cost_of_a_log_counts_and_a_log_without_has_none(tmp_path):
    texts = [f"{line(9, 90)}\n{line(1.5, 20)}\n", "killed\n", ""]
    logs = [tmp_path / f"{number}.log" for number in range(3)]
    for log, text in zip(logs, texts, strict=True):
        log.write_text(text)
    costs = read_costs(logs)
    assert costs.cpu_seconds[0] == 1.5 and costs.peak_memory_mb[0] == 20
    np.testing.assert_array_equal(costs[1:].isna(), True)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("train/{experiment}-seed{seed}.log", ["train/a-seed0.log", "train/b-seed1.log"]),
        ("dataset/{dataset}.log", ["dataset/digits.log"]),
        ("report.log", ["report.log"]),
        ("ledger.log", []),
    ],
)
def test_logs_are_those_of_the_runs_reported_on(tmp_path, pattern, found):
    for name in (
        "train/a-seed0.log",
        "train/b-seed1.log",
        "train/removed-seed0.log",
        "dataset/digits.log",
        "report.log",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    logs = logs_of(tmp_path, pattern, [("a", 0), ("b", 1), ("of another family", 0)])
    assert [re.sub(f"^{tmp_path}/", "", str(log)) for log in logs] == found
