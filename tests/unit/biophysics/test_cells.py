"""Cells and cables against formulas and converged integrators; and what is refused."""

import numpy as np
import pytest

from repdyn.biophysics.cable import cable_voltage, sealed_decay
from repdyn.biophysics.convergence import order_of
from repdyn.biophysics.hodgkin_huxley import hodgkin_huxley
from repdyn.biophysics.integrate_and_fire import constant_rate, integrate_and_fire
from repdyn.biophysics.izhikevich import izhikevich
from repdyn.biophysics.spikes import firing_rates, irregularity
from repdyn.calibration.neurons import converged_axon, converged_intervals
from repdyn.errors import StudyError


def steady(values, duration, dt):
    return np.tile(np.asarray(values, dtype=float), (round(duration / dt), 1))


def test_rates_of_leaky_cells_are_those_of_the_formula():
    currents = np.array([0.9, 1.0, 1.2, 2.0, 4.0])
    assert constant_rate(currents) == pytest.approx([0, 0, 43.6346, 83.8120, 126.9548], abs=1e-3)
    found = firing_rates(integrate_and_fire(steady(currents, 200, 0.02), 0.02).spikes, 0.02)
    assert found == pytest.approx(constant_rate(currents), rel=0.003) and (found[:2] == 0).all()


@pytest.mark.parametrize("dt", [0.1, 2.5])
def test_below_the_threshold_the_voltage_is_exact_with_any_step(dt):
    found = integrate_and_fire(steady([0.8], 20, dt), dt).voltage[:, 0]
    times = dt * np.arange(1, len(found) + 1)
    assert found == pytest.approx(0.8 * (1 - np.exp(-times / 10)), abs=1e-12)


def test_a_leaky_cell_is_held_after_a_spike_and_the_order_of_its_error_is_one():
    trace = integrate_and_fire(steady([3.0], 60, 0.5), 0.5)
    after = np.flatnonzero(trace.spikes[:, 0])[0]
    assert (trace.voltage[after : after + 11, 0] == 0).all() and trace.voltage[after + 11, 0] > 0
    currents = np.linspace(1.5, 4, 200)
    first = 10 * np.log(currents / (currents - 1))

    def times(dt):
        return (integrate_and_fire(steady(currents, 12, dt), dt).spikes.argmax(0) + 1) * dt

    assert order_of(times, first, (0.4, 0.2, 0.1)) == pytest.approx(1, abs=0.1)


def test_izhikevichs_cells_fire_as_often_as_converged_and_not_as_published():
    kinds = ["regular spiking", "regular spiking", "regular spiking", "fast spiking"]
    currents = [2, 4, 10, 10]
    coarse, fine = (izhikevich(steady(currents, 1000, dt), kinds, dt).spikes.sum(0) for dt in (0.5, 0.05))
    assert coarse.tolist() == [0, 8, 23, 117] and fine[:3].tolist() == [0, 8, 23] and abs(fine[3] - 135) <= 1
    spikes = np.flatnonzero(izhikevich(steady([10], 150, 0.02), ["regular spiking"], 0.02).spikes) * 0.02
    assert np.diff(spikes)[:3] == pytest.approx(converged_intervals("regular spiking", 10.0, 4), rel=0.01)


def test_the_axon_is_that_of_a_converged_integrator():
    times = np.arange(1, 3001) * 0.01
    found = hodgkin_huxley(steady([10.0], 30, 0.01)).voltage[:, 0]
    assert np.abs(found - converged_axon(10.0, np.concatenate([[0], times]))[1:]).max() < 0.5
    trace = hodgkin_huxley(steady([0, 6, 7, 10], 300, 0.04), 0.04)
    assert (2 * trace.spikes[:12500].sum(0)).tolist()[:2] == [0, 4]
    rates = firing_rates(trace.spikes, 0.04, 100)
    assert rates[:2].tolist() == [0, 0] and rates[2:] == pytest.approx([58.3, 68.3], abs=0.5)
    assert trace.voltage[-1, 0] == pytest.approx(-65, abs=0.05) and 39 < trace.voltage[:, 3].max() < 41


