"""With `dispatch: avx2` a few training steps of each family have the same bytes here and on an emulated Haswell.

Needs qemu-x86_64 (qemu-user); seventy seconds of CPU time, because torch runs emulated.
"""

import os
import shutil
import site
import subprocess
import sys
from pathlib import Path

import pytest

from dag.dispatch import VARIABLES
from helpers.project import ROOT

QEMU = shutil.which("qemu-x86_64")
NETWORKS = {
    "mlp": {"family": "mlp", "hidden": [48, 32]},
    "cnn": {"family": "cnn", "channels": [16, 32]},
    "transformer": {"family": "transformer", "width": 32, "heads": 2, "layers": 1},
}
pytestmark = pytest.mark.skipif(QEMU is None, reason="qemu-x86_64 is not installed")

FEW_STEPS = """
import hashlib, sys
sys.path[:0] = {paths!r}
import numpy as np, torch
from repdyn.training.devices import make_deterministic
from repdyn.training.loop import Recipe, get_state, initialise, make_optimizer, train_steps
from repdyn.training.tracker import Tracker, make_probe

make_deterministic()
rng = np.random.default_rng(0)
x = torch.from_numpy(rng.standard_normal((256, 1, 8, 8)).astype("float32"))
y = torch.from_numpy(rng.integers(0, 10, 256))
for name, network in {networks!r}.items():
    recipe = Recipe((name, 0), 6, 32, 1e-3)
    model = initialise(network, recipe, kind="image", shape=(1, 8, 8), classes=10, vocabulary=0)
    optimizer = make_optimizer(model, recipe)
    tracker = Tracker(model, make_probe(x[:64], y[:64], model.chunk, 128, getattr(model, "tokens", None)), 2)
    for step, loss in train_steps(model, optimizer, x, y, recipe):
        tracker.measure(step, loss)
    digest = hashlib.sha256()
    for key, value in sorted(get_state(model, optimizer).items()):
        digest.update(value.numpy().tobytes())
    trajectory, training = tracker.tables()
    digest.update(trajectory.select_dtypes("number").to_numpy().tobytes() + training.to_numpy().tobytes())
    print(name, digest.hexdigest())
"""


def digests(dispatch: str, *emulator: str) -> list[str]:
    paths = [str(ROOT / "workflow"), *site.getsitepackages()]
    program = FEW_STEPS.format(paths=paths, networks=NETWORKS)
    python = str(Path(sys.executable).resolve()) if emulator else sys.executable
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    environment = os.environ | VARIABLES[dispatch] | threads
    done = subprocess.run([*emulator, python, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.split("\n")[:-1]


def test_pinned_runs_have_the_same_bytes_on_another_processor():
    pinned = digests("avx2")
    assert len(pinned) == len(NETWORKS)
    assert digests("avx2", QEMU, "-cpu", "Haswell") == pinned


def test_the_pin_is_what_makes_them_equal():
    import torch

    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        pytest.skip("this processor takes no wider code path")
    assert not set(digests("native")) & set(digests("avx2"))
