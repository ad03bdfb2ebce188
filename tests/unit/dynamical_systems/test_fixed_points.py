"""Fixed points, slow lines and basins of systems that are known."""

import numpy as np
import pytest
import torch
from scipy.optimize import root
from torch import nn

from repdyn.dynamical_systems.basins import basin_shares, basins
from repdyn.dynamical_systems.fixed_points import fixed_points, speed, unstable_directions
from repdyn.dynamical_systems.maps import runge_kutta
from repdyn.dynamical_systems.slow_points import slow_line
from repdyn.errors import StudyError


def cross(h):
    return torch.tanh(2 * h)


def test_all_nine_points_of_two_units_that_excite_themselves():
    starts = np.random.default_rng(0).uniform(-1.5, 1.5, (128, 2))
    found = fixed_points(cross, starts)
    assert len(found.states) == 9 and found.starts.sum() == 128
    np.testing.assert_array_equal(np.bincount(unstable_directions(found.eigenvalues)), [4, 4, 1])
    edge = root(lambda x: np.tanh(2 * x) - x, 1.0, tol=1e-14).x[0]
    assert edge == pytest.approx(0.9575, abs=1e-4)
    np.testing.assert_allclose(
        np.abs(found.states)[found.states != 0][np.abs(found.states[found.states != 0]) > 0.1], edge
    )
    assert (found.speeds < 1e-20).all()
    at_zero = found.eigenvalues[np.linalg.norm(found.states, axis=1).argmin()]
    np.testing.assert_allclose(at_zero, [2, 2])


def test_an_untrained_cell_has_one_stable_point():
    torch.manual_seed(1)
    cell = nn.GRUCell(3, 24).double()
    starts = np.random.default_rng(1).uniform(-1, 1, (32, 24))
    found = fixed_points(lambda h: cell(torch.zeros(len(h), 3, dtype=h.dtype), h), starts)
    assert len(found.states) == 1 and unstable_directions(found.eigenvalues)[0] == 0


def test_a_map_without_fixed_points_gives_none():
    with pytest.raises(StudyError, match="no fixed point was found from 4 starts"):
        fixed_points(lambda h: h + 1, np.zeros((4, 2)))


def test_speed_is_half_the_squared_step():
    np.testing.assert_allclose(speed(lambda h: h + 2, np.zeros((3, 2))), 4)


def integrator(eigenvalues, seed=0):
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((4, 4)))[0]
    matrix = torch.from_numpy(turn @ np.diag(eigenvalues) @ turn.T)
    return (lambda h: h @ matrix.T), turn


def test_a_planted_integrator_is_a_line_of_slow_points():
    step, turn = integrator([1, 0.8, 0.5, 0.3])
    line = slow_line(step, np.random.default_rng(1).standard_normal((64, 4)), updates=600)
    assert line.share > 0.99 and len(line.states) > 50
    np.testing.assert_allclose(line.moduli, [[1, 0.8]] * len(line.states), atol=1e-9)
    along = line.states @ turn
    assert np.abs(along[:, 0]).mean() > 100 * np.abs(along[:, 1:]).mean()


def test_a_leaky_network_has_no_eigenvalue_of_a_line():
    step, _ = integrator([0.7, 0.6, 0.5, 0.3])
    line = slow_line(step, np.random.default_rng(1).standard_normal((64, 4)), updates=600)
    np.testing.assert_allclose(line.moduli, [[0.7, 0.6]] * len(line.states), atol=1e-9)
    assert np.linalg.norm(line.states, axis=1).max() < 0.02


def test_no_slow_points_and_only_one_are_no_line():
    with pytest.raises(StudyError, match="0 of 64 starts"):
        slow_line(lambda h: h + 1, np.zeros((64, 4)))
    with pytest.raises(StudyError, match="no line"):
        slow_line(lambda h: h / 2, np.zeros((64, 4)))
    with pytest.raises(StudyError, match="2 dimensions"):
        slow_line(lambda h: h / 2, np.zeros((64, 1)))


def test_a_double_well_is_shared_half_and_half():
    well = runge_kutta(lambda x: x - x**3, 0.1)
    starts = np.random.default_rng(2).standard_normal((4000, 1))
    members = basins(well, starts, np.array([[-1.0], [1.0]]), 300)
    np.testing.assert_array_equal(members[np.abs(starts[:, 0]) > 1e-6], (starts > 0)[np.abs(starts[:, 0]) > 1e-6][:, 0])
    np.testing.assert_allclose(basin_shares(members, 2), 0.5, atol=0.02)
    # One step is not enough to arrive.
    assert (basins(well, starts, np.array([[-1.0], [1.0]]), 1) == -1).mean() > 0.8
    with pytest.raises(StudyError, match="one dimension"):
        basins(well, starts, np.zeros((2, 2)), 3)
    with pytest.raises(StudyError, match="need starts"):
        basin_shares(np.array([], dtype=int), 2)
