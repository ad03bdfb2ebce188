"""More features than units: a toy model that stores sparse features in few directions (Elhage 2022)."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from repdyn.errors import StudyError
from repdyn.organisms.tasks import Batch, Task, falling, initialise
from repdyn.organisms.training import train_steps
from repdyn.seeds import derive
from repdyn.training.adam import Adam
from repdyn.training.loop import Recipe

FEATURES, UNITS, INSTANCES = 5, 2, 8
BATCH = 512
HELD_OUT = 16 * BATCH  # rows
RATE = 0.02  # of Adam; falls linearly to 0
FALL = 0.9  # each feature counts that much of the one before
STORED = 0.5  # length of a feature's direction from which it counts as stored


class Toy(NamedTuple):
    """weights (m, n): the directions in m units of n features; bias (n,); loss: mean squared error, weighted."""

    weights: np.ndarray
    bias: np.ndarray
    loss: float


class ToyNetwork(nn.Module):
    """Instances of x' = ReLU(W' W x + b), side by side: rows (r, n) to (instances, r, n)."""

    def __init__(self, features: int, units: int, instances: int):
        super().__init__()
        self.weights = nn.Parameter(torch.randn(instances, units, features) / features**0.5)
        self.bias = nn.Parameter(torch.zeros(instances, 1, features))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.observed(inputs)[1]

    def observed(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The units of all instances (r, instances m), and the outputs."""
        hidden = torch.matmul(inputs, self.weights.transpose(1, 2))
        outputs = torch.relu(torch.bmm(hidden, self.weights) + self.bias)
        return hidden.transpose(0, 1).flatten(1), outputs


def features(
    key: tuple, sparsity: float, count: int = FEATURES, units: int = UNITS, instances: int = INSTANCES
) -> Task:
    """Features, each 0 with this probability and else uniform in 0..1, to be kept in fewer units.

    Elhage 2022, Toy Models of Superposition, "Demonstrating superposition", where a feature counts FALL times the one
    before. Accuracy is the share of the squares that is explained, mean over instances. StudyError for sizes or a sparsity
    that are none.
    """
    if not (1 <= units <= count and 0 <= sparsity < 1 and instances >= 1):
        raise StudyError(
            f"1 to {count} units of {count} features and a sparsity in [0, 1) are needed, found {units} and {sparsity}"
        )

    def draw(n: int, rng: np.random.Generator) -> Batch:
        values = rng.random((n, count), dtype=np.float32) * (rng.random((n, count)) >= sparsity)
        rows = torch.from_numpy(values.astype(np.float32))
        return Batch(rows, rows)

    def accuracy(outputs: torch.Tensor, batch: Batch) -> float:
        nothing = torch.zeros_like(batch.targets)[None]
        return 1 - float(losses(outputs, batch).mean() / losses(nothing, batch)[0])

    optimum = {0.0: "a unit each for the most important features"}.get(
        sparsity, "features in opposite or spread directions"
    )
    held_out = draw(HELD_OUT, np.random.default_rng(derive("features", str(sparsity), "held out")))

    def error(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
        return losses(outputs, batch).sum()

    return Task(lambda: ToyNetwork(count, units, instances), draw, held_out, error, accuracy, falling, optimum)


def losses(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Squared error of outputs (instances, r, n), summed over features by importance; mean of rows, (instances,)."""
    importance = FALL ** torch.arange(batch.targets.shape[1], dtype=batch.targets.dtype)
    return ((outputs - batch.targets).square() @ importance).mean(1)


def fitted_toy(
    count: int, units: int, sparsity: float, seed: int, instances: int = INSTANCES, updates: int = 3000
) -> list[Toy]:
    """Models of `features`, fitted; the lowest loss, on rows that all share, comes first: others are local minima.

    StudyError as `features`, and for no update.
    """
    if updates < 1:
        raise StudyError(f"an update or more is needed, found {updates}")
    key = ("features", seed)
    task = features(key, sparsity, count, units, instances)
    network = initialise(task, key)
    for _ in train_steps(network, Adam(network.parameters(), RATE), task, Recipe(key, updates, BATCH, RATE)):
        pass
    return toys_of(network, task.held_out)


def toys_of(network: ToyNetwork, batch: Batch) -> list[Toy]:
    """The instances of a network by their loss on a batch, lowest first."""
    with torch.no_grad():
        found = losses(network(batch.inputs), batch)
    arrays = (each.detach().double().numpy() for each in (network.weights, network.bias[:, 0], found))
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
