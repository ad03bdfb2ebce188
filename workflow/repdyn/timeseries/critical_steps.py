"""Critical steps: where layers change fastest, whether together, and whether the loss falls then."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError
from repdyn.timeseries.series import evaluable as is_evaluable
from repdyn.timeseries.surrogates import ORDER, IncrementModel, draw_increments, fit_increments, tail_weight, whiten

WINDOW = 20  # measurements: 5 % of a run, the shortest stretch that is called a period


def top_decile(values: np.ndarray, order: int, quantile: float, evaluable: np.ndarray | None) -> np.ndarray:
    """Where |difference of that order| lies strictly above its quantile: (T, L) -> bool (T-order, L)."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or len(values) <= order:
        raise StudyError(f"values must be (T, L) with T > {order}, found {values.shape}")
    if not 0 < quantile < 1:
        raise StudyError(f"quantile must lie between 0 and 1, found {quantile}")
    evaluable = is_evaluable(values) if evaluable is None else np.asarray(evaluable)
    size = np.abs(np.diff(values, n=order, axis=0))
    return (size > np.quantile(size, quantile, axis=0)) & evaluable


def critical_steps(values: np.ndarray, quantile: float = 0.9, evaluable: np.ndarray | None = None) -> np.ndarray:
    """Steps in the top decile of |velocity| (first difference) of each layer.

    values (T, L) -> bool (T-1, L); row i is the change from measurement i to i + 1. By construction a tenth
    of the steps (fewer under ties), whatever the series. False throughout where a layer is not evaluable.
    """
    return top_decile(values, 1, quantile, evaluable)


def transition_steps(values: np.ndarray, quantile: float = 0.9, evaluable: np.ndarray | None = None) -> np.ndarray:
    """Steps in the top decile of |acceleration| (second difference): values (T, L) -> bool (T-2, L)."""
    return top_decile(values, 2, quantile, evaluable)


def coordination(critical: np.ndarray, evaluable: np.ndarray | None = None) -> np.ndarray:
    """Share of layers that are critical at each step: bool (T-1, L) -> (T-1,) in [0, 1].

    Only evaluable layers (bool (L,), default all) are counted; NaN throughout if there is none.
    """
    critical = np.asarray(critical, dtype=bool)
    if evaluable is not None:
        critical = critical[:, np.asarray(evaluable)]
    if critical.shape[1] == 0:
        return np.full(len(critical), np.nan)
    return critical.mean(axis=1)


def loss_coupling(critical: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """Share of a layer's critical steps over which the loss falls: bool (T-1, L), loss (T,) -> (L,).

    The change of the loss is taken over the same interval as the change of the layer. NaN for a layer without
    critical steps. A share, not a correlation (D07): its base rate is the share of all steps with falling
    loss.
    """
    critical, loss = np.asarray(critical, dtype=bool), np.asarray(loss, dtype=np.float64)
    if critical.ndim != 2 or loss.shape != (len(critical) + 1,):
        raise StudyError(f"critical {critical.shape} needs a loss of length T, found {loss.shape}")
    if not np.isfinite(loss).all():
        raise StudyError(f"loss is not finite at measurement {np.flatnonzero(~np.isfinite(loss))[0]}")
    count = critical.sum(axis=0)
    falling = (critical & (np.diff(loss) < 0)[:, None]).sum(axis=0)
    return np.divide(falling, count, out=np.full(len(count), np.nan), where=count > 0)


class Clustering(NamedTuple):
    """Dispersion of critical steps per layer, each (L,), NaN where a layer is not evaluable.

    dispersion: variance over mean of the number of critical steps in a window (about 0.9 if they fall
    independently). expected: its mean over surrogates. p: one-sided. concentration: share of critical steps
    in the densest window over the overall share (1 to 1 / (1 - quantile)). start: first index of that window.
    """

    dispersion: np.ndarray
    expected: np.ndarray
    p: np.ndarray
    concentration: np.ndarray
    start: np.ndarray


def critical_clustering(
    values: np.ndarray, rng: np.random.Generator, surrogates: int = 1000, window: int = WINDOW, quantile: float = 0.9
) -> Clustering:
    """Do a layer's fastest changes fall into periods, more than in a series in which no period is special?

    The share of critical steps is fixed by their definition; their spread over the run is not. Null:
    stationary surrogates with the autocorrelation, tails and mean change of the series' own increments, but
    neither its trend nor its changing scale.

    values (T, L). Layers that are not finite, constant or shorter than the null needs are not evaluable.
    """
    values = np.asarray(values, dtype=np.float64)
    evaluable = is_evaluable(values) & (len(values) > max(2 * window, 4 * ORDER + 1))
    result = Clustering(*np.full((5, values.shape[1]), np.nan))
    for layer in np.flatnonzero(evaluable):
        increments = np.diff(values[:, layer])[None]
        counts = window_counts(np.abs(increments), window, quantile)
        null = window_counts(np.abs(draw_stationary(increments, rng, surrogates)), window, quantile)
        observed, expected = _dispersion(counts)[0], _dispersion(null)
        result.dispersion[layer] = observed
        result.expected[layer] = expected.mean()
        result.p[layer] = (1 + (expected >= observed).sum()) / (1 + surrogates)
        result.concentration[layer] = counts.max() / (window * (1 - quantile))
        result.start[layer] = counts[0].argmax()
    return result


def draw_stationary(increments: np.ndarray, rng: np.random.Generator, surrogates: int) -> np.ndarray:
    """Increments (1, n) -> stationary surrogates (S, n): mean change and typical scale throughout."""
    model = fit_increments(increments)
    u = (increments - model.trend) / model.scale
    typical = np.full_like(model.scale, np.sqrt((model.scale**2).mean()))
    level = IncrementModel(np.full_like(model.trend, increments.mean()), typical, model.ar, model.variance)
    return draw_increments(level, tail_weight(whiten(u, model.ar)[0]), rng, surrogates)


def window_counts(size: np.ndarray, window: int, quantile: float) -> np.ndarray:
    """Points above the row's own quantile in every window: (S, n) -> (S, n - window + 1)."""
    above = size > np.quantile(size, quantile, axis=1, keepdims=True)
    total = np.concatenate([np.zeros((len(size), 1)), np.cumsum(above, axis=1)], axis=1)
    return total[:, window:] - total[:, :-window]


def _dispersion(counts: np.ndarray) -> np.ndarray:
    mean = counts.mean(axis=1)
    return np.divide(counts.var(axis=1), mean, out=np.zeros(len(counts)), where=mean > 0)
