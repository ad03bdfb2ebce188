"""What every detector asks of a series before it looks at it."""

import numpy as np

from repdyn.errors import StudyError
from repdyn.timeseries.series import evaluable as is_evaluable

TIES = 0.05  # share of increments
MINIMUM = 50  # measurements: fewer do not hold a trend, a noise level and a jump


def evaluable(values: np.ndarray, minimum: int = MINIMUM) -> np.ndarray:
    """Which series can be searched for jumps: finite, not constant, at least `minimum` long.

    values (T, L) -> bool (L,).
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2:
        raise StudyError(f"values must be (T, L), found {values.shape}")
    return is_evaluable(values) & (len(values) >= minimum)


def searchable(values: np.ndarray) -> np.ndarray | None:
    """values (T,) as float64, or None if the series is not evaluable. Raises StudyError for another shape."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1:
        raise StudyError(f"a detector takes one series (T,), found {values.shape}")
    return values if len(values) and evaluable(values[:, None])[0] else None


def level_noise(values: np.ndarray) -> float:
    """Standard deviation of white noise around the level of (T,), from the MAD of the differences.

    Robust against level shifts. For other than white noise it is the scale of the differences over sqrt 2.
    """
    change = np.diff(np.asarray(values, dtype=np.float64))
    return float(1.482602218505602 * np.median(np.abs(change - np.median(change))) / np.sqrt(2))


def unrounded(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A rounded series with uniform noise of one rounding unit; any other as it is: values (T,) -> (T,).

    A series counts as rounded if more than TIES of its increments are 0 and more than TIES are not; the unit is the
    smallest of these. Without that noise most increments are 0, and each of the others stands out from them as a jump does.
    """
    change = np.abs(np.diff(values))
    moved = change > 1e-9 * np.ptp(values)
    if not TIES <= moved.mean() <= 1 - TIES:
        return values
    return values + change[moved].min() * (rng.random(len(values)) - 0.5)


NONE = np.empty(0, dtype=np.int64)
