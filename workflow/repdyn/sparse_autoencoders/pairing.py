"""Features of two networks matched one to one by their activations: directions of different spaces have no cosine."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from repdyn.errors import StudyError


def paired_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Mean Pearson correlation of the features in a (n, p) with those in b (n, q), active on the same n rows.

    Matched one to one so that the mean is the largest possible (Hungarian method): min(p, q) pairs, without features that
    are the same in all rows. At least as large as for any fixed matching, so chance lies above 0: compare with
    `shuffled_within`. NaN where no feature is left on a side. StudyError where rows differ in number.
    """
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b):
        raise StudyError(f"features of two networks need the same rows, found shapes {a.shape} and {b.shape}")
    sides = [_standardised(x) for x in (a, b)]
    if not all(side.shape[1] for side in sides):
        return np.nan
    correlation = sides[0].T @ sides[1]
    return float(correlation[linear_sum_assignment(correlation, maximize=True)].mean())


def shuffled_within(groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An order of the rows (n,) in which each is replaced by one of its own group, such as its class."""
    order = np.arange(len(groups))
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        order[rows] = rng.permutation(rows)
    return order


def _standardised(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x, dtype=np.float64)[:, np.ptp(x, axis=0) > 0]
    x = x - x.mean(0)
    return x / np.linalg.norm(x, axis=0)
