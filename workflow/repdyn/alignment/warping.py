"""Whether two series are alike up to a stretch in time."""

import numpy as np

from repdyn.errors import StudyError
from repdyn.fractals.surrogates import amplitude_adjusted


def warped_distance(a: np.ndarray, b: np.ndarray, reach: int) -> float:
    """Mean squared difference of two series (n,) and (m,) along the best way through both (dynamic time warping).

    Neither goes back, and along the way samples are at most `reach` apart, beyond what their lengths differ by. Steps of
    both count twice, and the sum is over n + m (Sakoe & Chiba 1978, the symmetric form). Raises StudyError for series that
    are empty or not finite.
    """
    a, b = (np.asarray(each, dtype=np.float64) for each in (a, b))
    if a.ndim != 1 or b.ndim != 1 or not (a.size and b.size) or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise StudyError(f"two finite series are needed, found shapes {a.shape} and {b.shape}")
    if reach < 0:
        raise StudyError(f"samples are 0 or more apart, not {reach}")
    n, m = len(a), len(b)
    apart = np.subtract.outer(np.arange(n), np.arange(m))
    costs = np.where(
        (apart <= reach + max(n - m, 0)) & (-apart <= reach + max(m - n, 0)), np.square(a[:, None] - b), np.inf
    )
    # Along diagonals from lower left to upper right, whose cells do not hang on each other. By row, with one to spare.
    last, before = np.full(n + 1, np.inf), np.full(n + 1, np.inf)
    for diagonal in range(n + m - 1):
        rows = np.arange(max(0, diagonal - m + 1), min(n, diagonal + 1))
        cost = costs[rows, diagonal - rows]
        now = np.full(n + 1, np.inf)
        start = 2 * cost if diagonal == 0 else before[rows] + 2 * cost
        now[rows + 1] = np.minimum(np.minimum(last[rows], last[rows + 1]) + cost, start)
        before, last = last, now
    return float(last[n] / (n + m))


def warped_null(a: np.ndarray, b: np.ndarray, reach: int, rng: np.random.Generator, draws: int) -> np.ndarray:
    """`warped_distance` of `a` to series with the values and, nearly, the spectrum of `b`, in another order: (draws,)."""
    return np.array([warped_distance(a, each, reach) for each in amplitude_adjusted(b, draws, rng)])
