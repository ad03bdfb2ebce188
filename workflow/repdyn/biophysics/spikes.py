"""What a simulated cell gives back, and the rate at which it fires."""

from typing import NamedTuple

import numpy as np

from repdyn.biophysics.checks import require_positive, trains
from repdyn.errors import StudyError


class Trace(NamedTuple):
    """voltage (steps, n) at the end of every step; spikes (steps, n) bool, which steps a cell fired in."""

    voltage: np.ndarray
    spikes: np.ndarray


def firing_rates(spikes: np.ndarray, dt: float, settle: float = 0.0) -> np.ndarray:
    """Rates (n,) in Hz of spikes (steps, n), dt ms a step, after the first `settle` ms: one over the mean interval.

    0 for a cell that never fires, NaN for one spike, which has no interval. StudyError for other spikes, and where nothing
    is left after `settle`.
    """
    require_positive(dt=dt)
    spikes = trains(spikes)[round(settle / dt) :]
    if not len(spikes):
        raise StudyError(f"no step is left after {settle:g} ms")
    rates = np.zeros(spikes.shape[1])
    for cell, train in enumerate(spikes.T):
        times = np.flatnonzero(train) * dt
        if len(times):
            rates[cell] = 1000 * (len(times) - 1) / np.ptp(times) if len(times) > 1 else np.nan
    return rates


def irregularity(spikes: np.ndarray, dt: float) -> np.ndarray:
    """Coefficient of variation (n,) of the intervals between spikes (steps, n): 0 of a clock, 1 of a Poisson process, above
    it of bursts. NaN, not evaluable, for a cell with fewer than three spikes.
    """
    require_positive(dt=dt)
    intervals = [np.diff(np.flatnonzero(train)) * dt for train in trains(spikes).T]
    return np.array([each.std() / each.mean() if len(each) > 1 else np.nan for each in intervals])
