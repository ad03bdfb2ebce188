"""Izhikevich's cells: two equations that fire like many kinds of cortical cell."""

import numpy as np

from repdyn.biophysics.checks import currents, require_bounded, require_positive
from repdyn.biophysics.spikes import Trace
from repdyn.errors import StudyError

# a (1/ms), b, c (mV), d of Izhikevich 2003, figure 2.
KINDS = {
    "regular spiking": (0.02, 0.2, -65.0, 8.0),
    "intrinsically bursting": (0.02, 0.2, -55.0, 4.0),
    "chattering": (0.02, 0.2, -50.0, 2.0),
    "fast spiking": (0.1, 0.2, -65.0, 2.0),
}
PEAK = 30.0  # mV
STEP = 0.02  # ms


def slopes(v, u, current, a, b):
    """dv/dt (mV/ms) and du/dt of voltages and recoveries: arrays or numbers, of shapes that fit."""
    return 0.04 * v * v + 5 * v + 140 - u + current, a * (b * v - u)


def izhikevich(current: np.ndarray, kinds: list[str], dt: float = STEP) -> Trace:
    """Cells of n KINDS under currents (steps, n), by steps of the midpoint rule: voltages in mV.

    A cell starts at c, fires where v reaches PEAK and goes back to c. Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569. Its
    rates depend on dt: with .5 ms, as published, a fast cell fires 14 % slower than with STEP. StudyError for a kind that is
    not known, and for a step so long that the voltage leaves the range of cells or a cell fires in step after step.
    """
    current = currents(current)
    require_positive(dt=dt)
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise StudyError(f"{unknown[0]!r} is no kind of cell; one of {', '.join(KINDS)} is needed")
    if len(kinds) != current.shape[1]:
        raise StudyError(f"a kind for each cell is needed, found {len(kinds)} for {current.shape[1]} cells")
    a, b, c, d = np.array([KINDS[kind] for kind in kinds]).T
    voltage, spikes = np.empty_like(current), np.zeros(current.shape, dtype=bool)
    v, u = c.copy(), b * c
    with np.errstate(over="ignore", invalid="ignore"):
        for step, drive in enumerate(current):
            dv, du = slopes(v, u, drive, a, b)
            dv, du = slopes(v + dt / 2 * dv, u + dt / 2 * du, drive, a, b)
            v, u = v + dt * dv, u + dt * du
            fired = v >= PEAK
            if fired.any():
                v[fired] = c[fired]
                u[fired] += d[fired]
                spikes[step] = fired
            voltage[step] = v
    require_bounded(voltage, dt)
    if (spikes[1:] & spikes[:-1]).any():
        raise StudyError(f"a cell fires in steps that follow one another: {dt:g} ms is too long, take a smaller step")
    return Trace(voltage, spikes)
