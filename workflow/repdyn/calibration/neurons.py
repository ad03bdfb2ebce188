"""Cells whose rate, order of convergence or voltage is known: by a formula, or from an integrator that has converged."""

import numpy as np
from scipy.integrate import solve_ivp

from repdyn.biophysics.cable import cable_voltage, sealed_decay
from repdyn.biophysics.convergence import order_of
from repdyn.biophysics.hodgkin_huxley import (
    CAPACITANCE,
    REST,
    REVERSALS,
    conductances,
    gate_rates,
    hodgkin_huxley,
    settled,
)
from repdyn.biophysics.integrate_and_fire import constant_rate, integrate_and_fire
from repdyn.biophysics.izhikevich import KINDS, PEAK, izhikevich, slopes
from repdyn.biophysics.spikes import firing_rates, irregularity
from repdyn.calibration.trial import Trial, attempted

FINE = {"rtol": 1e-9, "atol": 1e-9}


def steady(value: float, duration: float, dt: float) -> np.ndarray:
    """A current (steps, 1)."""
    return np.full((round(duration / dt), 1), value)


def rate_of_a_leaky_cell(rng: np.random.Generator) -> Trial:
    def found(current):
        return firing_rates(integrate_and_fire(steady(current, 200, 0.01), 0.01).spikes, 0.01)[0]

    return Trial(
        "twice the current of the threshold, against the formula", "rate, Hz", float(constant_rate(2.0)), 0.1,
        [found(2.0)], "a current below the threshold", 0, 0, [found(0.99)],
    )  # fmt: skip


def converged_intervals(kind: str, current: float, spikes: int) -> np.ndarray:
    """Intervals (spikes - 1,) in ms of one of Izhikevich's cells, from scipy's integrator, stopped at every peak."""
    a, b, c, d = KINDS[kind]

    def peak(_, state):
        return state[0] - PEAK

    peak.terminal, peak.direction = True, 1  # type: ignore[attr-defined]
    state, time, times = np.array([c, b * c]), 0.0, []
    for _ in range(spikes):
        run = solve_ivp(
            lambda _, s: slopes(s[0], s[1], current, a, b), (0, 1000), state, events=peak, method="DOP853", **FINE
        )
        time += run.t[-1]
        times.append(time)
        state = np.array([c, run.y[1, -1] + d])
    return np.diff(times)


def rate_of_a_fast_cell(rng: np.random.Generator) -> Trial:
    kind, settle = "fast spiking", 20
    truth = 1000 / converged_intervals(kind, 10.0, 60)[settle:].mean()

    def found(current, dt=0.02):
        spikes = izhikevich(steady(current, 450, dt), [kind], dt).spikes
        times = np.flatnonzero(spikes[:, 0])[settle:60] * dt
        return 1000 / np.diff(times).mean() if len(times) > 1 else 0.0

    return Trial(
        "a fast cell under a current of 10, against a converged integrator", "rate, Hz", truth, 1, [found(10.0)],
        "without a current", 0, 0, [found(0.0)],
    )  # fmt: skip


def axon_slopes(_, state: np.ndarray, current: float) -> np.ndarray:
    v, gates = state[0], state[1:]
    opening, closing = gate_rates(v)
    flow = (conductances(gates) * (np.array(REVERSALS) - v)).sum() + current
    return np.concatenate([[flow / CAPACITANCE], opening * (1 - gates) - closing * gates])


def converged_axon(current: float, times: np.ndarray) -> np.ndarray:
    """Voltages of the axon at these times (ms), from scipy's LSODA."""
    start = np.concatenate([[REST], settled(np.array(REST))])
    return solve_ivp(axon_slopes, (0, times[-1]), start, "LSODA", times, args=(current,), **FINE).y[0]


