"""Superposition and double descent: the solutions that are known, and models in which there is nothing of the kind."""

import numpy as np
import pytest
import torch

from repdyn.errors import StudyError
from repdyn.organisms.double_descent import random_feature_error
from repdyn.organisms.superposition import dimensions_per_feature, fitted_toy, gaps, losses, stored_features
from repdyn.organisms.tasks import Batch


def test_features_that_are_always_there_get_a_unit_each():
    best = fitted_toy(5, 2, 0.0, 0, instances=4, updates=1000)[0]
    assert len(stored_features(best.weights)) == 2
    assert gaps(best.weights).min() == pytest.approx(90, abs=5)
    assert dimensions_per_feature(best.weights) == pytest.approx(1, abs=0.05)


def test_features_of_middling_sparsity_share_units_in_opposite_pairs():
    best = fitted_toy(5, 2, 0.7, 0, instances=4, updates=1000)[0].weights
    assert len(stored_features(best)) == 4 and gaps(best) == pytest.approx(np.full(4, 90), abs=4)
    assert dimensions_per_feature(best) == pytest.approx(0.5, abs=0.05)


def test_sparse_features_share_two_units_as_a_pentagon():
    toys = fitted_toy(5, 2, 0.9, 0, updates=1500)
    best = toys[0].weights
    assert len(stored_features(best)) == 5
    assert gaps(best) == pytest.approx(np.full(5, 72), abs=4)
    assert dimensions_per_feature(best) < 0.5
    assert [toy.loss for toy in toys] == sorted(toy.loss for toy in toys)


def test_a_feature_counts_nine_tenths_of_the_one_before():
    rng = np.random.default_rng(0)
    targets, outputs = rng.random((4, 5)), rng.random((2, 4, 5))
    batch = Batch(torch.from_numpy(targets), torch.from_numpy(targets))
    by_hand = [sum(0.9**i * ((each - targets) ** 2)[:, i].mean() for i in range(5)) for each in outputs]
    assert losses(torch.from_numpy(outputs), batch).tolist() == pytest.approx(by_hand)


def test_the_geometry_of_drawn_directions_is_measured():
    angles = np.radians([0, 90, 180, 270, 33])
    weights = np.stack([np.cos(angles), np.sin(angles)]) * [1, 1, 1, 1, 0.2]
    assert stored_features(weights).tolist() == [0, 1, 2, 3]
    assert gaps(weights) == pytest.approx(np.full(4, 90)) and gaps(weights).sum() == pytest.approx(360)
    assert dimensions_per_feature(weights[:, :4]) == pytest.approx(0.5)


def mean_error(features, ridge=0.0):
    rng = np.random.default_rng(0)
    return np.mean([random_feature_error(100, 20, features, rng, ridge=ridge, tests=200) for _ in range(10)])


def test_the_error_peaks_where_there_are_as_many_features_as_rows_and_falls_again():
    few, equal, many = (mean_error(p) for p in (50, 100, 1000))
    assert equal > 10 * few and equal > 10 * many and many < few
    assert mean_error(100, 0.1) < 3 * mean_error(50, 0.1)


def test_without_noise_enough_features_read_a_linear_function():
    assert random_feature_error(2000, 3, 12, np.random.default_rng(0), noise=0) < 0.02


BAD = [
    (lambda: fitted_toy(5, 6, 0.5, 0), "1 to 5 units"),
    (lambda: fitted_toy(5, 2, 1.0, 0), "sparsity"),
    (lambda: gaps(np.ones((3, 5))), "two units"),
    (lambda: dimensions_per_feature(np.zeros((2, 5))), "store no feature"),
    (lambda: stored_features(np.array([np.nan])), "finite weights"),
    (lambda: random_feature_error(0, 2, 3, np.random.default_rng(0)), "1 or more"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(StudyError, match=message):
        call()
