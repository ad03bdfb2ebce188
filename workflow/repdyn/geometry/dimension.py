"""Intrinsic dimension from the distances of nearest neighbours."""

from collections.abc import Sequence

import numpy as np

from repdyn.errors import StudyError
from repdyn.geometry.neighbours import nearest

# Share of the largest ratios that the fit leaves out (Facco 2017): they are noise, and the largest has infinite weight.
DISCARDED = 0.1


def maximum_likelihood_dimension(distance: np.ndarray) -> float:
    """Intrinsic dimension from the distances (n, k) of the k nearest neighbours, nearest first, k >= 2.

    1 / mean of ln(T_k / T_j) over rows and j < k: the estimator of Levina & Bickel (2004, eq. 8) for one row, with
    inverses averaged over rows as MacKay & Ghahramani (2005) found, which makes it the maximum of the joint likelihood.
    It falls short of high dimensions, the more so the fewer rows there are; `calibration` shows by how much. Infinite where
    all neighbours of a row are at one distance. Raises StudyError for fewer than 2 neighbours or a distance of zero.
    """
    _check(distance)
    inverse = np.log(distance[:, -1:] / distance[:, :-1]).mean()
    return float(1 / inverse) if inverse else np.inf


def two_nearest_dimension(distance: np.ndarray) -> float:
    """Intrinsic dimension, TwoNN (Facco 2017), from the distances (n, k) of the nearest neighbours, of which two are used.

    The ratio mu of the second to the first distance has ln mu ~ -ln(1 - F) / dimension, F its empirical distribution:
    the slope of a line through the origin, without the largest DISCARDED of all ratios. Raises StudyError for fewer than 2
    neighbours or 10 rows, or a distance of zero.
    """
    _check(distance)
    n = len(distance)
    if n < 10:
        raise StudyError(f"TwoNN needs 10 rows or more, found {n}")
    log_ratio = np.sort(np.log(distance[:, 1] / distance[:, 0]))[: int(n * (1 - DISCARDED))]
    empirical = -np.log1p(-np.arange(1, len(log_ratio) + 1) / n)
    weight = log_ratio @ log_ratio
    return float(log_ratio @ empirical / weight) if weight else np.inf


def calibration(n: int, dimensions: Sequence[int], k: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """What the two estimators find in n points of an isotropic Gaussian of known dimension: (2, len(dimensions)).

    First `maximum_likelihood_dimension` with k neighbours, then `two_nearest_dimension`; means over `draws`. The Gaussian
    has the dimension it is drawn in, so the distance from it is bias.
    """
    found = np.empty((2, len(dimensions), draws))
    for i, dimension in enumerate(dimensions):
        for draw in range(draws):
            distance = nearest(rng.standard_normal((n, dimension)), k).distance
            found[:, i, draw] = maximum_likelihood_dimension(distance), two_nearest_dimension(distance)
    return found.mean(2)


def _check(distance: np.ndarray) -> None:
    if distance.ndim != 2 or not len(distance) or distance.shape[1] < 2 or distance.dtype.kind not in "biuf":
        raise StudyError(
            f"distances to two neighbours or more are needed, (n, k), found {distance.dtype} {distance.shape}"
        )
    if not (distance[:, 0] > 0).all():
        raise StudyError(
            f"{(~(distance[:, 0] > 0)).sum()} rows have a neighbour at distance 0; take `distinct` rows first"
        )
