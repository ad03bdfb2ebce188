"""Do two networks have the same features? Sparse autoencoders of two layers, matched by what they do on the same rows.

Three networks written by hand see 8 causes, two of which are there in each row. The first two hold all of them, each along
directions of its own; the third holds 8 others.
"""

import numpy as np
import torch
from torch import nn

from repdyn.sparse_autoencoders.autoencoder import encode, fit
from repdyn.sparse_autoencoders.pairing import paired_correlation

CAUSES, UNITS, ROWS = 8, 12, 2000
rng = np.random.default_rng(0)


def sparse_causes():
    there = rng.random((ROWS, CAUSES)).argsort(1) < 2
    return torch.tensor(there * rng.uniform(0.5, 1.5, there.shape), dtype=torch.float32)


def network(seed):
    torch.manual_seed(seed)
    layer = nn.Linear(CAUSES, UNITS, bias=False)
    nn.init.orthogonal_(layer.weight)
    return layer


def features(seed, causes):
    states = network(seed)(causes).detach()
    return encode(fit(states.numpy(), CAUSES, seed=seed, penalty=0.05, steps=1000), states).numpy()


causes, others = sparse_causes(), sparse_causes()
first, second, third = features(1, causes), features(2, causes), features(3, others)
print(f"two networks that hold the same causes: features correlate {paired_correlation(first, second):.2f}")
print(f"two networks that hold different causes: {paired_correlation(first, third):.2f}")
shuffled = [paired_correlation(first, second[rng.permutation(ROWS)]) for _ in range(20)]
print(f"the same two with shuffled rows: at most {max(shuffled):.2f}")
