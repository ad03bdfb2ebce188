"""Shapley values: the axioms, games whose answer is known, linear functions, captum, and the sampler against the truth."""

import numpy as np
import pytest
import torch
from captum.attr import ShapleyValues

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.attribution.groups import group_sums, image_parts, runs
from repdyn.attribution.shapley import exact_shapley, masking_game, permutation_shapley
from repdyn.errors import StudyError
from repdyn.models import build


def random_game(players, seed):
    values = np.random.default_rng(seed).standard_normal(2**players)
    return lambda coalitions: values[coalitions @ 2 ** np.arange(players)]


def test_the_glove_game():
    """Two left gloves and a right one: 1/6, 1/6, 2/3 (Shapley 1953)."""

    def game(coalitions):
        return coalitions[:, :2].any(1) & coalitions[:, 2]

    assert exact_shapley(game, 3) == pytest.approx([1 / 6, 1 / 6, 2 / 3])


@pytest.mark.parametrize("players", [1, 2, 5, 12])
def test_efficiency(players):
    game = random_game(players, players)
    none, everybody = game(np.zeros((1, players), bool))[0], game(np.ones((1, players), bool))[0]
    assert exact_shapley(game, players).sum() == pytest.approx(everybody - none, abs=1e-12)


def test_symmetry_dummy_and_additivity():
    inner = random_game(4, 0)

    def game(coalitions):
        # Players 0 and 1 only count together; player 4 adds 3 whoever is there; player 5 does nothing.
        both = coalitions[:, 0] & coalitions[:, 1]
        return inner(np.column_stack([both, coalitions[:, 2:4], both])) + 3 * coalitions[:, 4]

    values = exact_shapley(game, 6)
    assert values[0] == pytest.approx(values[1]) and abs(values[0]) > 0.1
    assert values[4] == pytest.approx(3)
    assert values[5] == pytest.approx(0, abs=1e-12)
    other = random_game(6, 1)
    both = exact_shapley(lambda c: np.stack([game(c), other(c), game(c) + 2 * other(c)], 1), 6)
    np.testing.assert_allclose(both[:, 2], both[:, 0] + 2 * both[:, 1], atol=1e-12)
    np.testing.assert_allclose(both[:, 0], values)


def test_of_a_linear_function_each_feature_gets_weight_times_distance_from_the_mean():
    rng = torch.Generator().manual_seed(0)
    layer = torch.nn.Linear(8, 3)
    x, background = torch.randn(4, 8, generator=rng), torch.randn(30, 8, generator=rng)
    targets = torch.tensor([0, 2, 1, 1])
    game = masking_game(layer, x, targets, torch.arange(8), background)
    expected = (layer.weight[targets] * (x - background.mean(0))).detach().numpy()
    np.testing.assert_allclose(exact_shapley(game, 8).T, expected, atol=1e-5)
    sampled, error = permutation_shapley(game, 8, 2, np.random.default_rng(0))
    np.testing.assert_allclose(sampled.T, expected, atol=1e-5)
    assert error.max() < 1e-6


def test_captum_gives_the_same_values_on_parts_of_images():
    torch.manual_seed(0)
    model = build(NETWORKS["cnn"], **SHAPE).eval()
    x, targets = data(2)
    parts, mean = torch.from_numpy(image_parts(16, 16, 2)), x.mean(0, keepdim=True)
    ours = exact_shapley(masking_game(model, x, targets, parts[None, None], mean), 4).T
    with torch.no_grad():
        theirs = ShapleyValues(model).attribute(x, mean, targets, feature_mask=parts[None, None])
    theirs = group_sums(theirs[:, 0].double().numpy(), np.broadcast_to(parts, (2, 16, 16)), 4)
    np.testing.assert_allclose(ours, theirs / 64, atol=1e-5)  # captum writes a part's value on each of its 64 pixels
    assert np.abs(ours).max() > 0.005


def test_features_outside_all_groups_stay():
    def f(x):
        return x.sum(1, keepdim=True) * x[:, :1]

    x, background = torch.tensor([[2.0, 3.0, 5.0]]), torch.zeros(1, 3)
    values = exact_shapley(masking_game(f, x, torch.tensor([0]), torch.tensor([[-1, 0, 1]]), background), 2)
    np.testing.assert_allclose(values[:, 0], [6, 10])
    # Each example may have groups of its own.
    two = masking_game(f, x.repeat(2, 1), torch.tensor([0, 0]), torch.tensor([[-1, 0, 1], [-1, 1, 0]]), background)
    np.testing.assert_allclose(exact_shapley(two, 2), [[6, 10], [10, 6]])


def test_sampled_values_are_efficient_and_their_errors_true():
    game = random_game(9, 3)
    truth = exact_shapley(game, 9)
    z = []
    for seed in range(40):
        values, error = permutation_shapley(game, 9, 20, np.random.default_rng(seed))
        assert values.sum() == pytest.approx(truth.sum(), abs=1e-12)
        z.append((values - truth) / error)
    # Student's t with 19 degrees of freedom: deviation 1.06; 360 values, those of a draw dependent.
    assert np.std(z) == pytest.approx(1.06, abs=0.15)
    assert np.abs(np.mean(z, 0)).max() < 4 / np.sqrt(40)
    values, error = permutation_shapley(game, 9, 1000, np.random.default_rng(0))
    assert np.abs(values - truth).max() < 0.1
    assert error.max() < 0.05


def test_more_players_than_can_be_counted_and_shapes_that_do_not_fit():
    with pytest.raises(StudyError, match="1 to 12 players, found 13; permutation_shapley"):
        exact_shapley(random_game(2, 0), 13)
    with pytest.raises(StudyError, match="at least 2 pairs"):
        permutation_shapley(random_game(2, 0), 2, 1, np.random.default_rng(0))
    with pytest.raises(StudyError, match=r"background rows \(4,\) do not fit x \(3,\)"):
        masking_game(torch.nn.Linear(3, 1), torch.ones(1, 3), torch.tensor([0]), torch.arange(3), torch.ones(2, 4))


def test_groups_by_hand():
    assert image_parts(4, 5, 2).tolist() == [[0, 0, 0, 1, 1]] * 2 + [[2, 2, 2, 3, 3]] * 2
    assert np.bincount(image_parts(28, 28, 3).ravel()).tolist() == [100, 90, 90, 90, 81, 81, 90, 81, 81]
    known = np.array([[1, 1, 1, 1, 1, 0], [1, 0, 1, 0, 0, 0], [0] * 6], dtype=bool)
    assert runs(known, 3).tolist() == [[0, 0, 1, 1, 2, -1], [0, -1, 1, -1, -1, -1], [-1] * 6]
    assert runs(np.array([[True, False, True]]), 5).tolist() == [[0, -1, 1]]
    sums = group_sums(np.array([[1.0, 2, 4, np.nan]]), np.array([[0, 2, 0, -1]]), 3)
    np.testing.assert_array_equal(sums, [[5, np.nan, 2]])
