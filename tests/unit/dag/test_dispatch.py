"""The pinned code paths reach every process that is started."""

import ast
import os
import subprocess
import sys

import pytest

from dag.dispatch import VARIABLES, pin

SEEN = "import torch, numpy; print(torch.backends.cpu.get_cpu_capability())"
# Of every function of numpy, the build that runs; and those that a Haswell has.
BUILDS = """
from numpy.lib.introspect import opt_func_info
print({kind["current"].split("(")[0] for kinds in opt_func_info().values() for kind in kinds.values()})
"""
SHARED = {"baseline", "X86_V3"}


def test_pinning_sets_the_variables_and_native_sets_none(monkeypatch):
    for name in VARIABLES["avx2"]:
        monkeypatch.setenv(name, "before")
    pin("native")
    assert all(os.environ[name] == "before" for name in VARIABLES["avx2"])
    pin("avx2")
    assert {name: os.environ[name] for name in VARIABLES["avx2"]} == VARIABLES["avx2"]
    with pytest.raises(KeyError):
        pin("sse")


def test_libraries_read_them():
    done = subprocess.run(
        [sys.executable, "-c", SEEN], env=os.environ | VARIABLES["avx2"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("AVX2", "DEFAULT")  # the latter on a processor without
    assert not done.stderr


def test_numpy_runs_no_build_that_a_haswell_lacks():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BUILDS],
        env=os.environ | VARIABLES["avx2"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    builds = ast.literal_eval(done.stdout)
    assert builds and builds <= SHARED
