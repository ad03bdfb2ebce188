"""When layers stop changing, and whether shallow or deep layers stop first."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from repdyn.errors import StudyError
from repdyn.statistics.permutation import rank_correlation_p
from repdyn.timeseries.series import as_columns
from repdyn.timeseries.series import evaluable as is_evaluable


def stabilisation_step(
    steps: np.ndarray, values: np.ndarray, window: int = 20, tolerance: float = 0.1, evaluable: np.ndarray | None = None
) -> np.ndarray:
    """Step at which the first quiet window starts: standard deviation < `tolerance` * mean of the series.

    The rule of the published study (window 20, tolerance 0.1). It looks at one window only, so a series may
    move on afterwards; `settling_step` does not share that weakness.

    steps (T,), values (T, L), window in measurements -> (L,) float64 steps, NaN for a series that never
    stabilises or is not evaluable (`evaluable`, bool (L,), says which are; by default `series.evaluable`).
    Raises StudyError for a window that does not fit.
    """
    steps, values = as_columns(steps, values)
    if not 2 <= window <= len(steps):
        raise StudyError(f"window must be 2..{len(steps)} measurements, found {window}")
    evaluable = is_evaluable(values) if evaluable is None else evaluable
    variance = sliding_window_view(values, window, axis=0).var(axis=-1)
    quiet = variance < (tolerance * values.mean(axis=0)) ** 2
    return np.where(quiet.any(axis=0) & evaluable, steps[quiet.argmax(axis=0)], np.nan)


def settling_step(
    steps: np.ndarray, values: np.ndarray, tolerance: float = 0.1, evaluable: np.ndarray | None = None
) -> np.ndarray:
    """First step from which a series stays within `tolerance` * total change of its final value.

    Total change is the range the series covered, max - min: unlike |last - first| it does not vanish for a
    layer that returns to where it began. Shapes and NaN as in `stabilisation_step`; never NaN for an
    evaluable series, since the last measurement is its own final value.
    """
    steps, values = as_columns(steps, values)
    evaluable = is_evaluable(values) if evaluable is None else evaluable
    away = np.abs(values - values[-1]) > tolerance * np.ptp(values, axis=0)
    # One past the last excursion; argmax on the reversed flags finds that excursion.
    first = np.where(away.any(axis=0), len(steps) - away[::-1].argmax(axis=0), 0)
    return np.where(evaluable, steps[np.minimum(first, len(steps) - 1)], np.nan)


def convergence_order(depth: np.ndarray, when: np.ndarray, minimum: int = 3) -> tuple[float, float]:
    """Spearman correlation of layer depth and convergence time, with its two-sided p value.

    depth (L,), when (L,) steps with NaN for layers that have none. NaN, NaN where fewer than `minimum` layers
    have a time, or where all depths or all times are equal: there is no order to correlate.
    """
    pair = timed_layers(depth, when, minimum)
    if pair is None:
        return np.nan, np.nan
    from scipy.stats import spearmanr

    rho, p = spearmanr(*pair)
    return float(rho), float(p)


def timed_layers(depth: np.ndarray, when: np.ndarray, minimum: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Depth and time of the layers that have a time; None where `convergence_order` has no order to correlate."""
    depth, when = np.asarray(depth, dtype=np.float64), np.asarray(when, dtype=np.float64)
    if depth.shape != when.shape or depth.ndim != 1:
        raise StudyError(f"depth {depth.shape} and when {when.shape} must be (L,) both")
    timed = np.isfinite(when)
    depth, when = depth[timed], when[timed]
    return None if len(when) < minimum or np.ptp(depth) == 0 or np.ptp(when) == 0 else (depth, when)


def convergence_pattern(rho: float, p: float, strong: float = 0.6, weak: float = 0.3, alpha: float = 0.05) -> str:
    """Name the order: bottom-up, top-down, simultaneous, unclear, or not evaluable (rho undefined).

    bottom-up: rho > strong and p < alpha; top-down: rho < -strong and p < alpha; simultaneous: |rho| < weak
    (thresholds of the published study).
    """
    if not np.isfinite(rho):
        return "not evaluable"
    if abs(rho) > strong and p < alpha:
        return "bottom-up" if rho > 0 else "top-down"
    return "simultaneous" if abs(rho) < weak else "unclear"


def convergence_order_test(
    depth: np.ndarray, when: np.ndarray, rng: np.random.Generator, permutations: int = 10_000, minimum: int = 3
) -> tuple[float, float]:
    """Spearman correlation of depth and convergence time, p from permuting the times over the layers.

    As `convergence_order`, whose t distribution is wrong for the few layers there are; p is that of
    `permutation.rank_correlation_p`. NaN, NaN where there is no order to correlate.
    """
    pair = timed_layers(depth, when, minimum)
    if pair is None:
        return np.nan, np.nan
    rho, _ = convergence_order(depth, when, minimum)
    return rho, rank_correlation_p(*pair, rng, permutations)
