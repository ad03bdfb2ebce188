"""Dissimilarities and their comparison: against scipy and by hand, planted similarity, and none."""

from itertools import combinations

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import kstest, spearmanr

from repdyn.alignment import rsa
from repdyn.alignment.dissimilarity import (
    correlation_distances,
    crossnobis,
    rank_similarity,
    square,
    squared_distances,
    tau_a,
)
from repdyn.errors import StudyError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_distances_are_those_of_scipy():
    x = rng().standard_normal((12, 7))
    np.testing.assert_allclose(squared_distances(x) * 7, pdist(x, "sqeuclidean"))
    np.testing.assert_allclose(correlation_distances(x), pdist(x, "correlation"))
    assert square(squared_distances(x))[2, 5] == pytest.approx(np.square(x[2] - x[5]).mean())


def test_similarities_are_what_they_are_by_hand_ties_among_them():
    a, b = np.array([1.0, 2, 2, 3, 5, 4]), np.array([2.0, 1, 3, 3, 6, 5])
    signs = [np.sign(a[i] - a[j]) * np.sign(b[i] - b[j]) for i, j in combinations(range(6), 2)]
    assert tau_a(a, b) == pytest.approx(np.sum(signs) / 15)
    assert rank_similarity(a, b) == pytest.approx(spearmanr(a, b).statistic)


def test_crossnobis_is_0_for_noise_where_the_plain_distance_is_not_and_right_for_what_differs():
    noise = [rng(seed).standard_normal((5, 20, 12)) for seed in range(20)]
    assert np.mean([crossnobis(each).mean() for each in noise]) == pytest.approx(0, abs=0.02)
    assert np.mean([squared_distances(each.mean(0)).mean() for each in noise]) == pytest.approx(0.4, abs=0.03)
    means = np.zeros((20, 12))
    means[0] = 2
    found = np.mean([square(crossnobis(means + each))[0, 1:].mean() for each in noise])
    assert found == pytest.approx(4, rel=0.08)


def test_crossnobis_is_the_mean_over_pairs_of_repeats():
    from sklearn.covariance import ledoit_wolf

    responses = rng().standard_normal((3, 5, 4)) @ np.diag([1, 2, 3, 4])
    residuals = (responses - responses.mean(0)).reshape(-1, 4) * np.sqrt(3 / 2)
    inverse = np.linalg.inv(ledoit_wolf(residuals, assume_centered=True)[0])
    by_hand = [
        np.mean([
            (responses[r, i] - responses[r, j]) @ inverse @ (responses[s, i] - responses[s, j]) / 4
            for r in range(3) for s in range(3) if r != s
        ])
        for i, j in combinations(range(5), 2)
    ]  # fmt: skip
    np.testing.assert_allclose(crossnobis(responses), by_hand)


def test_the_true_model_lies_between_the_bounds_and_a_rotated_copy_is_the_same():
    truth = rng(1).standard_normal((50, 12))
    turn = np.linalg.qr(rng(2).standard_normal((12, 12)))[0]
    brains = np.stack([squared_distances(truth + rng(10 + s).standard_normal(truth.shape)) for s in range(12)])
    low, high = rsa.similarity_ceiling(brains)
    found = rsa.mean_similarity(squared_distances(truth @ turn), brains)
    assert low < found < high and found == pytest.approx(rsa.mean_similarity(squared_distances(truth), brains))
    interval = rsa.both_factor_interval(squared_distances(truth), brains, rng(), 60)
    assert interval[0] < found < interval[1] and interval[1] - interval[0] < 0.5
    assert all(np.isnan(rsa.similarity_ceiling(brains[:1]))), "one subject: no ceiling"
    assert all(np.isnan(rsa.both_factor_interval(squared_distances(truth), brains[:1], rng(), 60)))


def test_p_is_small_for_what_is_shared_and_uniform_for_what_is_not():
    x = rng(3).standard_normal((20, 6))
    assert rsa.permutation_p(squared_distances(x), squared_distances(x + 0.3)[None], rng(), 99) == 0.01
    p = []
    for i in range(200):
        model, brain = (squared_distances(rng(seed).standard_normal((12, 4))) for seed in (i, i + 500))
        p.append(rsa.permutation_p(model, brain[None], rng(i), 99))
    assert kstest(p, "uniform").pvalue > 0.01 and 0.4 < np.mean(p) < 0.6


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: crossnobis(np.ones((1, 4, 3))), "two repeats of two stimuli, found 1 of 4"),
        (lambda: crossnobis(np.ones((3, 4, 3))), "the repeats are equal"),
        (lambda: crossnobis(np.full((3, 4, 3), np.nan)), "finite responses"),
        (lambda: squared_distances(np.ones((2, 3))), "three or more"),
        (lambda: correlation_distances(np.ones((4, 3))), "answer alike"),
        (lambda: rank_similarity(np.ones(6), np.arange(6)), "not all the same"),
        (lambda: tau_a(np.arange(6), np.arange(5)), "the same pairs"),
        (lambda: rsa.similarity_ceiling(np.arange(6)), "subjects, pairs"),
    ],
)
def test_what_has_no_similarity_is_said(call, said):
    with pytest.raises(StudyError, match=said):
        call()
