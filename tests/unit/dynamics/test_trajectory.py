"""Paths of weights: a straight line, a random walk, and the two told apart."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from repdyn.dynamics.trajectory import displacement_gram, flat_weights, path, step_cosines, walk_gram, walk_limit
from repdyn.errors import StudyError


def test_a_straight_line_has_cosine_one():
    direction = np.random.default_rng(0).standard_normal(500)
    line = [1 + t * direction for t in (0, 1, 2, 4, 8)]
    gram = displacement_gram(line)
    np.testing.assert_allclose(step_cosines(gram), 1)
    assert path(gram).shares[0] == pytest.approx(1) and path(gram).straightness == pytest.approx(1)
    np.testing.assert_allclose(np.sqrt(np.diag(gram)), np.linalg.norm(direction) * np.array([1, 1, 2, 4]))
    there_and_back = displacement_gram([line[0], line[2], line[0], line[2]])
    np.testing.assert_allclose(step_cosines(there_and_back), -1)
    assert path(there_and_back).straightness == pytest.approx(1 / 3)


def test_components_are_those_of_principal_component_analysis():
    positions = np.cumsum(np.random.default_rng(1).standard_normal((9, 40)), axis=0)
    oracle = PCA().fit(positions)
    found = path(displacement_gram(list(positions)))
    np.testing.assert_allclose(found.shares, oracle.explained_variance_ratio_, atol=1e-12)
    projected = oracle.transform(positions)[:, :2]
    np.testing.assert_allclose(found.coordinates, projected * np.sign(projected[-1]), atol=1e-9)
    assert (found.coordinates[-1] > 0).all()


def test_a_random_walk_has_six_over_pi_squared_in_its_first_component():
    limit = path(walk_limit(np.ones(400)))
    assert limit.shares[0] == pytest.approx(6 / np.pi**2, abs=0.003)
    assert limit.shares[1] == pytest.approx(6 / np.pi**2 / 4, abs=0.003)
    # A cosine.
    np.testing.assert_allclose(
        np.corrcoef(limit.coordinates[:, 0], np.cos(np.pi * np.arange(401) / 400))[0, 1], -1, atol=1e-3
    )
    rng = np.random.default_rng(2)
    assert path(walk_gram(np.ones(100), 10**5, rng)).shares[0] == pytest.approx(0.61, abs=0.02)


def test_walks_have_the_lengths_asked_for_and_the_spread_of_drawn_ones():
    rng = np.random.default_rng(3)
    lengths = np.array([0.1, 0.5, 3, 2, 1])
    drawn = []
    for _ in range(400):
        gram = walk_gram(lengths, 30, rng)
        np.testing.assert_allclose(np.sqrt(np.diag(gram)), lengths)
        steps = rng.standard_normal((5, 30))
        steps *= (lengths / np.linalg.norm(steps, axis=1))[:, None]
        drawn.append([[path(each).shares[0], step_cosines(each)[2]] for each in (gram, steps @ steps.T)])
    ours, oracle = np.moveaxis(drawn, 1, 0)
    np.testing.assert_allclose(ours.mean(0), oracle.mean(0), atol=0.03)
    np.testing.assert_allclose(ours.std(0), oracle.std(0), rtol=0.15)
    assert ours[:, 1].std() == pytest.approx(1 / np.sqrt(30), rel=0.15)
    # In few dimensions too, the square of a cosine is 1 / D on average.
    square = np.mean([walk_gram(np.ones(5), 5, rng) ** 2 for _ in range(3000)], axis=0)
    np.testing.assert_allclose(square[~np.eye(5, dtype=bool)], 1 / 5, atol=0.02)
    # With many dimensions, the limit.
    np.testing.assert_allclose(walk_gram(lengths, 10**7, rng), walk_limit(lengths), atol=0.01)


def test_intervals_of_many_updates_make_a_walk_with_another_share():
    """On a logarithmic grid a walk of equal updates does not have the share of one on an even grid."""
    updates = np.diff([0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 500, 1000, 1500, 2000])
    rng = np.random.default_rng(4)
    shares = []
    for _ in range(10):
        positions = np.cumsum(rng.standard_normal((2001, 400)), axis=0)[np.r_[0, np.cumsum(updates)]]
        shares.append(path(displacement_gram(list(positions))).shares[0])
    expected = path(walk_limit(np.sqrt(updates))).shares[0]
    assert expected > 0.7
    assert np.mean(shares) == pytest.approx(expected, abs=0.02)


def test_what_has_no_path():
    still = path(displacement_gram([np.ones(4)] * 3))
    assert np.isnan(still.shares).all() and np.isnan(still.straightness)
    assert np.isnan(step_cosines(displacement_gram([np.ones(4)] * 3))).all()
    with pytest.raises(StudyError, match="3 or more weight vectors"):
        displacement_gram([np.ones(3), np.ones(3)])
    with pytest.raises(StudyError, match="one length"):
        displacement_gram([np.ones(3), np.ones(3), np.ones(4)])
    with pytest.raises(StudyError, match="finite"):
        displacement_gram([np.ones(3), np.full(3, np.nan), np.ones(3)])
    with pytest.raises(StudyError, match="needs as many dimensions"):
        walk_gram(np.ones(5), 4, np.random.default_rng(0))


def test_weights_are_read_in_the_order_of_the_names():
    state = {"b": torch.tensor([[1.0, 2.0]]), "a": torch.tensor([3.0]), "count": torch.tensor(7)}
    assert flat_weights(state, ["a", "b"]).tolist() == [3, 1, 2]
