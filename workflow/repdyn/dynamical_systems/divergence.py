"""The largest Lyapunov exponent of a measured series, from how neighbouring states diverge."""

import numpy as np
from scipy.spatial.distance import cdist

from repdyn.errors import StudyError

FEWEST = 200  # delay vectors
RISE = 0.75  # share of the way to the plateau that is fitted: above it distances feel the size of the attractor
POINTS = 5  # of the curve below that, at least
STRAIGHT = 0.98  # least R^2 of the line
GROWTH = 3.0  # least rise of the mean logarithm: noise rises from the nearest distance to the typical one in a step


def delay_vectors(series: np.ndarray, dimension: int, lag: int) -> np.ndarray:
    """Rows of `dimension` values of a series (T,), `lag` apart: (T - (dimension - 1) lag, dimension).

    StudyError for a series that is not finite or of another shape, and where fewer than FEWEST rows are left.
    """
    series = np.asarray(series, dtype=np.float64)
    if series.ndim != 1 or not np.isfinite(series).all() or dimension < 1 or lag < 1:
        raise StudyError(
            f"delay vectors take a finite series (T,), a dimension and a lag of 1 or more, found shape {series.shape},"
            f" {dimension} and {lag}"
        )
    count = len(series) - (dimension - 1) * lag
    if count < FEWEST:
        raise StudyError(
            f"a series of {len(series)} values has {max(count, 0)} delay vectors; {FEWEST} or more are needed"
        )
    return np.stack([series[i * lag : i * lag + count] for i in range(dimension)], 1)


def divergence(series: np.ndarray, dimension: int, lag: int, theiler: int, horizon: int) -> np.ndarray:
    """Mean logarithm of the distance of a state and its nearest neighbour after 0..horizon steps: (horizon + 1,).

    Neighbours are more than `theiler` steps apart in time, so that none is merely the next state. Distance 0, of repeated
    values, is left out (Rosenstein, Collins & De Luca 1993, Physica D 65, 117). StudyError for a series too short to follow.
    """
    rows = delay_vectors(series, dimension, lag)
    count = len(rows) - horizon
    if horizon < 1 or theiler < 0 or count < max(FEWEST // 2, 4 * theiler):
        raise StudyError(
            f"{len(rows)} delay vectors cannot be followed for {horizon} steps beside a Theiler window of {theiler}"
        )
    distance = cdist(rows[:count], rows[:count])
    time = np.arange(count)
    distance[np.abs(time[:, None] - time) <= theiler] = np.inf
    distance[distance == 0] = np.inf
    nearest = distance.argmin(1)
    known = np.isfinite(distance.min(1))
    first, second = time[known], nearest[known]
    curve = np.full(horizon + 1, np.nan)
    for k in range(horizon + 1):
        apart = np.linalg.norm(rows[first + k] - rows[second + k], axis=1)
        if (apart > 0).any():
            curve[k] = np.log(apart[apart > 0]).mean()
    return curve


def largest_exponent(curve: np.ndarray, dt: float = 1.0) -> float:
    """Slope of a curve of `divergence` (k,) where it rises in a straight line, per unit of time; NaN where there is none.

    The line runs from the start to RISE of the way to the plateau, the mean of the last third. Not evaluable: fewer than
    POINTS there, a rise below GROWTH, or an R^2 below STRAIGHT. Noise jumps to the plateau at once and has no line.
    """
    curve = np.asarray(curve, dtype=np.float64)
    if curve.ndim != 1 or len(curve) < 3 * POINTS or not np.isfinite(curve).all():
        return float("nan")
    rise = curve[-(len(curve) // 3) :].mean() - curve[0]
    above = curve > curve[0] + RISE * rise
    count = int(above.argmax()) if above.any() else len(curve)
    if rise < GROWTH or count < POINTS:
        return float("nan")
    time = np.arange(count) * dt
    slope, level = np.polyfit(time, curve[:count], 1)
    left = curve[:count] - level - slope * time
    straight = 1 - left.var() / curve[:count].var()
    return float(slope) if straight >= STRAIGHT else float("nan")
