"""More features than units: a toy model that stores sparse features in few directions (Elhage 2022)."""

from typing import NamedTuple

import numpy as np
import torch

from repdyn.errors import StudyError
from repdyn.training.adam import Adam

BATCH = 512
RATE = 0.02  # of Adam; falls linearly to 0
FALL = 0.9  # each feature counts that much of the one before
STORED = 0.5  # length of a feature's direction from which it counts as stored


class Toy(NamedTuple):
    """weights (m, n): the directions in m units of n features; bias (n,); loss: mean squared error, weighted."""

    weights: np.ndarray
    bias: np.ndarray
    loss: float


def fitted_toy(
    features: int, units: int, sparsity: float, seed: int, instances: int = 8, updates: int = 3000
) -> list[Toy]:
    """Models x' = ReLU(W' W x + b), fitted to x of which each feature is 0 with this probability and else uniform in 0..1.

    Elhage 2022, Toy Models of Superposition, "Demonstrating superposition", where a feature counts FALL times the one
    before. The lowest loss, on rows that all share, comes first: others are local minima. StudyError for sizes or a
    sparsity that are none.
    """
    if not (1 <= units <= features and 0 <= sparsity < 1 and instances >= 1 and updates >= 1):
        raise StudyError(
            f"1 to {features} units of {features} features and a sparsity in [0, 1) are needed, found {units} and {sparsity}"
        )
    random = torch.Generator().manual_seed(seed)

    def drawn(rows: int) -> torch.Tensor:
        values = torch.rand(rows, features, generator=random)
        return values * (torch.rand(rows, features, generator=random) >= sparsity)

    weights = torch.nn.Parameter(torch.randn(instances, units, features, generator=random) / features**0.5)
    bias = torch.nn.Parameter(torch.zeros(instances, 1, features))
    optimizer = Adam([weights, bias], RATE)

    importance = FALL ** torch.arange(features)

    def losses(rows: torch.Tensor) -> torch.Tensor:
        hidden = torch.matmul(rows, weights.transpose(1, 2))
        return ((torch.relu(torch.bmm(hidden, weights) + bias) - rows).square() @ importance).mean(1)

    with torch.enable_grad():
        for update in range(updates):
            optimizer.zero_grad()
            losses(drawn(BATCH)).sum().backward()
            optimizer.learning_rate = RATE * (1 - update / updates)
            optimizer.step()
    with torch.no_grad():
        found = losses(drawn(16 * BATCH))
    arrays = (each.detach().double().numpy() for each in (weights, bias[:, 0], found))
    toys = [Toy(w, b, float(loss)) for w, b, loss in zip(*arrays, strict=True)]
    return sorted(toys, key=lambda toy: toy.loss)


def stored_features(weights: np.ndarray) -> np.ndarray:
    """Which features (k,) have a direction longer than STORED in weights (m, n)."""
    return np.flatnonzero(np.linalg.norm(_matrix(weights), axis=0) > STORED)


def dimensions_per_feature(weights: np.ndarray) -> float:
    """Units per stored feature, m / |W|^2 (Elhage 2022): about 1 without superposition, less with it."""
    weights = _matrix(weights)
    squares = (weights**2).sum()
    if not squares > 0:
        raise StudyError("weights of 0 store no feature")
    return float(len(weights) / squares)


def gaps(weights: np.ndarray) -> np.ndarray:
    """Angles in degrees between neighbouring stored directions (k,) of weights (2, n), going round; they add up to 360."""
    weights = _matrix(weights)
    if len(weights) != 2:
        raise StudyError(f"angles going round are of two units, found {len(weights)}")
    x, y = weights[:, stored_features(weights)]
    angles = np.sort(np.degrees(np.arctan2(y, x)))
    return np.diff(angles, append=angles[:1] + 360)


def _matrix(weights: np.ndarray) -> np.ndarray:
    weights = np.asarray(weights, dtype=np.float64)
    if weights.ndim != 2 or not np.isfinite(weights).all():
        raise StudyError(f"finite weights (m, n) of n features are needed, found shape {weights.shape}")
    return weights
