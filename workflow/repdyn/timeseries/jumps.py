"""Jumps: single measurements at which a layer's series changes far more than it usually does."""

import numpy as np
import pandas as pd

from repdyn.errors import StudyError
from repdyn.timeseries.series import as_columns, phase
from repdyn.timeseries.series import evaluable as is_evaluable


def change_zscores(values: np.ndarray) -> np.ndarray:
    """z-scores of the first differences of each series, with its own mean and population standard deviation.

    values (T, L) -> (T-1, L); NaN throughout for a series whose differences do not vary or are not finite.
    """
    # Each series contiguous in memory, so that numpy sums it pairwise: at 1e-13 there are no digits to lose.
    change = np.diff(np.ascontiguousarray(np.asarray(values, dtype=np.float64).T), axis=1)
    spread = change.std(axis=1, keepdims=True)
    spread[~(spread > 0)] = np.nan
    return ((change - change.mean(axis=1, keepdims=True)) / spread).T


def zscore_jumps(
    steps: np.ndarray,
    values: np.ndarray,
    threshold: float = 2.0,
    total_steps: int | None = None,
    half_window: int = 2,
    evaluable: np.ndarray | None = None,
) -> pd.DataFrame:
    """Jumps where |z| of the first difference exceeds `threshold` (strictly): the published detector.

    It has no null: about 18 of 400 points of white noise, a random walk or a smooth curve exceed 2 (D04).

    steps (T,), values (T, L); total_steps as in `series.phase`; evaluable bool (L,), by default
    `series.evaluable`. Returns one row per jump, by layer and then step:
      layer      column of `values`
      before     index of the last measurement before the change (the difference is before -> before + 1)
      step       step of the first measurement after the change: where the jump is first seen
      phase      step / total steps
      z, change  the z-score and the signed difference
      magnitude  |change|
      speed      |change| across the measurements before - half_window .. before + half_window (cut at the
                 ends), divided by their number; units of the metric per measurement
      direction  "increase" or "decrease"
    A layer that is not evaluable has no rows; `jump_counts` tells it from a layer without jumps.
    """
    steps, values = as_columns(steps, values)
    evaluable = is_evaluable(values) if evaluable is None else np.asarray(evaluable)
    z = change_zscores(values).T
    layer, before = np.nonzero((np.abs(z) > threshold) & evaluable[:, None])
    jumps = describe_jumps(steps, values, layer, before, total_steps, half_window)
    jumps.insert(4, "z", z[layer, before])
    return jumps


def describe_jumps(
    steps: np.ndarray,
    values: np.ndarray,
    layer: np.ndarray,
    before: np.ndarray,
    total_steps: int | None = None,
    half_window: int = 2,
) -> pd.DataFrame:
    """One row per jump that a detector found: when, how large, how fast, which way.

    steps (T,), values (T, L); layer (K,) columns of `values` and before (K,) indices, as detectors give them.
    Columns as in `zscore_jumps` without z, and
      relative_magnitude  magnitude / range of the layer's series, in [0, 1]
    Raises StudyError for an index outside the series.
    """
    steps, values = as_columns(steps, values)
    layer, before = np.asarray(layer, dtype=np.int64), np.asarray(before, dtype=np.int64)
    if len(before) and not (before.min() >= 0 and before.max() < len(steps) - 1):
        raise StudyError(f"jumps must lie before measurements 1..{len(steps) - 1}, found {before.max()}")
    change = values[before + 1, layer] - values[before, layer]
    extent = np.ptp(values, axis=0)[layer]
    first = np.maximum(before - half_window, 0)
    last = np.minimum(before + half_window, len(steps) - 1)
    seen = steps[before + 1]
    return pd.DataFrame(
        {
            "layer": layer,
            "before": before,
            "step": seen,
            "phase": phase(seen, int(steps[-1]) if total_steps is None else total_steps),
            "change": change,
            "magnitude": np.abs(change),
            "relative_magnitude": np.divide(np.abs(change), extent, out=np.full(len(change), np.nan), where=extent > 0),
            "speed": np.abs(values[last, layer] - values[first, layer]) / (last - first + 1),
            "direction": np.where(change > 0, "increase", "decrease"),
        }
    )


def tabulate_jumps(
    steps: np.ndarray, values: np.ndarray, found: list[np.ndarray], total_steps: int | None = None
) -> pd.DataFrame:
    """`describe_jumps` for the indices found in each of the L layers (a list of L arrays)."""
    layer = np.repeat(np.arange(len(found)), [len(before) for before in found])
    before = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
    return describe_jumps(steps, values, layer, before, total_steps)


def jump_rates(jumps: pd.DataFrame, evaluable: np.ndarray, measurements: int) -> pd.DataFrame:
    """Per layer: layer, jumps, per_1000 (points at which a jump can be: measurements - 1), by column number.

    NaN (not 0) for a layer that is not evaluable.
    """
    counts = jump_counts(jumps, evaluable)
    rate = 1000 * counts / (measurements - 1)
    return pd.DataFrame({"layer": np.arange(len(counts)), "jumps": counts, "per_1000": rate})


def jump_counts(jumps: pd.DataFrame, evaluable: np.ndarray) -> np.ndarray:
    """Jumps per layer, (L,) float64: NaN (not 0) for a layer that is not evaluable (bool (L,))."""
    counts = np.bincount(jumps["layer"], minlength=len(evaluable)).astype(np.float64)
    return np.where(evaluable, counts, np.nan)
