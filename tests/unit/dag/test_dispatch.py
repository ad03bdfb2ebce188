"""The pinned code paths reach every process that is started."""

import os
import subprocess
import sys

import pytest

from dag.dispatch import VARIABLES, pin

SEEN = "import torch, numpy; print(torch.backends.cpu.get_cpu_capability())"


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
