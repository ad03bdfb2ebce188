"""Linear systems: Gramians, time scales, modes of a series, slow features, fields, and the distance of two systems."""

import numpy as np
import pytest
from scipy.linalg import block_diag, expm
from scipy.optimize import linear_sum_assignment

from repdyn.dynamical_systems.gramians import controllability, minimum_energy, observability, reached, time_scales
from repdyn.dynamical_systems.linear_fields import divergence_of, linear_field, turning_share
from repdyn.dynamical_systems.modes import hankel_modes, koopman_eigenvalues, one_step_errors
from repdyn.dynamical_systems.similarity import dynamical_distance, dynamics_matrix
from repdyn.dynamical_systems.slow_features import slow_features
from repdyn.errors import StudyError

DT = 0.02
RATES = np.array([-0.1 - 2j * np.pi, -0.1 + 2j * np.pi, -0.3 - 6j * np.pi, -0.3 + 6j * np.pi, -0.5])


def damped(noise, seed=0):
    t = DT * np.arange(400)
    clean = np.exp(-0.1 * t) * np.cos(2 * np.pi * t) + np.exp(-0.3 * t) * np.cos(6 * np.pi * t) + np.exp(-0.5 * t)
    return clean + noise * np.random.default_rng(seed).standard_normal(400)


def turning(radius, angle):
    return radius * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def test_modes_of_damped_oscillations_are_exact_without_noise_and_close_with_it():
    np.testing.assert_allclose(hankel_modes(damped(0), 100, 5, DT), RATES, atol=1e-8)
    np.testing.assert_allclose(hankel_modes(damped(0.01), 100, 5, DT), RATES, atol=0.005)
    # PyDMD 2025.8.1: HankelDMD(svd_rank=5, d=100, tlsq_rank=5) on the same series.
    found = hankel_modes(damped(0.05), 100, 5, DT)
    np.testing.assert_allclose(found.real, [-0.1006, -0.1006, -0.29345, -0.29345, -0.50402], atol=1e-5)
    np.testing.assert_allclose(found.imag[1::2] / 2 / np.pi, [0.99912, 3.00098], atol=1e-5)


def test_without_delays_a_series_of_one_value_has_one_real_mode():
    found = hankel_modes(damped(0), 1, 1, DT)
    assert found.shape == (1,) and abs(found[0].imag) in (0, pytest.approx(np.pi / DT)) and found[0].real < -1


def test_modes_of_a_known_map_are_its_eigenvalues_over_trials():
    rng = np.random.default_rng(1)
    a = block_diag(turning(0.95, 0.3), turning(0.9, 1.0))
    states = [rng.standard_normal((6, 4))]
    for _ in range(30):
        states.append(states[-1] @ a.T)
    found = hankel_modes(np.stack(states, 1), 1, 4, 1.0)
    np.testing.assert_allclose(np.sort_complex(np.exp(found)), np.sort_complex(np.linalg.eigvals(a)), atol=1e-8)


def test_the_rank_that_predicts_best_is_that_of_the_signal_and_noise_predicts_nothing():
    errors = one_step_errors(damped(0.01), 100, range(1, 9))
    assert errors.argmin() + 1 == 5 and errors[4] < 0.05
    white = np.random.default_rng(2).standard_normal(400)
    # The best guess of white noise is its mean: half the error of repeating the last value.
    assert one_step_errors(white, 20, [1, 3, 5]).min() > 0.45


def test_data_that_do_not_support_a_rank_or_delays_are_refused():
    with pytest.raises(StudyError, match="support a rank of 5, not 7"):
        hankel_modes(damped(0), 100, 7, DT)
    with pytest.raises(StudyError, match="too short a series"):
        hankel_modes(damped(0)[:50], 60, 2, DT)
    with pytest.raises(StudyError, match="support ranks from 1 to 20"):
        hankel_modes(damped(0), 20, 21, DT)
    with pytest.raises(StudyError, match="series is finite"):
        hankel_modes(np.full(100, np.nan), 3, 2, DT)