def test_rates_and_irregularity_of_few_spikes():
    spikes = np.zeros((100, 4), dtype=bool)
    spikes[50, 1] = spikes[[10, 30], 2] = True
    spikes[::10, 3] = True
    assert firing_rates(spikes, 1.0)[[0, 2, 3]] == pytest.approx([0, 50, 100]) and np.isnan(
        firing_rates(spikes, 1.0)[1]
    )
    found = irregularity(spikes, 1.0)
    assert np.isnan(found[:3]).all() and found[3] == 0
    poisson = np.random.default_rng(0).random((50_000, 1)) < 0.02
    assert irregularity(poisson, 1.0)[0] == pytest.approx(1, abs=0.06)


def test_the_order_of_a_rule_that_is_known():
    def euler(power):
        return lambda dt: (1 - dt + (power == 2) * dt**2 / 2) ** round(1 / dt)

    for power in (1, 2):
        assert order_of(euler(power), np.exp(-1), (0.1, 0.05, 0.025)) == pytest.approx(power, abs=0.1)
    for solve, steps in ((lambda dt: 1.0, (0.1, 0.05)), (lambda dt: np.nan, (0.1, 0.05)), (euler(1), (0.1,))):
        with pytest.raises(StudyError, match="fall with the step|two steps"):
            order_of(solve, np.exp(-1), steps)


def test_a_cable_is_that_of_the_formula_wherever_the_current_flows():
    current = np.zeros(401)
    current[0] = 1
    found = cable_voltage(current, 5.0)
    x = np.linspace(0, 5, 401)
    assert found / found[0] == pytest.approx(sealed_decay(x, 5.0), abs=1e-5)
    assert found[0] == pytest.approx(1 / np.tanh(5), abs=1e-4) and found[80] / found[0] == pytest.approx(
        0.36799, abs=1e-5
    )
    middle = cable_voltage(np.roll(current, 200), 5.0)
    assert middle == pytest.approx(middle[::-1]) and middle[200] == pytest.approx(0.5 / np.tanh(2.5), abs=1e-4)
    assert cable_voltage(current + np.roll(current, 200), 5.0) == pytest.approx(found + middle)
    # All current leaves through the membrane.
    weights = np.full(401, 5 / 400)
    weights[[0, -1]] /= 2
    assert weights @ found == pytest.approx(1)


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (lambda: integrate_and_fire(steady([2], 50, 10), 20), "no longer than"),
        (lambda: integrate_and_fire(steady([2], 50, 1), 1.0, membrane=-10), "membrane = -10"),
        (lambda: integrate_and_fire(np.array([[np.nan]]), 0.1), "finite currents"),
        (lambda: integrate_and_fire(np.ones(5), 0.1), "shape \\(steps, cells\\)"),
        (lambda: constant_rate(2.0, membrane=0), "membrane = 0"),
        (lambda: izhikevich(steady([10], 500, 5), ["fast spiking"], 5.0), "too long"),
        (lambda: izhikevich(steady([1e6], 500, 1), ["fast spiking"], 1.0), "too long"),
        (lambda: izhikevich(steady([10], 10, 1), ["slow spiking"], 1.0), "'slow spiking' is no kind"),
        (lambda: izhikevich(steady([10, 10], 10, 1), ["fast spiking"], 1.0), "a kind for each cell"),
        (lambda: hodgkin_huxley(steady([10], 50, 0.5), 0.5), "longer than the 0.1"),
        (lambda: hodgkin_huxley(steady([10], 50, 1), -0.01), "dt = -0.01"),
        (lambda: firing_rates(np.ones((10, 1)), 1.0, 20), "no step is left"),
        (lambda: firing_rates(np.full((10, 1), 2), 1.0), "0 or 1"),
        (lambda: cable_voltage(np.ones(4), 20.0), "do not meet"),
        (lambda: cable_voltage(np.ones(4), -1.0), "length = -1"),
        (lambda: cable_voltage(np.ones(2), 1.0), "three points"),
    ],
)
def test_what_makes_no_sense_is_refused(refused, said):
    with pytest.raises(StudyError, match=said):
        refused()
