"""Nearest neighbours among the rows of a matrix, and clouds of the same covariance that have no other shape."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError
from repdyn.spectrum import CONSTANT

# Bytes of squared distances at a time.
BLOCK = 64 * 2**20
# Bytes of differences at a time: few enough to stay in the cache.
CACHED = 2**19


class Neighbours(NamedTuple):
    """The k nearest other rows of every row, nearest first: index (n, k) int64, distance (n, k)."""

    index: np.ndarray  # type: ignore[assignment]  # not tuple.index
    distance: np.ndarray


def points(x: np.ndarray) -> np.ndarray:
    """A matrix (n, d) as float64. Raises StudyError unless it is one, with two rows or more and finite real entries."""
    x = np.asarray(x)
    if x.dtype.kind not in "biuf":
        raise StudyError(f"points are real numbers, found {x.dtype}")
    x = x.astype(np.float64, copy=False)
    if x.ndim != 2 or len(x) < 2 or not x.shape[1]:
        raise StudyError(f"points are a matrix of two or more rows and some features, found shape {x.shape}")
    if not np.isfinite(x).all():
        raise StudyError(f"points must be finite, found NaN or infinity in {(~np.isfinite(x)).any(1).sum()} rows")
    return x


def distinct(x: np.ndarray) -> np.ndarray:
    """The row numbers, rising, of the first of all equal rows of (n, d).

    One row is left where x is constant, to `spectrum.CONSTANT` of its largest entry: what varies is rounding.
    """
    x = points(x)
    spread = x - x.mean(0)
    if np.linalg.norm(spread) <= CONSTANT * np.abs(x).max() * np.sqrt(len(x)):
        return np.zeros(1, dtype=np.int64)
    return np.sort(np.unique(x, axis=0, return_index=True)[1])


def nearest(x: np.ndarray, k: int) -> Neighbours:
    """The k nearest other rows of every row of (n, d), Euclidean.

    Candidates come from the Gram matrix; their distances and order are then taken from differences, so that close rows far
    from the origin lose no digits. At most BLOCK bytes of the Gram matrix are there at a time. Raises StudyError unless
    1 <= k < n, and for rows that are not `points`.
    """
    x = points(x)
    n = len(x)
    if not 1 <= k < n:
        raise StudyError(f"{n} rows have 1 to {n - 1} neighbours each, not {k}")
    x = x - x.mean(0)
    squares = (x**2).sum(1)
    spare = min(k + 5, n - 1)
    candidates = np.empty((n, spare), dtype=np.int64)
    size = max(1, BLOCK // (8 * n))
    for start in range(0, n, size):
        rows = np.arange(start, min(start + size, n))
        squared = squares[rows, None] + squares - 2 * (x[rows] @ x.T)
        squared[np.arange(len(rows)), rows] = np.inf
        candidates[rows] = np.sort(np.argpartition(squared, spare - 1, axis=1)[:, :spare], axis=1)
    distance = np.empty(candidates.shape)
    size = max(1, CACHED // (8 * spare * x.shape[1]))
    for start in range(0, n, size):
        block = slice(start, start + size)
        distance[block] = np.linalg.norm(x[candidates[block]] - x[block, None], axis=2)
    order = np.argsort(distance, axis=1, kind="stable")[:, :k]
    return Neighbours(np.take_along_axis(candidates, order, 1), np.take_along_axis(distance, order, 1))


def matched_gaussians(x: np.ndarray, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Clouds of as many Gaussian points as (n, d) has rows, with the covariance of x: `draws` times (n, min(n, d)).

    In principal coordinates of x, with mean 0: distances and angles are those of a Gaussian in the space of x.
    """
    x = points(x)
    scale = np.linalg.svd(x - x.mean(0), compute_uv=False) / np.sqrt(len(x) - 1)
    for _ in range(draws):
        yield rng.standard_normal((len(x), len(scale))) * scale
