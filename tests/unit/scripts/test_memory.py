"""A process that has settled reuses freed memory, and leaves what is loaded out of garbage collection."""

import os
import platform
import subprocess
import sys

import pytest

from helpers.project import ROOT

CODE = """
import gc, resource
import numpy as np
from common.memory import settle
{settled}
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def work():
    first = np.ones(2**18)  # 2 MB, freed one after the other
    second = first + 1
    return second.sum()
work()
before = faults()
for _ in range(50):
    work()
print(faults() - before, gc.get_freeze_count())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the setting is glibc's")
def test_freed_memory_is_reused_without_page_faults():
    environment = os.environ | {"PYTHONPATH": f"{ROOT}/workflow{os.pathsep}{ROOT}/workflow/scripts"}
    counted = {}
    for settled in ("pass", "settle()"):
        command = [sys.executable, "-c", CODE.format(settled=settled)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        counted[settled] = [int(number) for number in done.stdout.split()]
    (plain, none), (kept, frozen) = counted["pass"], counted["settle()"]
    assert none == 0 and frozen > 1000
    assert kept < 100 and plain > 1000, counted