MU, LAMBDA, STEP = -0.05, -1.0, 0.1


def slow_manifold(x):
    """x1' = mu x1, x2' = lambda (x2 - x1^2): solved."""
    bent = LAMBDA / (LAMBDA - 2 * MU)
    first = x[:, 0] * np.exp(MU * STEP)
    return np.stack([first, (x[:, 1] - bent * x[:, 0] ** 2) * np.exp(LAMBDA * STEP) + bent * first**2], 1)


def observables(x):
    return np.stack([np.ones(len(x)), x[:, 0], x[:, 1], x[:, 0] ** 2], 1)


def test_a_dictionary_that_closes_has_the_rates_of_the_slow_manifold_and_one_that_lacks_a_function_does_not():
    states = np.random.default_rng(3).uniform(-1, 1, (200, 2))
    rates = np.log(koopman_eigenvalues(states, slow_manifold(states), observables)) / STEP
    np.testing.assert_allclose(rates, [0, MU, 2 * MU, LAMBDA], atol=1e-6)
    fewer = np.log(koopman_eigenvalues(states, slow_manifold(states), lambda x: observables(x)[:, :3])) / STEP
    assert np.abs(fewer - 2 * MU).min() > 0.04 and np.abs(fewer - LAMBDA).min() > 1e-3
    with pytest.raises(StudyError, match="do not support 4 functions"):
        koopman_eigenvalues(states[:3], slow_manifold(states)[:3], observables)


def test_gramian_energy_and_rank_of_two_units_of_which_one_has_an_input():
    gramian = controllability(np.diag([0.5, 0.9]), np.array([[1.0], [0.0]]))
    np.testing.assert_allclose(gramian, [[4 / 3, 0], [0, 0]], atol=1e-12)
    assert reached(gramian) == 1
    np.testing.assert_allclose(minimum_energy(gramian, np.eye(2)), [0.75, np.inf])


def test_gramians_are_the_sums_that_they_stand_for_and_dual():
    rng = np.random.default_rng(4)
    a, b, c = rng.standard_normal((5, 5)) / 4, rng.standard_normal((5, 2)), rng.standard_normal((3, 5))
    powers = [np.linalg.matrix_power(a, t) for t in range(200)]
    np.testing.assert_allclose(controllability(a, b), sum(p @ b @ b.T @ p.T for p in powers), atol=1e-10)
    np.testing.assert_allclose(observability(a, c), sum(p.T @ c.T @ c @ p for p in powers), atol=1e-10)
    # The controllability matrix has the rank of the Gramian.
    deaf = block_diag(a[:3, :3], a[3:, 3:])
    only = np.vstack([b[:3], np.zeros((2, 2))])
    matrix = np.hstack([np.linalg.matrix_power(deaf, t) @ only for t in range(5)])
    assert reached(controllability(deaf, only)) == np.linalg.matrix_rank(matrix) == 3
    # The least energy is that of the least-squares inputs.
    target = rng.standard_normal(5)
    inputs = np.linalg.lstsq(np.hstack([p @ b for p in powers]), target, rcond=None)[0]
    assert minimum_energy(controllability(a, b), target[None])[0] == pytest.approx(inputs @ inputs)


def test_unstable_and_misshapen_maps_have_no_gramian():
    with pytest.raises(StudyError, match="stable map"):
        controllability(np.diag([0.5, 1.1]), np.ones((2, 1)))
    with pytest.raises(StudyError, match=r"\(2, 3\)"):
        controllability(np.zeros((2, 3)), np.ones((2, 1)))
    with pytest.raises(StudyError, match="square"):
        time_scales(np.zeros((2, 3)))


def test_time_scales_are_those_of_exponential_decay():
    times = time_scales(expm(-np.diag([1 / 20, 1 / 3]) * 0.5), dt=0.5)
    np.testing.assert_allclose(times, [20, 3])
    np.testing.assert_allclose(time_scales(np.diag([1.2, 1.0, 0.0])), [np.inf, np.inf, 0])
    np.testing.assert_allclose(time_scales(turning(np.exp(-0.1), 1.3)), [10, 10])


