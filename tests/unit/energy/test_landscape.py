"""Landscapes and lowest paths: wells of known depth, a bent channel, and one basin where there is one."""

import numpy as np
import pytest
from scipy.stats import gaussian_kde

from repdyn.energy.landscape import Density, density, energy, gradient, minima
from repdyn.energy.paths import barrier, length, lowest_path, spread
from repdyn.errors import StudyError

BANDWIDTHS = (0.03, 0.05, 0.08, 0.12, 0.18, 0.27, 0.4, 0.6)
HEIGHT = 2.0


def double_well(n, seed):
    """Draws from exp(-2 (x^2 - 1)^2), minima at -1 and 1, barrier 2."""
    grid = np.linspace(-2.5, 2.5, 20001)
    weight = np.cumsum(np.exp(-HEIGHT * (grid**2 - 1) ** 2))
    return np.interp(np.random.default_rng(seed).random(n), weight / weight[-1], grid)[:, None]


@pytest.fixture(scope="module")
def wells():
    return density(double_well(4000, 0), double_well(1000, 1), BANDWIDTHS)


def test_the_energy_is_that_of_scipy():
    rng = np.random.default_rng(0)
    rows, at = rng.standard_normal((60, 2)), rng.standard_normal((9, 2))
    ours = Density(rows, 0.4)
    plain = [np.log(np.exp(-((rows - point) ** 2).sum(1) / 0.32).mean() / (2 * np.pi * 0.16)) for point in at]
    assert energy(ours, at) == pytest.approx(-np.array(plain))
    assert energy(Density(rows[:, :1], 0.3 * rows[:, 0].std(ddof=1)), at[:, :1]) == pytest.approx(
        -gaussian_kde(rows[:, 0], 0.3).logpdf(at[:, 0])
    )
    step = 1e-5 * np.eye(2)
    slope = [(energy(ours, at + each) - energy(ours, at - each)) / 2e-5 for each in step]
    assert gradient(ours, at) == pytest.approx(np.stack(slope, 1), abs=1e-6)


def test_a_double_well_has_its_minima_and_its_barrier(wells):
    found = minima(wells, double_well(30, 2))
    assert np.sort(found.states[:2, 0]) == pytest.approx([-1, 1], abs=0.08)
    assert found.starts[:2].sum() > 0.9 and found.starts[:2].min() > 0.3
    top = energy(wells, np.zeros((1, 1)))[0]
    assert top - energy(wells, found.states[:2]) == pytest.approx([HEIGHT] * 2, abs=0.2)


def test_a_bandwidth_that_is_not_chosen_eats_the_barrier(wells):
    wide = Density(wells.centres, 0.3)
    barriers = [energy(each, np.zeros((1, 1)))[0] - energy(each, np.ones((1, 1)))[0] for each in (wells, wide)]
    assert barriers[1] < 1.5 < 1.8 < barriers[0]


def test_a_normal_cloud_has_one_basin():
    rng = np.random.default_rng(1)
    cloud = density(*rng.standard_normal((2, 1000, 2)), BANDWIDTHS)
    found = minima(cloud, rng.standard_normal((40, 2)))
    assert found.starts[0] > 0.8 and np.linalg.norm(found.states[0]) < 0.5


def bent(points):
    """Gradient of 20 (r - 1)^2 + 1 - cos 2a: minima at (1, 0) and (-1, 0), the channel between them a half circle."""
    x, y = points.T
    r = np.hypot(x, y)
    along, out = 2 * np.sin(2 * np.arctan2(y, x)) / r, 40 * (r - 1)
    return np.stack([out * x / r - along * y / r, out * y / r + along * x / r], 1)


def height(points):
    x, y = points.T
    return 20 * (np.hypot(x, y) - 1) ** 2 + 1 - np.cos(2 * np.arctan2(y, x))


def test_the_lowest_path_follows_a_bent_channel_and_the_straight_line_does_not():
    path = lowest_path(bent, np.array([1.0, 0]), np.array([-1.0, 0]), 0.01)
    assert length(path) == pytest.approx(np.pi, rel=0.01)
    assert barrier(height(path)) == pytest.approx((2, 2), abs=0.02)
    straight = np.linspace([1.0, 0], [-1.0, 0], 41) + [0, 1e-9]
    assert barrier(height(straight))[0] > 15
    # The ends find the minima themselves, and the way back is the way.
    rough = lowest_path(bent, np.array([0.9, 0.1]), np.array([-1.1, 0.1]), 0.01)
    assert rough[[0, -1]] == pytest.approx(np.array([[1, 0], [-1, 0]]), abs=0.02)


def test_a_path_over_samples_climbs_what_the_wells_are_deep(wells):
    ends = minima(wells, double_well(10, 3)).states[:2]
    path = lowest_path(lambda at: gradient(wells, at), *ends, 0.002, 21)
    assert barrier(energy(wells, path))[0] == pytest.approx(HEIGHT, abs=0.25)


def test_points_are_spread_evenly():
    path = spread(np.array([[0.0, 0], [1, 0], [1, 3], [1, 3.5]]))
    assert path[0].tolist() == [0, 0] and path[-1].tolist() == [1, 3.5] and path[1] == pytest.approx([1, 0.5])


BAD = [
    (lambda: density(np.ones((3, 2)), np.ones((3, 1)), BANDWIDTHS), "same dimensions"),
    (lambda: density(np.ones((3, 2)), np.ones((3, 2)), BANDWIDTHS), "at the end of those tried"),
    (lambda: energy(Density(np.ones((3, 1)), 1.0), np.array([[np.nan]])), "finite points"),
    (lambda: lowest_path(bent, np.ones(2), np.ones(2), 0.01), "two different ends"),
    (lambda: lowest_path(bent, np.array([1.0, 0]), np.array([-1.0, 0.3]), 5.0), "too high|not converged"),
    (lambda: barrier(np.array([1.0, np.nan])), "finite energies"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(StudyError, match=message):
        call()
