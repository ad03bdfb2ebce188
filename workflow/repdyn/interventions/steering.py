"""Pushing a layer along a direction, and whether the network then answers otherwise (Turner 2023)."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from repdyn.activations.addresses import Where, address, named
from repdyn.activations.answers import Inputs
from repdyn.activations.axes import unit_axis
from repdyn.errors import StudyError, require_labels
from repdyn.interventions.surgery import CHUNK, outputs_under


def mean_difference(x: np.ndarray, labels: np.ndarray, source: int, target: int) -> np.ndarray:
    """From the mean of one class to that of another: x (n, d), labels (n,); (d,) float64.

    StudyError where a class has no example.
    """
    require_labels(x, labels)
    means = []
    for label in (source, target):
        if not (labels == label).any():
            raise StudyError(
                f"class {label} has no example to take the mean of; there are {np.unique(labels).tolist()}"
            )
        means.append(x[labels == label].mean(0, dtype=np.float64))
    return means[1] - means[0]


def random_directions(
    x: np.ndarray, sizes: tuple[int, int], norm: float, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Directions (count, d) of the given norm between the means of two groups of rows of x (n, d), drawn at random.

    A harder control than directions from a ball: these lie where the data vary. sizes: rows in the two groups. NaN
    where the groups do not differ. StudyError where x has too few rows.
    """
    if min(sizes) < 1 or sum(sizes) > len(x):
        raise StudyError(f"two groups of {sizes[0]} and {sizes[1]} rows cannot be drawn from {len(x)}")
    directions = []
    for _ in range(count):
        rows = rng.permutation(len(x))
        first, second = x[rows[: sizes[0]]], x[rows[sizes[0] : sum(sizes)]]
        directions.append(second.mean(0, dtype=np.float64) - first.mean(0, dtype=np.float64))
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    return norm * np.divide(directions, lengths, out=np.full((count, x.shape[1]), np.nan), where=lengths > 0)


def steered(
    model: nn.Module, inputs: Inputs, path: Where, pushes: Sequence[np.ndarray], chunk: int = CHUNK
) -> np.ndarray:
    """Outputs as they are, then with each push (d,) added to the layer's d units at every token and place.

    inputs (n, ...); (1 + pushes, n, classes). StudyError where a push does not fit the layer.
    """

    place = address(path)

    def change(push):
        def changed(output, _rows):
            axis = unit_axis(model, place, output)
            if np.shape(push) != (output.shape[axis],):
                raise StudyError(
                    f"{named(path)} has {output.shape[axis]} units; a push of shape {np.shape(push)} does not fit"
                )
            wide = [1] * output.ndim
            wide[axis] = -1
            return output + torch.as_tensor(push, dtype=output.dtype, device=output.device).reshape(wide)

        return changed

    return outputs_under(model, inputs, path, [change(push) for push in pushes], chunk)
