"""Exponents of systems whose exponents are known, by tangent vectors and from data, and quiet where there are none."""

from itertools import repeat

import numpy as np
import pytest
import torch

from repdyn.dynamical_systems.divergence import delay_vectors, divergence, largest_exponent
from repdyn.dynamical_systems.lyapunov import kaplan_yorke, lyapunov_spectrum
from repdyn.dynamical_systems.maps import runge_kutta
from repdyn.errors import StudyError


def lorenz(x):
    a, b, c = x.unbind(1)
    return torch.stack([10 * (b - a), a * (28 - c) - b, a * b - 8 / 3 * c], 1)


def henon(x):
    return torch.stack([1 - 1.4 * x[:, 0] ** 2 + x[:, 1], 0.3 * x[:, 0]], 1)


def logistic(x):
    return 4 * x * (1 - x)


def logistic_series(count):
    series = [0.3]
    while len(series) < count:
        series.append(4 * series[-1] * (1 - series[-1]))
    return np.array(series)


def test_lorenz():
    start = np.random.default_rng(0).standard_normal((64, 3)) + [0, 0, 25]
    found, errors = lyapunov_spectrum(repeat(runge_kutta(lorenz, 0.01), 1500), start, 500, 0.01)
    # Sprott 2003; volumes shrink at the trace of the field, wherever the state is.
    np.testing.assert_allclose(found, [0.9056, 0, -14.5723], atol=0.05)
    assert found.sum() == pytest.approx(-(10 + 1 + 8 / 3), abs=1e-3)
    assert kaplan_yorke(found) == pytest.approx(2.062, abs=0.005)
    assert (np.abs(found - [0.9056, 0, -14.5723]) < 4 * errors).all() and (errors < 0.03).all()


def test_henon_and_logistic():
    rng = np.random.default_rng(1)
    found, _ = lyapunov_spectrum(repeat(henon, 600), rng.uniform(-0.1, 0.1, (200, 2)), 100)
    np.testing.assert_allclose(found, [0.4192, -1.6232], atol=0.005)
    assert found.sum() == pytest.approx(np.log(0.3), abs=1e-9)
    found, errors = lyapunov_spectrum(repeat(logistic, 600), rng.uniform(size=(200, 1)), 100)
    assert found[0] == pytest.approx(np.log(2), abs=0.002) and errors[0] < 0.001


@pytest.mark.parametrize("gain", [0.8, 3.0])
def test_a_random_network_is_quiet_below_gain_one_and_chaotic_far_above(gain):
    rng = np.random.default_rng(2)
    weights = torch.from_numpy(gain * rng.standard_normal((40, 40)) / np.sqrt(40))
    start = 0.5 * rng.standard_normal((2, 40))
    found, _ = lyapunov_spectrum(repeat(lambda h: torch.tanh(h @ weights.T), 400), start, 200)
    at_zero = np.log(np.abs(np.linalg.eigvals(weights.numpy())).max())
    if gain < 1:
        assert found[0] == pytest.approx(at_zero, abs=0.005) and found[0] < 0 and kaplan_yorke(found) == 0
    else:
        assert 0.1 < found[0] < at_zero and kaplan_yorke(found) > 3


def test_an_input_driven_map_has_its_conditional_exponents():
    scales = np.random.default_rng(3).uniform(0.2, 0.9, 50)
    found, _ = lyapunov_spectrum([lambda h, s=s: s * h for s in scales], np.ones((1, 2)), 10)
    np.testing.assert_allclose(found, np.log(scales[10:]).mean(), atol=1e-12)


def test_dimension_of_points_cycles_and_volumes():
    assert kaplan_yorke(np.array([-0.1, -2])) == 0
    assert kaplan_yorke(np.array([0.0, -1])) == 1
    assert kaplan_yorke(np.array([0.5, 0.5])) == 2
    assert kaplan_yorke(np.array([1.0, 0, -4])) == 2.25
    with pytest.raises(StudyError, match="numbers"):
        kaplan_yorke(np.array([np.nan, 1]))


def test_no_time_after_settling_is_refused():
    with pytest.raises(StudyError, match="found 5 in all"):
        lyapunov_spectrum(repeat(torch.tanh, 5), np.ones((1, 1)), 5)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_the_exponent_of_the_logistic_map_is_read_off_its_series(dimension):
    curve = divergence(logistic_series(2400), dimension, 1, 5, 20)
    assert largest_exponent(curve) == pytest.approx(np.log(2), abs=0.01)
    assert largest_exponent(curve, dt=0.5) == pytest.approx(2 * np.log(2), abs=0.02)


def test_noise_and_cycles_have_no_exponent():
    rng = np.random.default_rng(4)
    white = rng.standard_normal((5, 1500))
    red = np.cumsum(white, axis=1)
    for series in (*white, *red, np.sin(0.1 * np.arange(1500)), logistic_series(1500)[rng.permutation(1500)]):
        assert np.isnan(largest_exponent(divergence(series, 3, 1, 5, 30)))


def test_too_short_a_series_is_refused():
    with pytest.raises(StudyError, match="200 or more are needed"):
        delay_vectors(np.zeros(150), 2, 1)
    with pytest.raises(StudyError, match="cannot be followed"):
        divergence(np.random.default_rng(0).standard_normal(250), 2, 1, 5, 240)
    with pytest.raises(StudyError, match="finite series"):
        delay_vectors(np.full(300, np.nan), 2, 1)
