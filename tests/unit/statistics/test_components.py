"""The one PCA: scikit-learn's numbers, wide or tall, and no direction of rounding."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from repdyn.statistics.components import principal_components


@pytest.mark.parametrize("shape", [(60, 8), (8, 60), (20, 20)])
def test_agrees_with_scikit_learn(shape):
    x = np.random.default_rng(0).standard_normal(shape) * np.linspace(1, 3, shape[1])
    x -= x.mean(0)
    squares, directions = principal_components(x, 3)
    theirs = PCA(3, svd_solver="full").fit(x)
    np.testing.assert_allclose(squares[::-1] / (len(x) - 1), theirs.explained_variance_, rtol=1e-10)
    np.testing.assert_allclose(np.abs((directions[:, ::-1] * theirs.components_.T).sum(0)), 1, rtol=1e-10)
    np.testing.assert_allclose(directions.T @ directions, np.eye(3), atol=1e-10)


@pytest.mark.parametrize("shape", [(50, 6), (6, 50)])
def test_a_plane_has_two_directions_and_a_constant_none(shape):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((shape[0], 2)) @ rng.standard_normal((2, shape[1]))
    squares, directions = principal_components(x - x.mean(0), 5)
    assert len(squares) == 2 and directions.shape == (shape[1], 2)
    assert principal_components(np.zeros(shape), 5)[1].shape == (shape[1], 0)
    assert principal_components(x, 0)[1].shape == (shape[1], 0)
