"""A few coordinates of a representation, fitted on some examples and read of others."""

import numpy as np

from repdyn.errors import StudyError
from repdyn.spectrum import CONSTANT
from repdyn.statistics.components import principal_components

# Added to the covariance within classes, in units of the variance of a coordinate, that it can be inverted.
RIDGE = 1e-6


def principal_coordinates(fitted: np.ndarray, read: np.ndarray, count: int = 2) -> np.ndarray:
    """(m, d) along the `count` leading principal directions of (n, d): (m, count), leading one of unit spread in (n, d).

    NaN where (n, d) is constant, has fewer directions than `count`, or either is not finite.
    """
    spread, directions = _principal(fitted, read, count)
    if spread is None or len(spread) < count:
        return np.full((len(read), count), np.nan)
    return (read - fitted.mean(0, dtype=np.float64)) @ directions / spread[0]


def discriminant_coordinates(fitted: np.ndarray, labels: np.ndarray, read: np.ndarray, count: int = 2, most: int = 30):
    """(m, d) along the `count` directions that tell classes (n,) of (n, d) apart best: (m, count), unit variance within.

    Linear discriminants (Fisher 1936) of the first `most` principal coordinates, that the covariance within classes is not
    fitted to noise. NaN as `principal_coordinates`, and where there are no `count` + 1 classes.
    """
    from scipy.linalg import eigh

    nothing = np.full((len(read), count), np.nan)
    spread, directions = _principal(fitted, read, most)
    classes = np.unique(labels)
    if spread is None or len(classes) <= count or len(spread) < count:
        return nothing
    scale = directions / spread
    x = (fitted - fitted.mean(0, dtype=np.float64)) @ scale
    means = np.stack([x[labels == label].mean(0) for label in classes])
    share = np.array([(labels == label).mean() for label in classes])
    between = (means * share[:, None]).T @ means
    within = x.T @ x / len(x) - between
    best = eigh(between, within + RIDGE * np.eye(len(within)))[1][:, ::-1][:, :count]
    return (read - fitted.mean(0, dtype=np.float64)) @ scale @ best


def _principal(fitted: np.ndarray, read: np.ndarray, most: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Standard deviations (r,) along the leading directions (d, r) of (n, d), r at most `most`; None for
    none."""
    if fitted.ndim != 2 or read.ndim != 2 or fitted.shape[1] != read.shape[1] or not len(read):
        raise StudyError(f"two matrices of the same features are needed, found shapes {fitted.shape} and {read.shape}")
    if len(fitted) < 2 or not (np.isfinite(fitted).all() and np.isfinite(read).all()):
        return None, None
    x = fitted.astype(np.float64) - fitted.mean(0, dtype=np.float64)
    if np.linalg.norm(x) <= CONSTANT * np.abs(fitted).max() * np.sqrt(len(x)):
        return None, None
    squares, directions = principal_components(x, most)
    return np.sqrt(squares[::-1] / (len(x) - 1)), directions[:, ::-1]
