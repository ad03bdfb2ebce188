"""Permutation tests of a rank correlation."""

import itertools
import math

import numpy as np

from repdyn.errors import StudyError


def centred_ranks(x: np.ndarray) -> np.ndarray:
    """Ranks of (n,), ties averaged, with mean 0: exact multiples of 1 / 4."""
    from scipy.stats import rankdata

    return rankdata(x) - (len(x) + 1) / 2


def require_pairs(x: np.ndarray, y: np.ndarray) -> None:
    """StudyError unless both are (n,) numbers that have ranks: finite, and not all the same."""
    for values in map(np.asarray, (x, y)):
        if values.ndim != 1 or values.shape != np.shape(x) or values.dtype.kind not in "biuf":
            raise StudyError(f"as many numbers of each, (n,), are needed, found {np.shape(x)} and {np.shape(y)}")
        if not np.isfinite(values).all() or len(np.unique(values)) < 2:
            raise StudyError("ranks need finite numbers that are not all the same")


def permuted_rank_correlations(x: np.ndarray, y: np.ndarray, rng: np.random.Generator, draws: int) -> np.ndarray:
    """Spearman's correlation of x (n,) with random permutations of y (n,): (draws,). Raises as `require_pairs`."""
    require_pairs(x, y)
    return _correlations(centred_ranks(x), rng.permuted(np.tile(centred_ranks(y), (draws, 1)), axis=1))


def rank_correlation_p(x: np.ndarray, y: np.ndarray, rng: np.random.Generator, permutations: int = 10_000) -> float:
    """Two-sided p of Spearman's correlation of x and y (n,), neither constant, from permuting y.

    All orders are tried where there are at most `permutations` of them, else as many random ones. The t distribution is
    wrong for small n: for n = 4 in perfect order it gives p = 0, and the truth is 2/24. Raises as `require_pairs`.
    """
    require_pairs(x, y)
    exact = math.factorial(len(x)) <= permutations
    if exact:
        drawn = _correlations(centred_ranks(x), np.array(list(itertools.permutations(centred_ranks(y)))))
    else:
        drawn = permuted_rank_correlations(x, y, rng, permutations)
    observed = _correlations(centred_ranks(x), centred_ranks(y)[None])
    extreme = np.abs(drawn) >= np.abs(observed) * (1 - 1e-12)
    # A random sample of orders does not contain the observed one; all orders do.
    return float(extreme.mean() if exact else (1 + extreme.sum()) / (1 + permutations))


def _correlations(x: np.ndarray, permuted: np.ndarray) -> np.ndarray:
    return np.clip(permuted @ x / np.sqrt((permuted[0] @ permuted[0]) * (x @ x)), -1, 1)