def test_slow_features_find_a_slow_sine_and_nothing_slow_in_noise():
    t = np.linspace(0, 2 * np.pi, 2000)
    rng = np.random.default_rng(5)
    sources = np.stack([np.sin(t), np.sin(29 * t), np.cos(11 * t)], 1)
    found = slow_features(sources @ rng.standard_normal((3, 3)) + 7, 2)
    assert abs(np.corrcoef(found.features[:, 0], np.sin(t))[0, 1]) > 0.9999
    assert abs(np.corrcoef(found.features[:, 1], np.cos(11 * t))[0, 1]) > 0.999
    np.testing.assert_allclose(found.features.var(0), 1)
    assert slow_features(rng.permutation(sources), 1).slowness[0] > 1.8
    with pytest.raises(StudyError, match="constant or sums"):
        slow_features(np.hstack([sources, sources[:, :1]]), 1)
    with pytest.raises(StudyError, match="finite series"):
        slow_features(sources[:3], 1)


def test_a_field_is_found_with_its_divergence_and_how_much_of_it_turns():
    t = 0.05 * np.arange(300)
    oscillator = np.stack([3 * np.cos(t), -6 * np.sin(t)], 1)
    field = linear_field(oscillator, 0.05)
    np.testing.assert_allclose(field, [[0, 0.5], [-2, 0]], atol=1e-8)
    assert divergence_of(field) == pytest.approx(0, abs=1e-8)
    assert turning_share(field, np.cov(oscillator.T)) == pytest.approx(1, abs=0.002)
    starts = np.random.default_rng(6).standard_normal((30, 1, 2))
    damping = starts * np.exp(-0.25 * t)[None, :, None]
    field = linear_field(damping, 0.05)
    assert divergence_of(field) == pytest.approx(-0.5)
    assert turning_share(field, np.cov(damping.reshape(-1, 2).T)) == pytest.approx(0, abs=1e-9)
    with pytest.raises(StudyError, match="do not span"):
        linear_field(np.hstack([oscillator, oscillator]), 0.05)
    with pytest.raises(StudyError, match="no real logarithm"):
        linear_field((-0.9) ** np.arange(20.0), 1.0)


def test_a_turned_copy_is_at_distance_zero_and_other_dynamics_are_as_far_as_their_eigenvalues():
    rng = np.random.default_rng(8)
    a = block_diag(turning(0.95, 0.3), turning(0.9, 1.0), turning(0.8, 0.1))
    turn = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    assert dynamical_distance(a, turn @ a @ turn.T, rng) < 1e-4
    for angles in ((0.6, 1.6, 0.5), (0.35, 1.1, 0.1)):
        b = block_diag(*(turning(r, w) for r, w in zip((0.95, 0.9, 0.8), angles, strict=True)))
        squares = np.abs(np.linalg.eigvals(a)[:, None] - np.linalg.eigvals(b)) ** 2
        least = np.sqrt(squares[linear_sum_assignment(squares)].sum() / ((a**2).sum() + (b**2).sum()))
        turned = turn @ b @ turn.T
        assert dynamical_distance(a, turned, rng) == pytest.approx(least, abs=1e-3)
    with pytest.raises(StudyError, match="one size"):
        dynamical_distance(a, a[:4, :4], rng)


def test_the_map_of_a_series_does_not_depend_on_its_coordinates():
    rng = np.random.default_rng(9)
    a, other = (block_diag(turning(0.97, w), turning(0.9, 1.0)) for w in (0.3, 0.8))
    start = rng.standard_normal((10, 4))

    def run(matrix):
        return np.stack([start @ np.linalg.matrix_power(matrix, t).T for t in range(40)], 1)

    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    maps = [dynamics_matrix(series, 2, 4) for series in (run(a), run(a) @ turn, run(other))]
    assert dynamical_distance(maps[0], maps[1], rng) < 1e-4
    assert dynamical_distance(maps[0], maps[2], rng) > 0.1
