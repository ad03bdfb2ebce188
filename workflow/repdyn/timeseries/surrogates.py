"""Surrogate series: what a layer's series would look like without the structure that is tested for.

Three generators, all seeded by a numpy Generator and all returning (S, T) arrays: parametric surrogates of
the increments (autoregressive, with the trend, the local scale and the tail weight of the series), the
stationary block bootstrap, and circular shifts.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError

ORDER = 8  # of the autoregression of the increments: two jumps closer than this share their evidence
FIRST_KNOT, KNOT_SPACING = 2, 50  # measurements; knots 0, 2, 4, 8, 16, 32, 64, then about every 50
# Measurements on each side over which the scale of the increments is averaged: at the start, at most.
SCALE_HALF_WINDOWS = 6, 60
WINSOR = 3.0  # local standard deviations beyond which an increment does not move the fitted trend or spectrum
ROOT_MOMENT = 0.8221789586623884  # E sqrt|N(0, 1)|
MEDIAN_MOMENT = 0.6744897501960817  # median |N(0, 1)|
BURN_IN = 50
TAILS = np.array([1.5, 2, 2.5, 3, 4, 5, 6, 8, 12, 20, 50, np.inf])  # degrees of freedom that are told apart
HEAVY = 4  # degrees of freedom
REFUSED = 1.35  # of the log-likelihood: a one-sided test at 0.05
CENSORED = 0.01  # share of the largest innovations of which only the number counts: they may be jumps


class IncrementModel(NamedTuple):
    """Increments d (S, n) as trend + scale * u, u an autoregression of unit scale, one model per row.

    trend (S, n) and scale (S, n) in units of the series per measurement, ar (S, ORDER + 1) with ar[:, 0] = 1
    (sum_k ar_k u_{t-k} = e_t), variance (S,) of the innovations e.
    """

    trend: np.ndarray
    scale: np.ndarray
    ar: np.ndarray
    variance: np.ndarray


@cache
def smooth_basis(n: int) -> np.ndarray:
    """Orthonormal cubic splines on n increments, (n, q), knots dense at the start and then every KNOT_SPACING.

    Dense at the start because training curves are steepest there, down to a time constant of one measurement.
    """
    from scipy.interpolate import BSpline

    knots = [0.0]
    while (knots[-1] or FIRST_KNOT / 2) * 2 < min(1.5 * KNOT_SPACING, n - 1):
        knots.append((knots[-1] or FIRST_KNOT / 2) * 2)
    rest = max(1, int(np.ceil((n - 1 - knots[-1]) / KNOT_SPACING)))
    spaced = np.concatenate([knots, np.linspace(knots[-1], n - 1, rest + 1)[1:]])
    padded = np.concatenate([[spaced[0]] * 3, spaced, [spaced[-1]] * 3])
    design = BSpline.design_matrix(np.arange(n, dtype=np.float64), padded, 3).toarray()
    basis = np.linalg.qr(design)[0]
    basis.flags.writeable = False  # shared by every caller
    return basis


def local_scale(residual: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Standard deviation around each point of (S, n): squared moving average of square roots, >= floor (S, 1).

    The root is a compromise: nearly as precise as the mean absolute value, and one jump of ten standard deviations in a
    window of 121 raises it by 5 %. Windows are short at the start, where noise falls as training settles, and grow by one
    measurement for every two.
    """
    n = residual.shape[1]
    first, most = SCALE_HALF_WINDOWS
    at = np.arange(n)
    half = np.minimum(np.minimum(first + at // 2, most), n - 1)
    root = np.sqrt(np.abs(residual))
    pad = half.max()
    padded = np.concatenate([root[:, pad:0:-1], root, root[:, -2 : -pad - 2 : -1]], axis=1)
    mean = moving_mean(padded, at + pad, half)
    return np.maximum((np.maximum(mean, 0) / ROOT_MOMENT) ** 2, floor)


def moving_mean(x: np.ndarray, at: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Means of x (S, n) over at - half .. at + half, each window within it: at, half (m,) -> (S, m)."""
    total = np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, axis=1)], axis=1)
    return (total[:, at + half + 1] - total[:, at - half]) / (2 * half + 1)


def levinson(autocovariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Yule-Walker fits by the Levinson-Durbin recursion: (S, p+1) -> coefficients (S, p+1), variances (S,).

    Coefficients with a_0 = 1, so that sum_k a_k x_{t-k} is the innovation.
    """
    rows, lags = autocovariance.shape
    a = np.zeros((rows, lags))
    a[:, 0] = 1.0
    variance = autocovariance[:, 0].copy()
    for k in range(1, lags):
        reflection = -(a[:, :k] * autocovariance[:, k:0:-1]).sum(axis=1) / variance
        a[:, 1 : k + 1] = a[:, 1 : k + 1] + reflection[:, None] * a[:, k - 1 :: -1][:, :k]
        variance = variance * (1 - reflection**2)
    return a, variance


def fit_increments(increments: np.ndarray) -> IncrementModel:
    """Fit `IncrementModel` to each row of (S, n), n > 4 * ORDER, robustly against single large increments.

    Trend by least squares on `smooth_basis` (twice repeated with residuals winsorised at WINSOR),
    autoregression by Yule-Walker on the winsorised scaled residuals. Works in increments, where white noise
    of the level has no low frequencies and so hardly moves the trend.
    """
    increments = np.atleast_2d(np.asarray(increments, dtype=np.float64))
    rows, n = increments.shape
    if n <= 4 * ORDER or not np.isfinite(increments).all():
        raise StudyError(f"increments must be finite and more than {4 * ORDER} per series, found {n}")
    basis = smooth_basis(n)
    floor = 1e-12 * np.abs(increments).max(axis=1, keepdims=True) + 1e-300
    trend = (increments @ basis) @ basis.T
    for _ in range(2):
        residual = increments - trend
        limit = WINSOR * local_scale(residual, floor)
        trend = trend + (np.clip(residual, -limit, limit) @ basis) @ basis.T
    residual = increments - trend
    scale = local_scale(residual, floor)
    u = np.clip(residual / scale, -WINSOR, WINSOR)
    autocovariance = np.stack([(u[:, k:] * u[:, : n - k]).sum(axis=1) for k in range(ORDER + 1)], axis=1) / n
    autocovariance[:, 0] = autocovariance[:, 0] * (1 + 1e-6) + 1e-12  # noise-free series are singular
    return IncrementModel(trend, scale, *levinson(autocovariance))


def whiten(u: np.ndarray, ar: np.ndarray) -> np.ndarray:
    """Innovations of (S, n) under autoregressions (S, p+1); what precedes the first value counts as 0."""
    e = u.copy()
    for k in range(1, ar.shape[1]):
        e[:, k:] += ar[:, k : k + 1] * u[:, :-k]
    return e


def tail_weight(innovations: np.ndarray) -> float:
    """Degrees of freedom (one of TAILS) of the Student t that fits innovations (n,) best, scale free.

    Maximum likelihood with the largest CENSORED share censored, so that jumps do not pass for heavy tails. Where tails are
    heavy, the heaviest that the likelihood does not refuse: there the largest of 400 values depends most on it.
    """
    from scipy import special

    size = np.sort(np.abs(innovations))
    cut = int(np.ceil(CENSORED * len(size)))
    body, limit = size[:-cut], size[-cut - 1]
    if not np.median(size) > 0:
        return float(TAILS[0])
    freedom = np.where(np.isinf(TAILS), 1e6, TAILS)[:, None]
    unit = np.median(size) / special.stdtrit(freedom, 0.75) * np.exp(np.linspace(-0.35, 0.35, 15))
    with np.errstate(
        divide="ignore"
    ):  # beyond some 38 deviations a normal tail is 0, its logarithm -inf: never the best
        beyond = np.log(special.stdtr(freedom, -limit / unit))
    log_likelihood = (
        student_logpdf(body / unit[..., None], freedom[..., None]).sum(axis=-1)
        - len(body) * np.log(unit)
        + cut * beyond
    )
    profile = log_likelihood.max(axis=1)
    best = int(profile.argmax())
    if TAILS[best] <= HEAVY:
        best = int(np.flatnonzero(profile >= profile[best] - REFUSED)[0])
    return float(TAILS[best])


# Not scipy.stats nor scipy.signal, which take twice as long to import as all else that phase 1 of a small network does.
def student_logpdf(x: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """Logarithm of the density of the Student t, as in `scipy.stats.t`."""
    from scipy import special

    constant = np.log(special.poch(0.5 * freedom, 0.5)) - 0.5 * (np.log(freedom) + np.log(np.pi))
    return constant - (freedom + 1) / 2 * np.log1p(x * x / freedom)


def autoregress(innovations: np.ndarray, ar: np.ndarray) -> np.ndarray:
    """The series (S, n) of which `ar` (p+1,), ar_0 = 1, makes these innovations: `scipy.signal.lfilter([1], ar, ...)`."""
    series = np.empty(innovations.shape[::-1])
    state = np.zeros((len(ar), len(innovations)))  # the last row stays 0
    weights = ar[1:, None]
    for now, innovation in zip(series, np.ascontiguousarray(innovations.T), strict=True):
        np.add(state[0], innovation, out=now)
        state[:-1] = state[1:] - weights * now
    return np.ascontiguousarray(series.T)


def draw_increments(model: IncrementModel, freedom: float, rng: np.random.Generator, surrogates: int) -> np.ndarray:
    """Surrogate increments (S, n) of a model of one series, innovations Student t (`freedom`, inf: normal)."""
    from scipy import special

    size = (surrogates, model.trend.shape[1] + BURN_IN)
    if np.isinf(freedom):
        innovations = rng.standard_normal(size)
    else:
        # Same median of |e| as a normal: the scale was measured on the body of the distribution.
        innovations = rng.standard_t(freedom, size) * (MEDIAN_MOMENT / special.stdtrit(freedom, 0.75))
    u = autoregress(innovations * np.sqrt(model.variance[0]), model.ar[0])[:, BURN_IN:]
    return model.trend[0] + model.scale[0] * u


def ar_surrogates(values: np.ndarray, rng: np.random.Generator, surrogates: int) -> np.ndarray:
    """Parametric surrogates of one series: same trend, local scale, autocorrelation and tails, no jumps.

    values (T,) finite -> (S, T), each starting at values[0]. Raises StudyError for a short or non-finite
    series.
    """
    values = np.asarray(values, dtype=np.float64)
    increments = np.diff(values)[None]
    model = fit_increments(increments)
    u = (increments - model.trend) / model.scale
    drawn = draw_increments(model, tail_weight(whiten(u, model.ar)[0]), rng, surrogates)
    return values[0] + np.concatenate([np.zeros((surrogates, 1)), np.cumsum(drawn, axis=1)], axis=1)


def block_length(x: np.ndarray) -> float:
    """Expected block length of the stationary bootstrap for x (T,), in points, at least 1.

    Politis & White (2004) as corrected by Patton, Politis & White (2009): flat-top lag window, bandwidth from
    the first run of insignificant autocorrelations.
    """
    x = np.asarray(x, dtype=np.float64)
    n = len(x)
    x = x - x.mean()
    longest = min(3 * np.sqrt(n), n / 3)
    run = max(5, int(np.sqrt(np.log10(n))))
    lags = min(int(np.ceil(np.sqrt(n))) + run, n - 1)
    covariance = np.array([x[k:] @ x[: n - k] for k in range(lags + 1)]) / n
    if not covariance[0] > 0:
        return 1.0
    small = np.abs(covariance[1:] / covariance[0]) < 2 * np.sqrt(np.log10(n) / n)
    runs = np.convolve(small, np.ones(run), "valid") == run
    last = int(runs.argmax()) if runs.any() else int(np.flatnonzero(~small)[-1]) + 1
    bandwidth = min(2 * max(last, 1), lags)
    lag = np.arange(1, bandwidth + 1)
    window = np.minimum(1, 2 * (1 - lag / bandwidth)) * covariance[1 : bandwidth + 1]
    slope, spectrum = 2 * (window * lag).sum(), covariance[0] + 2 * window.sum()
    if not spectrum > 0:
        return 1.0
    return float(np.clip((slope**2 / spectrum**2) ** (1 / 3) * n ** (1 / 3), 1, longest))


def stationary_bootstrap(
    x: np.ndarray, rng: np.random.Generator, surrogates: int, block: float | None = None
) -> np.ndarray:
    """Stationary bootstrap (Politis & Romano 1994): x (T,) -> (S, T), geometric blocks, wrapped at the end.

    block: expected block length in points, by default `block_length(x)`.
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 1 or len(x) < 10 or not np.isfinite(x).all():
        raise StudyError(f"the bootstrap needs a finite series of at least 10 points, found {x.shape}")
    block = block_length(x) if block is None else block
    n = len(x)
    fresh = rng.random((surrogates, n)) < 1 / block
    fresh[:, 0] = True
    start = rng.integers(n, size=(surrogates, n))
    point = np.arange(n)
    opened = np.maximum.accumulate(np.where(fresh, point, 0), axis=1)
    return x[(np.take_along_axis(start, opened, axis=1) + point - opened) % n]


def circular_shifts(x: np.ndarray, rng: np.random.Generator, surrogates: int, minimum: int = 0) -> np.ndarray:
    """x (T,) rotated by random shifts of minimum .. T - minimum points (uniform): (S, T).

    Keeps everything about the series except its alignment with others (and the seam at the end).
    """
    x = np.asarray(x)
    n = len(x)
    if x.ndim != 1 or not 0 <= 2 * minimum < n:
        raise StudyError(f"shifts of at least {minimum} points need more than {2 * minimum}, found {x.shape}")
    shift = rng.integers(minimum, n - minimum + (minimum > 0), size=(surrogates, 1))
    return x[(np.arange(n) - shift) % n]
