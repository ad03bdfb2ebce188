"""Fractal dimension of the graph of a series."""

import numpy as np

from repdyn.errors import StudyError

LARGEST_LAG = 16


def higuchi_dimension(x: np.ndarray, largest: int = LARGEST_LAG) -> float:
    """Higuchi's dimension of x (n,): 1 for a smooth curve, 1.5 for a random walk, 2 for white noise.

    The length of the curve seen at every k-th point falls as k^-D, k = 1..largest. Raises StudyError for a series that is
    shorter than ten of the largest lags, constant or not finite. Source: Higuchi 1988, Physica D 31:277 (with the division
    by k of each length, without which D is one too low).
    """
    x = np.asarray(x, dtype=np.float64)
    n = len(x)
    if x.ndim != 1 or n < 10 * largest or largest < 2:
        raise StudyError(
            f"a dimension up to lag {largest} needs a series of at least {10 * max(largest, 2)} points, found {n}"
        )
    if not np.isfinite(x).all() or np.ptp(x) == 0:
        raise StudyError("a dimension needs a finite series that varies")
    lags = np.arange(1, largest + 1)
    lengths = [_length(x, int(k)) for k in lags]
    return float(-np.polyfit(np.log(lags), np.log(lengths), 1)[0])


def _length(x: np.ndarray, k: int) -> float:
    """Mean over the k starting points of the length of the curve through every k-th point, over k."""
    parts = []
    for start in range(k):
        steps = np.abs(np.diff(x[start::k]))
        parts.append(steps.sum() * (len(x) - 1) / (len(steps) * k) / k)
    return float(np.mean(parts))
