"""Do two sets of maps agree example by example, beyond what maps of different examples share?"""

from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from repdyn.errors import StudyError


class Agreement(NamedTuple):
    """Mean rank correlation over examples; mean and deviation of that with the examples of one set permuted."""

    mean: float
    null_mean: float
    null_sd: float


def rank_agreement(a: np.ndarray, b: np.ndarray) -> Agreement:
    """Mean Spearman correlation of the maps a and b (n, ...) of the same examples, with its null.

    NaN marks what is no feature, the same entries in both (padding). Maps without two different values have no ranks: such
    examples do not count, and with fewer than 2 others all is NaN. Null: the maps of b dealt to other examples, exact mean
    and variance (Hoeffding 1951). It keeps what all maps share, such as a bright centre, and their smoothness.
    """
    if a.shape != b.shape or not np.array_equal(np.isnan(a), np.isnan(b)):
        raise StudyError(f"Maps must have the same shape and features, found {a.shape} and {b.shape}.")
    left, right = _ranks(a), _ranks(b)
    ranked = np.isfinite(left).all(1) & np.isfinite(right).all(1)
    n = int(ranked.sum())
    if n < 2:
        return Agreement(np.nan, np.nan, np.nan)
    all_pairs = left[ranked] @ right[ranked].T
    centred = all_pairs - all_pairs.mean(0) - all_pairs.mean(1, keepdims=True) + all_pairs.mean()
    deviation = np.sqrt((centred**2).sum() / (n - 1)) / n
    return Agreement(float(np.trace(all_pairs) / n), float(all_pairs.mean()), float(deviation))


def _ranks(maps: np.ndarray) -> np.ndarray:
    """Ranks of each map, centred, of unit length and 0 where there is no feature; NaN for a map without an order."""
    found = np.zeros((len(maps), maps[0].size))
    for row, values in zip(found, maps.reshape(len(maps), -1), strict=True):
        known = ~np.isnan(values)
        if known.sum() < 2 or np.ptp(values[known]) == 0:
            row[:] = np.nan
            continue
        ranks = rankdata(values[known])
        ranks -= ranks.mean()
        row[known] = ranks / np.linalg.norm(ranks)
    return found
