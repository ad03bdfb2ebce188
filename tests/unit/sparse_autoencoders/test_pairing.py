"""Features of two networks: the same ones are found in any basis, unrelated ones at chance."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from scipy.stats import ortho_group

from repdyn.errors import StudyError
from repdyn.sparse_autoencoders.autoencoder import encode, fit
from repdyn.sparse_autoencoders.dictionaries import matched, random_dictionary
from repdyn.sparse_autoencoders.pairing import paired_correlation, shuffled_within

D, M, ROWS = 24, 32, 6000


def codes(seed):
    rng = np.random.default_rng(seed)
    return (rng.random((ROWS, M)) < 3 / M) * (0.5 + rng.random((ROWS, M)))


def autoencoder(x, seed):
    """The directions that an autoencoder finds in rows, and its features of the first 1,000."""
    sae = fit(x, M, seed, k=3, steps=1500, batch=128)
    return sae.decoder.numpy(), encode(sae, torch.from_numpy(x[:1000].astype(np.float32))).numpy()


@pytest.fixture(scope="module")
def networks():
    """Two with the same planted features, of which the second's space is rotated, and one with other features."""
    dictionary = random_dictionary(M, D, np.random.default_rng(1))
    same, other = codes(2), codes(3)
    rotation = ortho_group.rvs(D, random_state=4)
    rows = (same @ dictionary, same @ dictionary @ rotation, other @ dictionary)
    return [autoencoder(x, seed) for seed, x in enumerate(rows)]


def null(a, b, groups, draws=10):
    rng = np.random.default_rng(0)
    return [paired_correlation(a[shuffled_within(groups, rng)], b) for _ in range(draws)]


def test_the_same_features_are_found_in_a_rotated_space(networks):
    (directions, ours), (rotated, theirs), (_, unrelated) = networks
    everywhere = np.zeros(1000)
    assert matched(directions, rotated) < 0.6  # cosines of two spaces say nothing
    assert paired_correlation(ours, theirs) > 0.8
    assert max(null(ours, theirs, everywhere)) < 0.2
    chance = null(ours, unrelated, everywhere)
    assert paired_correlation(ours, unrelated) == pytest.approx(np.mean(chance), abs=4 * np.std(chance, ddof=1))
    assert paired_correlation(ours, ours) == pytest.approx(1)


def test_what_two_networks_share_through_the_classes_alone_is_not_beyond_the_null():
    rng = np.random.default_rng(0)
    classes = rng.integers(4, size=800)
    a, b = (np.eye(4)[classes] * rng.random((800, 1)) + 0.2 * rng.random((800, 4)) for _ in range(2))
    found, chance = paired_correlation(a, b), null(a, b, classes, 40)
    assert found > 0.5
    assert abs(found - np.mean(chance)) < 3 * np.std(chance, ddof=1)
    assert found > np.mean(null(a, b, np.zeros(800))) + 0.4


def test_pairs_are_the_best_there_are_and_constant_features_are_left_out():
    rng = np.random.default_rng(1)
    a, b = rng.random((50, 5)), rng.random((50, 3))
    correlation = np.corrcoef(a.T, b.T)[:5, 5:]
    best = correlation[linear_sum_assignment(-correlation)].mean()
    assert paired_correlation(a, b) == pytest.approx(best)
    assert paired_correlation(np.hstack([a, np.zeros((50, 2))]), b) == pytest.approx(best)
    assert np.isnan(paired_correlation(np.ones((50, 4)), b))
    with pytest.raises(StudyError, match="the same rows"):
        paired_correlation(a[:40], b)


def test_rows_are_shuffled_only_within_their_group():
    groups = np.array([0, 1, 0, 1, 0, 2])
    orders = [shuffled_within(groups, np.random.default_rng(seed)) for seed in range(20)]
    assert all(np.array_equal(groups[order], groups) and len(set(order)) == 6 for order in orders)
    assert len({tuple(order) for order in orders}) > 5
