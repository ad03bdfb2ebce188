"""The path of a network's weights through training, and that of a random walk with steps of the same lengths.

The principal components of any random walk in many dimensions are cosines, and the first holds 6 / pi^2 = 61 % of the
variance (Antognini & Sohl-Dickstein 2018): a smooth curve in such a picture is no finding. Everything here is read off the
Gram matrix of the displacements between checkpoints, (T - 1, T - 1), however many weights there are.
"""

from typing import NamedTuple

import numpy as np
import torch

from repdyn.errors import StudyError


class Path(NamedTuple):
    """shares: variance of the principal components of the positions, as shares of the total, largest first (T,); NaN for a
    path that does not move. coordinates (T, 2) of the first two. straightness: distance of the ends over the length."""

    shares: np.ndarray
    coordinates: np.ndarray
    straightness: float


def flat_weights(state: dict[str, torch.Tensor], names: list[str]) -> np.ndarray:
    """The named tensors of a state as one vector (D,) float64."""
    return torch.cat([state[name].flatten() for name in names]).double().numpy()


def displacement_gram(weights: list[np.ndarray]) -> np.ndarray:
    """Dot products of the displacements between successive weights, T vectors (D,): (T - 1, T - 1).

    StudyError for fewer than 3 vectors, vectors of different lengths, or values that are not finite.
    """
    if len(weights) < 3 or len({np.shape(weight) for weight in weights}) != 1:
        raise StudyError(f"a path takes 3 or more weight vectors of one length, found {[np.shape(w) for w in weights]}")
    moves = np.diff(np.stack(weights).astype(np.float64), axis=0)
    if not np.isfinite(moves).all():
        raise StudyError("weights must be finite to have a path")
    return moves @ moves.T


def path(gram: np.ndarray) -> Path:
    """Principal components of the positions whose displacements have these dot products (T - 1, T - 1).

    The sign of a component is such that its last coordinate is not negative.
    """
    count = len(gram) + 1
    positions = np.tri(count, count - 1, -1)
    positions -= positions.mean(0)
    values, vectors = np.linalg.eigh(positions @ gram @ positions.T)
    values, vectors = values[::-1].clip(min=0), vectors[:, ::-1]
    total, length = values.sum(), np.sqrt(np.diag(gram).clip(min=0)).sum()
    if not total > 0:
        return Path(np.full(count, np.nan), np.zeros((count, 2)), np.nan)
    coordinates = vectors[:, :2] * np.sqrt(values[:2])
    coordinates = coordinates * np.where(coordinates[-1] < 0, -1, 1)
    return Path(values / total, coordinates, float(np.sqrt(max(gram.sum(), 0)) / length))


def step_cosines(gram: np.ndarray) -> np.ndarray:
    """Cosine of each displacement with the one before it: (T - 1, T - 1) to (T - 2,); NaN where one is zero. A straight
    line has 1; random directions in D dimensions have 0 with deviation 1 / sqrt D."""
    length = np.sqrt(np.diag(gram).clip(min=0))
    product = length[1:] * length[:-1]
    return np.where(product > 0, np.diag(gram, 1) / np.where(product > 0, product, 1), np.nan)


def walk_gram(lengths: np.ndarray, dimension: int, rng: np.random.Generator) -> np.ndarray:
    """`displacement_gram` of a random walk in `dimension` dimensions whose displacements have these lengths (k,).

    An interval of many updates is one displacement, with the length it had: the number of updates is in it. Directions are
    uniform; their Gram matrix is drawn as a Wishart matrix (Bartlett 1933) without drawing them. StudyError for fewer
    dimensions than displacements.
    """
    lengths = np.asarray(lengths, dtype=np.float64)
    k = len(lengths)
    if dimension < k:
        raise StudyError(f"a walk of {k} displacements needs as many dimensions or more, found {dimension}")
    root = np.tril(rng.standard_normal((k, k)), -1)
    root[np.diag_indices(k)] = np.sqrt(rng.chisquare(dimension - np.arange(k)))
    root *= (lengths / np.linalg.norm(root, axis=1))[:, None]
    return root @ root.T


def walk_limit(lengths: np.ndarray) -> np.ndarray:
    """`walk_gram` in the limit of many dimensions: all displacements are orthogonal."""
    return np.diag(np.asarray(lengths, dtype=np.float64) ** 2)
