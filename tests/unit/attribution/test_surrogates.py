"""KernelSHAP and LIME: linear games, exact Shapley values in the limit, captum on the same coalitions."""

import math

import numpy as np
import pytest
import torch
from captum._utils.models.linear_model import SkLearnLinearRegression
from captum.attr import LimeBase
from sklearn.linear_model import LinearRegression

from repdyn.attribution.shapley import exact_shapley, tabulated
from repdyn.attribution.surrogates import fitted_coefficients, fitted_values, kernel_shap, lime, nearness
from repdyn.errors import StudyError


def random_game(players, games=1):
    values = np.random.default_rng(players).standard_normal((2**players, games))
    return lambda coalitions: values[coalitions @ 2 ** np.arange(players)]


def linear_game(weights):
    return lambda coalitions: 3 + coalitions @ weights


def test_of_a_linear_game_both_give_the_weights():
    weights = np.array([2.0, -1.0, 0.0, 0.5])
    rng = np.random.default_rng(0)
    np.testing.assert_allclose(kernel_shap(linear_game(weights), 4, 20, rng), weights, atol=1e-10)
    np.testing.assert_allclose(lime(linear_game(weights), 4, 60, rng), weights, atol=1e-10)


def test_coalitions_without_their_complements_give_the_weights_too():
    weights, coalitions = np.array([2.0, -1.0, 0.0, 0.5]), np.eye(4, dtype=bool) | (np.arange(4) == 0)
    np.testing.assert_allclose(fitted_values(linear_game(weights), coalitions, np.ones(4)), weights, atol=1e-10)


def test_lime_is_the_fit_in_which_coalitions_near_to_all_count_most():
    game, coalitions = random_game(6), np.random.default_rng(5).random((80, 6)) < 0.5
    cosine = [row.sum() / np.sqrt(row.sum() * 6) if row.any() else 0.0 for row in coalitions]
    plain = LinearRegression().fit(coalitions, game(coalitions)[:, 0], np.exp(-((1 - np.array(cosine)) ** 2) / 0.25**2))
    found = lime(game, 6, 80, np.random.default_rng(5))[:, 0]
    np.testing.assert_allclose(found, plain.coef_, atol=1e-8)


def test_with_all_coalitions_and_shapleys_kernel_the_fit_is_exact():
    players, game = 5, random_game(5, 3)
    every = (np.arange(1, 2**players - 1)[:, None] >> np.arange(players)) % 2 == 1
    size = every.sum(1)
    kernel = np.array([(players - 1) / (math.comb(players, k) * k * (players - k)) for k in size])
    np.testing.assert_allclose(fitted_values(game, every, kernel), exact_shapley(game, players), atol=1e-10)


def test_sampled_values_are_complete_and_near_the_exact_ones():
    players, game = 8, random_game(8, 4)
    exact = exact_shapley(game, players)
    few, many = (kernel_shap(game, players, pairs, np.random.default_rng(1)) for pairs in (30, 3000))
    ends = game(np.array([[False] * players, [True] * players]))
    for found in (few, many):
        np.testing.assert_allclose(found.sum(0), ends[1] - ends[0], atol=1e-10)
    assert np.abs(many - exact).max() < 0.1 < np.abs(few - exact).max()


def test_captum_gives_the_same_fit_to_the_same_coalitions():
    rng = np.random.default_rng(2)
    coalitions, values = rng.random((40, 5)) < 0.5, random_game(5)
    rows = iter(torch.from_numpy(coalitions.astype(np.float32)))
    theirs = LimeBase(
        lambda x: torch.from_numpy(values(x.numpy() > 0.5)[:, 0]),
        SkLearnLinearRegression(),
        lambda _original, _perturbed, z, **_: float(nearness(z.numpy() > 0.5)[0]),
        lambda _x, **_: next(rows)[None],
        True,
        lambda z, *_, **__: z,
        None,
    ).attribute(torch.ones(1, 5), n_samples=40, num_interp_features=5)
    ours = fitted_coefficients(values, coalitions, nearness(coalitions))[:, 0]
    np.testing.assert_allclose(ours, theirs.numpy().reshape(-1), atol=1e-5)
    assert np.abs(ours).max() > 0.1


def test_a_game_without_players_that_count_has_values_of_zero():
    game = linear_game(np.zeros(6))
    rng = np.random.default_rng(3)
    assert np.abs(kernel_shap(game, 6, 30, rng)).max() < 1e-12 and np.abs(lime(game, 6, 60, rng)).max() < 1e-12


def test_a_table_of_a_game_is_the_game():
    game, coalitions = random_game(6, 2), np.random.default_rng(4).random((30, 6)) < 0.5
    np.testing.assert_array_equal(tabulated(game, 6)(coalitions), game(coalitions))


def test_too_few_coalitions_are_refused():
    with pytest.raises(StudyError, match="KernelSHAP needs more coalitions"):
        kernel_shap(random_game(8), 8, 2, np.random.default_rng(0))
    with pytest.raises(StudyError, match="LIME needs more coalitions"):
        lime(random_game(8), 8, 5, np.random.default_rng(0))
    with pytest.raises(StudyError, match="2 or more players"):
        kernel_shap(random_game(1), 1, 5, np.random.default_rng(0))
