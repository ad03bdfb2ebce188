"""What copying costs an intervention: CPU seconds as it is over those without any copy, interleaved; at most 1.1 is allowed.

`python tests/copying.py` prints for each network and number of interventions the median ratio, its 95 % interval and the
quartiles of single ratios. Without copies the values are right only of networks that do nothing in place.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "workflow"), str(ROOT / "tests")]

from helpers import stranger_models  # noqa: E402
from repdyn.activations import resume  # noqa: E402
from repdyn.activations.addresses import Address  # noqa: E402
from repdyn.interventions.ablation import effects  # noqa: E402
from repdyn.models import build  # noqa: E402

PAIRS = 60
SECONDS = 0.05  # of CPU time that one side of a pair takes, at least
MAPPED = resume.mapped


def without_copies(result, function):
    return MAPPED(result, (lambda each: each) if function is torch.clone else function)


def networks():
    image = {"kind": "image", "shape": (1, 28, 28), "classes": 10}
    families = {
        "mlp": ({"family": "mlp", "hidden": [128, 64, 64, 32]}, "hidden.0"),
        "cnn": ({"family": "cnn", "channels": [32, 64, 128]}, "blocks.1.relu"),
        "transformer": ({"family": "transformer", "width": 128, "heads": 4, "layers": 4}, "blocks.1.feedforward"),
    }
    for name, (description, path) in families.items():
        yield name, build(description, **image).eval(), path
    yield "resnet, in place", stranger_models.made(stranger_models.ResNet).eval(), Address("layer1.0", units=1)


def seconds(run, rounds):
    start = time.process_time()
    for _ in range(rounds):
        run()
    return time.process_time() - start


def ratios(run):
    run()
    rounds = max(1, round(SECONDS / seconds(run, 1)))
    found = []
    for pair in range(PAIRS):
        spent = {}
        for mapped in (MAPPED, without_copies)[:: 1 if pair % 2 else -1]:
            resume.mapped = mapped
            spent[mapped] = seconds(run, rounds)
        found.append(spent[MAPPED] / spent[without_copies])
    resume.mapped = MAPPED
    return np.array(found)


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x, labels = torch.randn(64, 1, 28, 28), np.arange(64) % 3
    rng = np.random.default_rng(0)
    for name, model, path in networks():
        for units in (1, 6):
            found = ratios(lambda m=model, p=path, k=units: effects(m, x, labels, p, [[u] for u in range(k)], 0.0))
            low, high = np.quantile(np.median(rng.choice(found, (2000, PAIRS)), axis=1), [0.025, 0.975])
            first, third = np.quantile(found, [0.25, 0.75])
            print(
                f"{name}, {units} of its units: {np.median(found):.3f} ({low:.3f} to {high:.3f}), quartiles {first:.3f} to"
                f" {third:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
