"""Hodgkin and Huxley's axon: voltage and three gates."""

import numpy as np

from repdyn.biophysics.checks import currents, require_positive
from repdyn.biophysics.spikes import Trace
from repdyn.errors import StudyError

SODIUM, POTASSIUM, LEAK = 120.0, 36.0, 0.3  # mS / cm2
REVERSALS = (50.0, -77.0, -54.387)  # mV, of the three
CAPACITANCE = 1.0  # uF / cm2
REST = -65.0  # mV
STEP = 0.01  # ms


def gate_rates(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rates (3, ...) in 1/ms at which the gates m, h and n open and close at voltages v (mV)."""
    m, n = (v + 40) / 10, (v + 55) / 10
    opening = np.array([_ramp(m), 0.07 * np.exp(-(v + 65) / 20), 0.1 * _ramp(n)])
    closing = np.array([4 * np.exp(-(v + 65) / 18), 1 / (1 + np.exp(-(v + 35) / 10)), 0.125 * np.exp(-(v + 65) / 80)])
    return opening, closing


def _ramp(x: np.ndarray) -> np.ndarray:
    """x / (1 - exp(-x)), 1 + x / 2 near 0."""
    near = np.abs(x) < 1e-6
    x = np.where(near, 1.0, x) if np.any(near) else x
    return np.where(near, 1.0, x / -np.expm1(-x))


def conductances(gates: np.ndarray) -> np.ndarray:
    """Of sodium, potassium and the leak (3, ...) in mS / cm2, of gates (3, ...)."""
    m, h, n = gates
    return np.array([SODIUM * m**3 * h, POTASSIUM * n**4, np.full_like(m, LEAK)])


def settled(v: np.ndarray) -> np.ndarray:
    """The gates (3, ...) after a long time at voltages v."""
    opening, closing = gate_rates(v)
    return opening / (opening + closing)


def hodgkin_huxley(current: np.ndarray, dt: float = STEP) -> Trace:
    """Patches of axon under currents (steps, n) in uA / cm2, from rest, by exponential Euler steps: voltages in mV.

    Gates and voltage take turns, so that from rest the error falls with the square of the step. A spike is a step in which
    the voltage comes above 0. Hodgkin & Huxley 1952, J. Physiol. 117:500, voltages shifted so that rest is at -65 mV; Rush &
    Larsen 1978. StudyError for a step longer than the fastest time constant of a gate that was met: the method stays
    bounded, and wrong.
    """
    current = currents(current)
    require_positive(dt=dt)
    reversals = np.array(REVERSALS)[:, None]
    v = np.full(current.shape[1], REST)
    gates = settled(v)
    voltage, fastest = np.empty_like(current), 0.0
    for step, drive in enumerate(current):
        opening, closing = gate_rates(v)
        total = opening + closing
        target = opening / total
        gates = target + (gates - target) * np.exp(-dt * total)
        open_now = conductances(gates)
        whole = open_now.sum(0)
        target = ((open_now * reversals).sum(0) + drive) / whole
        v = target + (v - target) * np.exp(-dt * whole / CAPACITANCE)
        voltage[step] = v
        fastest = max(fastest, total.max())
    if dt * fastest > 1:
        raise StudyError(
            f"a step of {dt:g} ms is longer than the {1 / fastest:.2g} ms in which gates move; take a smaller one"
        )
    above = voltage > 0
    return Trace(voltage, above & ~np.concatenate([np.zeros((1, len(v)), dtype=bool), above[:-1]]))