def spikes_of_an_axon(rng: np.random.Generator) -> Trial:
    times = np.arange(0, 100, 0.02)
    above = converged_axon(10.0, times) > 0
    truth = times[1:][above[1:] & ~above[:-1]]

    def last(current):
        spikes = np.flatnonzero(hodgkin_huxley(steady(current, 100, 0.02), 0.02).spikes)
        return (spikes[len(truth) - 1] + 1) * 0.02 if len(spikes) >= len(truth) else np.nan

    return Trial(
        "an axon under 10 uA / cm2, against a converged integrator", f"time of spike {len(truth)}, ms", truth[-1], 0.3,
        [last(10.0)], "without a current: no such spike", np.nan, 0, [last(0.0)],
    )  # fmt: skip


def order_of_the_midpoint_rule(rng: np.random.Generator) -> Trial:
    """Before the first peak, where nothing is put back."""
    a, b, c, _ = KINDS["regular spiking"]
    truth = solve_ivp(
        lambda _, s: slopes(s[0], s[1], 4.0, a, b), (0, 5), np.array([c, b * c]), "DOP853", **FINE
    ).y[0, -1]  # fmt: skip

    def voltage(dt, duration=5):
        return izhikevich(steady(4.0, duration, dt), ["regular spiking"], dt).voltage[-1, 0]

    return Trial(
        "Izhikevich's cell before a spike, steps of .5 to .0625 ms", "order of the error in the step", 2, 0.15,
        [order_of(voltage, truth, (0.5, 0.25, 0.125, 0.0625))],
        "steps of 20 and 10 ms, of which the cell goes out of range", np.nan, 0,
        [attempted(order_of, lambda dt: voltage(dt, 200), truth, (20.0, 10.0))],
    )  # fmt: skip


def order_of_the_axon(rng: np.random.Generator) -> Trial:
    truth = converged_axon(10.0, np.array([0, 5.0]))[-1]

    def voltage(dt):
        return hodgkin_huxley(steady(10.0, 5, dt), dt).voltage[-1, 0]

    return Trial(
        "the axon after 5 ms, steps of .02 to .0025 ms", "order of the error in the step", 2, 0.1,
        [order_of(voltage, truth, (0.02, 0.01, 0.005, 0.0025))],
        "steps of 1 and .5 ms, longer than gates take", np.nan, 0, [attempted(order_of, voltage, truth, (1.0, 0.5))],
    )  # fmt: skip


def order_of_the_cable(rng: np.random.Generator) -> Trial:
    def decay(gap):
        current = np.zeros(round(5 / gap) + 1)
        current[0] = 1
        voltage = cable_voltage(current, 5.0)
        return voltage[round(1 / gap)] / voltage[0]

    truth = sealed_decay(1.0, 5.0)
    return Trial(
        "a sealed cable of five length constants, 50 to 400 points", "order of the error in the distance of points", 2, 0.05,
        [order_of(decay, truth, (0.1, 0.05, 0.025, 0.0125))],
        "points more than a length constant apart", np.nan, 0, [attempted(order_of, decay, truth, (2.5, 1.25))],
    )  # fmt: skip


def voltage_of_a_cable(rng: np.random.Generator) -> Trial:
    current = np.zeros(401)
    current[0] = 1
    voltage = cable_voltage(current, 5.0)
    return Trial(
        "a sealed cable of five length constants", "voltage after one, as a share", np.cosh(4) / np.cosh(5), 1e-5,
        [voltage[80] / voltage[0]], "without a current", 0, 0, [cable_voltage(0 * current, 5.0)[80]],
    )  # fmt: skip


def irregular_spikes(rng: np.random.Generator) -> Trial:
    clock = np.zeros((20_000, 1), dtype=bool)
    clock[::20] = True
    return Trial(
        "spikes by chance, one in 50 steps", "variation of intervals", 1, 0.05,
        [irregularity(rng.random((100_000, 1)) < 0.02, 1.0)[0] for _ in range(3)],
        "a clock", 0, 1e-12, [irregularity(clock, 1.0)[0]],
    )  # fmt: skip
