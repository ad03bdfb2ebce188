"""Images, Jacobians and trajectories of maps; the order of the integrator; maps that are none."""

from itertools import repeat

import numpy as np
import pytest
import torch
from torch import nn

from repdyn.dynamical_systems.maps import linearised, runge_kutta, trajectory
from repdyn.errors import StudyError


def test_the_jacobian_of_a_cell_is_that_of_finite_differences():
    torch.manual_seed(0)
    cell = nn.GRUCell(2, 5).double()
    inputs = torch.randn(3, 2, dtype=torch.float64)
    states = np.random.default_rng(0).standard_normal((3, 5))

    def step(h):
        return cell(inputs, h)

    images, jacobians = linearised(step, states)
    np.testing.assert_allclose(images, trajectory([step], states)[1], atol=1e-14)
    for i in range(5):
        moved = np.eye(5)[i] * 1e-6
        slope = (linearised(step, states + moved)[0] - linearised(step, states - moved)[0]) / 2e-6
        np.testing.assert_allclose(jacobians[:, :, i], slope, atol=1e-8)


def test_a_map_that_ignores_its_state_has_a_jacobian_of_zeros():
    images, jacobians = linearised(lambda h: torch.ones_like(h), np.zeros((2, 3)))
    assert (images == 1).all() and jacobians.shape == (2, 3, 3) and (jacobians == 0).all()


def test_the_error_of_the_integrator_falls_sixteenfold_with_half_the_step():
    def turn(x):
        return torch.stack([x[:, 1], -x[:, 0]], 1)

    def error(count):
        end = trajectory(repeat(runge_kutta(turn, 1 / count), count), np.array([[1.0, 0.0]]))[-1, 0]
        return np.linalg.norm(end - [np.cos(1), -np.sin(1)])

    assert error(20) / error(40) == pytest.approx(16, abs=1)


def test_maps_that_are_not_square_or_diverge_are_refused():
    with pytest.raises(StudyError, match="the same shape"):
        linearised(lambda h: h[:, :1], np.zeros((2, 3)))
    with pytest.raises(StudyError, match="same shape and type"):
        linearised(lambda h: h.float(), np.zeros((2, 3)))
    with pytest.raises(StudyError, match="diverges"):
        trajectory(repeat(lambda h: h**2, 20), np.full((1, 1), 10.0))
    with pytest.raises(StudyError, match="must be finite"):
        linearised(torch.tanh, np.full((1, 2), np.nan))
    with pytest.raises(StudyError, match="a row per state"):
        linearised(torch.tanh, np.zeros(3))
