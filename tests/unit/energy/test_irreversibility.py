"""Entropy production and work: closed forms of linear diffusions and of a trap, and equilibrium, which produces nothing."""

import numpy as np
import pytest
from scipy.linalg import expm, solve_continuous_lyapunov

from repdyn.energy.entropy_production import entropy_production, linear_production
from repdyn.energy.work import crooks, jarzynski, landauer, trap_work
from repdyn.errors import StudyError

DT = 0.02
# A field and a diffusion, and what they produce.
SYSTEMS = {
    "equilibrium": (np.array([[-2.0, 1], [1, -2]]), np.eye(2), 0.0),
    "two temperatures": (np.array([[-2.0, 1], [1, -2]]), np.diag([1.0, 3]), 1 / 3),
    "rotor": (np.array([[-1.0, -1], [1, -1]]), np.eye(2), 2.0),
}


def diffused(field, diffusion, trials, steps, seed):
    """Exact steps of a linear diffusion from its stationary state: (trials, steps, d)."""
    rng = np.random.default_rng(seed)
    covariance = solve_continuous_lyapunov(field, -2 * diffusion)
    step = expm(field * DT)
    noise = np.linalg.cholesky(covariance - step @ covariance @ step.T)
    x = rng.standard_normal((trials, len(field))) @ np.linalg.cholesky(covariance).T
    found = []
    for _ in range(steps):
        found.append(x)
        x = x @ step.T + rng.standard_normal(x.shape) @ noise.T
    return np.stack(found, 1)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_linear_diffusion_produces_what_the_formula_says(name):
    field, diffusion, truth = SYSTEMS[name]
    assert linear_production(field, diffusion) == pytest.approx(truth, abs=1e-12)
    series = diffused(field, diffusion, 200, 500, 0)
    found = entropy_production(series, DT)
    assert found.rate == pytest.approx(truth, abs=0.02 + 0.08 * truth)
    assert -0.01 < found.bound < truth + 0.01 + 0.05 * truth and found.bound > 0.5 * truth - 0.01
    # Backwards it turns the other way as fast.
    back = entropy_production(series[:, ::-1], DT)
    assert back.rate == pytest.approx(found.rate, abs=0.03) and back.bound == pytest.approx(found.bound, abs=1e-3)


def test_at_equilibrium_the_product_of_halves_is_as_often_below_0_and_that_of_one_half_never():
    field, diffusion, _ = SYSTEMS["equilibrium"]
    rates = [entropy_production(diffused(field, diffusion, 8, 200, seed), DT).rate for seed in range(30)]
    assert 5 < np.sum(np.array(rates) < 0) < 25
    assert abs(np.mean(rates)) < 3 * np.std(rates) / np.sqrt(30)


def test_one_long_series_serves_as_well_and_scale_does_not_count():
    field, diffusion, truth = SYSTEMS["rotor"]
    series = diffused(field, diffusion, 1, 20000, 1)[0]
    found = entropy_production(series, DT)
    assert found.rate == pytest.approx(truth, abs=0.5)
    mixed = entropy_production(series @ np.array([[2.0, 1], [0, 0.1]]), DT)
    assert mixed.rate == pytest.approx(found.rate, rel=1e-6) and mixed.bound == pytest.approx(found.bound, rel=1e-6)


def test_what_turns_in_one_plane_of_four_is_found():
    field = np.diag([-1.0, -1, -1, -1])
    field[2, 3], field[3, 2] = -1, 1
    found = entropy_production(diffused(field, np.eye(4), 200, 400, 2), DT)
    assert found.rate == pytest.approx(2, abs=0.25) and 1 < found.bound < 2.1


def test_work_of_a_stiffened_trap_gives_its_free_energy_and_more_is_spent():
    rng = np.random.default_rng(0)
    stiffness = np.linspace(1, 4, 101)
    forward = trap_work(np.zeros(101), stiffness, 0.01, 20000, rng)
    backward = trap_work(np.zeros(101), stiffness[::-1], 0.01, 20000, rng)
    truth = np.log(4) / 2
    assert jarzynski(forward) == pytest.approx(truth, abs=0.02)
    assert crooks(forward, backward) == pytest.approx(truth, abs=0.01)
    assert crooks(forward[:5000], backward) == pytest.approx(truth, abs=0.02)
    assert forward.mean() > truth + 0.05 and -backward.mean() < truth - 0.05


def test_a_dragged_trap_has_no_free_energy_and_the_work_of_the_formula():
    rng = np.random.default_rng(1)
    times = np.linspace(0, 2, 401)
    work = trap_work(times, np.full(401, 2.0), times[1], 20000, rng)
    assert work.mean() == pytest.approx(2 - (1 - np.exp(-4)) / 2, abs=0.04)
    assert abs(jarzynski(work)) < 0.05
    # Of normal work the mean is half the variance.
    assert work.var() / 2 == pytest.approx(work.mean(), abs=0.06)
    backward = trap_work(times[::-1], np.full(401, 2.0), times[1], 20000, rng)
    assert crooks(work, backward) == pytest.approx(0, abs=0.03)
    # P(W) / P_reverse(-W) = exp(W), in the bins that both reach.
    edges = np.linspace(-0.5, 0.5, 6)
    ratio = np.log(np.histogram(work, edges)[0] / np.histogram(-backward, edges)[0])
    assert ratio == pytest.approx((edges[1:] + edges[:-1]) / 2, abs=0.2)


def test_a_bit_costs_what_landauer_says():
    assert landauer(300) == pytest.approx(2.871e-21, rel=1e-3)


BAD = [
    (lambda: linear_production(np.eye(2), np.eye(2)), "stable field"),
    (lambda: entropy_production(np.random.default_rng(0).standard_normal((400, 1)), DT), "two or more coordinates"),
    (lambda: entropy_production(np.random.default_rng(0).standard_normal((10, 2)), DT), "16 windows"),
    (lambda: entropy_production(np.random.default_rng(0).standard_normal((800, 2)), DT), "logarithm|diffusion"),
    (lambda: trap_work(np.zeros(3), np.zeros(3), 0.1, 5, None), "above 0"),
    (lambda: jarzynski(np.array([])), "finite work"),
    (lambda: landauer(0), "above 0 kelvin"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(StudyError, match=message):
        call()
