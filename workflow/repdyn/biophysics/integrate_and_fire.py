"""Leaky integrate-and-fire cells, exact between spikes."""

import numpy as np

from repdyn.biophysics.checks import currents, require_positive
from repdyn.biophysics.spikes import Trace
from repdyn.errors import StudyError

MEMBRANE, REFRACTORY = 10.0, 5.0  # ms


def integrate_and_fire(
    current: np.ndarray, dt: float, membrane: float = MEMBRANE, refractory: float = REFRACTORY
) -> Trace:
    """Cells with tau dv/dt = I - v under currents (steps, n), each constant within its step of dt ms.

    Voltage and current are in units of the threshold, rest and reset are 0: a cell fires where v reaches 1, then stays at 0
    for `refractory` ms. The step is the solution of the equation; a spike falls on the end of its step. Lapicque 1907;
    Gerstner & Kistler 2002, section 4.1. StudyError for a step longer than the membrane's time or the refractory one.
    """
    current = currents(current)
    require_positive(dt=dt, membrane=membrane)
    if refractory < 0 or dt > membrane or 0 < refractory < dt:
        raise StudyError(
            f"steps of {dt:g} ms; no longer than the membrane's {membrane:g} ms and the {refractory:g} ms after a spike is"
            " needed"
        )
    decay, held = np.exp(-dt / membrane), round(refractory / dt)
    voltage, spikes = np.zeros_like(current), np.zeros(current.shape, dtype=bool)
    now, free = np.zeros(current.shape[1]), np.zeros(current.shape[1], dtype=int)
    for step, drive in enumerate(current):
        now = np.where(step >= free, drive + (now - drive) * decay, 0.0)
        fired = now >= 1
        if fired.any():
            now[fired] = 0.0
            free[fired] = step + 1 + held
            spikes[step] = fired
        voltage[step] = now
    return Trace(voltage, spikes)


def constant_rate(
    current: np.ndarray | float, membrane: float = MEMBRANE, refractory: float = REFRACTORY
) -> np.ndarray:
    """Rate in Hz under constant currents (any shape), in closed form: 0 up to the threshold, 1."""
    require_positive(membrane=membrane)
    current = np.asarray(current, dtype=np.float64)
    above = np.maximum(current, 1 + 1e-12)
    return np.where(current > 1, 1000 / (refractory + membrane * np.log(above / (above - 1))), 0.0)
