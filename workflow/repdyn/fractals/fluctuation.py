"""Fluctuation analysis: how the spread of a summed series grows with the length of the piece that is looked at."""

import numpy as np

from repdyn.errors import StudyError

SHORTEST = 8  # points of a piece


def fluctuations(x: np.ndarray, scales: np.ndarray, q: np.ndarray, order: int = 1) -> np.ndarray:
    """F_q(s) of x (n,): (len(q), len(scales)), the q-mean of the residual deviation over pieces of s points.

    The series less its mean is summed and cut into pieces from both ends; in each a polynomial of `order` is taken away.
    q = 2: detrended fluctuation analysis (Peng 1994); all q: Kantelhardt 2002, Physica A 316:87, equations 2 to 5. Raises
    StudyError for scales that are shorter than SHORTEST or longer than a quarter of the series, and where a piece has no
    deviation at all (q below 0 has no mean).
    """
    x, q = np.asarray(x, dtype=np.float64), np.asarray(q, dtype=np.float64)
    scales = np.asarray(scales)
    if x.ndim != 1 or not np.isfinite(x).all() or np.ptp(x) == 0:
        raise StudyError("fluctuations need a finite series that varies")
    if len(scales) < 3 or scales.min() < max(SHORTEST, 2 * (order + 2)) or scales.max() > len(x) // 4:
        raise StudyError(
            f"fluctuations need at least three scales from {max(SHORTEST, 2 * (order + 2))} to a quarter of the"
            f" {len(x)} points, found {np.array2string(scales)}"
        )
    profile = np.cumsum(x - x.mean())
    rounding = (10 * np.finfo(np.float64).eps * np.abs(profile).max()) ** 2
    found = np.empty((len(q), len(scales)))
    for column, scale in enumerate(scales):
        squares = _residuals(profile, int(scale), order)
        if not (squares > rounding).all():
            raise StudyError(f"a piece of {scale} points does not vary: no fluctuation can be given for it")
        logarithm = np.log(squares)
        for row, power in enumerate(q):
            found[row, column] = np.exp(_log_mean(logarithm, power))
    return found


def exponents(x: np.ndarray, scales: np.ndarray, q: np.ndarray, order: int = 1) -> np.ndarray:
    """Generalised Hurst exponents h(q), (len(q),): slopes of log F_q(s) on log s. `fluctuations` says what is raised."""
    return slopes(fluctuations(x, scales, q, order), scales)


def slopes(found: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Slopes (rows,) of the logarithms of fluctuations (rows, len(scales)) on those of the scales."""
    return np.polyfit(np.log(scales), np.log(found).T, 1)[0]


def scaling_exponent(x: np.ndarray, scales: np.ndarray, order: int = 1) -> float:
    """The exponent of detrended fluctuation analysis: .5 without correlation, 1 for pink noise, 1.5 for a random walk."""
    return float(exponents(x, scales, np.array([2.0]), order)[0])


def scales_of(n: int, shortest: int = SHORTEST, number: int = 12) -> np.ndarray:
    """Up to `number` scales for n points, evenly spaced in logarithm from `shortest` to a tenth of the series.

    StudyError where that is less than half a decade.
    """
    if n // 10 < 3 * shortest:
        raise StudyError(
            f"scales from {shortest} points on need a series of at least {30 * shortest} points, found {n}"
        )
    return np.unique(np.geomspace(shortest, n // 10, number).astype(int))


def _residuals(profile: np.ndarray, scale: int, order: int) -> np.ndarray:
    """Mean squared residual of each piece, from both ends: (2 * pieces,)."""
    pieces = len(profile) // scale
    covered = pieces * scale
    cut = np.concatenate([profile[:covered], profile[-covered:]]).reshape(2 * pieces, scale)
    basis = np.linalg.qr(np.vander(np.linspace(-1, 1, scale), order + 1))[0]
    return np.square(cut - cut @ basis @ basis.T).mean(axis=1)


def _log_mean(logarithm: np.ndarray, q: float) -> float:
    """ln F_q from the logarithms of the squared deviations."""
    if q == 0:
        return float(logarithm.mean() / 2)
    largest = (q / 2 * logarithm).max()
    return float((largest + np.log(np.exp(q / 2 * logarithm - largest).mean())) / q)
