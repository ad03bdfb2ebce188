"""A few coordinates of a representation, fitted on some examples and read of others."""

import numpy as np

from repdyn.errors import StudyError
from repdyn.spectrum import CONSTANT

# Added to the covariance within classes, in units of the variance of a coordinate, that it can be inverted.
RIDGE = 1e-6
# Share of the largest variance up to which a direction is rounding.
ROUNDING = 1e-10


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
    """Standard deviations (r,) along the leading directions (d, r) of (n, d), r at most `most`; None where there are none.

    By way of the smaller of the two Gram matrices, whose leading eigenvectors suffice.
    """
    from scipy.linalg import eigh

    if fitted.ndim != 2 or read.ndim != 2 or fitted.shape[1] != read.shape[1] or not len(read):
        raise StudyError(f"two matrices of the same features are needed, found shapes {fitted.shape} and {read.shape}")
    if len(fitted) < 2 or not (np.isfinite(fitted).all() and np.isfinite(read).all()):
        return None, None
    x = fitted.astype(np.float64) - fitted.mean(0, dtype=np.float64)
    if np.linalg.norm(x) <= CONSTANT * np.abs(fitted).max() * np.sqrt(len(x)):
        return None, None
    wide = x.shape[1] > len(x)
    gram = x @ x.T if wide else x.T @ x
    r = min(most, len(gram))
    variance, vectors = eigh(gram, subset_by_index=[len(gram) - r, len(gram) - 1])
    keep = np.flatnonzero(variance > ROUNDING * variance[-1])[::-1]
    variance, vectors = variance[keep], vectors[:, keep]
    directions = x.T @ vectors / np.sqrt(variance) if wide else vectors
    return np.sqrt(variance / (len(x) - 1)), directions
