"""Networks of each family and images that train in a moment."""

import numpy as np
import torch

from repdyn.models import build

NETWORKS = {
    "mlp": {"family": "mlp", "hidden": [12, 8]},
    "cnn": {"family": "cnn", "channels": [4, 6]},
    "transformer": {"family": "transformer", "width": 16, "heads": 4, "layers": 2},
}
SHAPE = {"kind": "image", "shape": (1, 16, 16), "classes": 3}
ROLES = {family: build(network, **SHAPE).roles for family, network in NETWORKS.items()}


def data(n=60, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    images = rng.random((n, 1, 16, 16)) * 0.3
    images[np.arange(n), :, labels * 5] += 0.7
    return torch.from_numpy(images.astype(np.float32)), torch.from_numpy(labels)
