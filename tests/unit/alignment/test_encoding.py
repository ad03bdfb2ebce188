"""Ceilings and encoding models: planted reliability and signal, noise, and the answer that a wrong split gives."""

import numpy as np
import pytest

from repdyn.alignment.ceiling import ceiling, correlated, reliability
from repdyn.alignment.folds import blocked_folds, random_folds
from repdyn.alignment.regression import (
    accuracy,
    explained,
    partial_least_squares,
    predictions,
    ridge,
    shuffled_accuracy,
)
from repdyn.alignment.simulated import parted, simulated_brain, wrong_picks
from repdyn.errors import StudyError


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("repeats", "snr"), [(10, 1), (3, 1), (2, 0.5), (7, 0.2)])
def test_reliability_is_that_of_the_mean_over_repeats_even_or_odd(repeats, snr):
    responses, signal = simulated_brain(rng(1).standard_normal((600, 15)), 20, repeats, snr, rng(2))
    found = reliability(responses, rng())
    assert found.mean() == pytest.approx(snr / (snr + 1 / repeats), abs=0.02)
    true_model = correlated(signal, responses.mean(0)).mean()
    assert ceiling(found).mean() == pytest.approx(true_model, abs=0.02)


def test_a_split_over_stimuli_would_say_0_and_one_repeat_has_no_ceiling():
    responses, _ = simulated_brain(rng(1).standard_normal((600, 15)), 20, 10, 1, rng(2))
    wrong = correlated(responses.mean(0)[:300], responses.mean(0)[300:])
    assert np.abs(wrong.mean()) < 0.05 < 0.9 < reliability(responses, rng()).mean()
    alone = reliability(responses[:1], rng())
    assert np.isnan(alone).all() and np.isnan(ceiling(alone)).all()


def test_noise_has_a_ceiling_of_about_0_and_a_silent_unit_none():
    noise = rng(4).standard_normal((6, 500, 30))
    noise[:, :, 0] = 2.0
    found = reliability(noise, rng())
    assert np.isnan(found[0]) and np.nanmean(found) == pytest.approx(0, abs=0.05)
    assert ceiling(np.array([-0.3, np.nan, 0.25]))[[0, 2]].tolist() == [0, 0.5]


def planted(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """60 features, 20 units that read three directions of them, with as much noise."""
    x = rng(seed).standard_normal((n, 60))
    y = x @ rng(seed + 1).standard_normal((60, 3)) @ rng(seed + 2).standard_normal((3, 20))
    return x, y / y.std(0) + rng(seed + 3).standard_normal(y.shape)


def test_partial_least_squares_and_ridge_come_near_the_ceiling_of_a_half():
    x, y = planted(1200, 10)
    splits = random_folds(len(x), rng(), 3)
    for fit, least in ((ridge, 0.44), (partial_least_squares, 0.46)):
        predicted = predictions(x, y, splits, fit, rng())
        assert least < explained(y, predicted).mean() < 0.52
        assert accuracy(y, predicted, splits).mean() == pytest.approx(np.sqrt(0.5), abs=0.05)


def test_shuffled_stimuli_are_predicted_not_at_all():
    x, y = planted(200, 20)
    splits = random_folds(len(x), rng())
    assert np.abs(shuffled_accuracy(x, y, splits, ridge, rng(), 10).mean()) < 0.04


def test_every_number_of_components_comes_from_one_fit():
    from sklearn.cross_decomposition import PLSRegression

    from repdyn.alignment.regression import _by_components

    x, y = planted(80, 30)
    found = _by_components(x[:60], y[:60], x[60:], 4)
    for components in (1, 4):
        oracle = PLSRegression(components, scale=False).fit(x[:60], y[:60]).predict(x[60:])
        np.testing.assert_allclose(found[components - 1], oracle, atol=1e-6)


def test_a_fold_is_predicted_without_its_stimuli_and_constant_features_predict_the_mean():
    x, y = planted(60, 40)
    splits = random_folds(60, rng())
    changed = y.copy()
    changed[splits[0][1]] += 100
    same = [predictions(x, each, splits, ridge, rng())[splits[0][1]] for each in (y, changed)]
    np.testing.assert_array_equal(*same)
    constant = predictions(np.ones((60, 3)), y, splits, ridge, rng())
    assert (accuracy(y, constant, splits) == 0).all()
    silent = y.copy()
    silent[:, 1] = 4
    found = accuracy(silent, predictions(x, silent, splits, ridge, rng()), splits)
    assert np.isnan(found[1]) and np.isfinite(np.delete(found, 1)).all()


def test_folds_cover_every_stimulus_once_and_blocks_keep_away_from_what_they_judge():
    judged = np.concatenate([test for _, test in random_folds(23, rng())])
    assert sorted(judged) == list(range(23))
    for train, test in blocked_folds(100, 7):
        assert np.abs(train[:, None] - test).min() > 7
    with pytest.raises(StudyError, match="12 stimuli are too few for 5 folds; 15 are needed"):
        random_folds(12, rng())
    with pytest.raises(StudyError, match="use fewer lags"):
        blocked_folds(100, 50)


def test_brains_have_the_noise_that_was_asked_for_and_halves_share_no_unit():
    responses, signal = simulated_brain(rng().standard_normal((4000, 9)), 5, 2, 0.5, rng(1))
    np.testing.assert_allclose(signal.std(0), 1)
    assert (responses - signal).var() == pytest.approx(2, rel=0.03)
    theirs, ours = parted(11, rng())
    assert sorted([*theirs, *ours]) == list(range(11)) and len(theirs) == 5
    for call, said in (
        (lambda: parted(3, rng()), "3 units has no two halves"),
        (lambda: simulated_brain(np.ones((9, 4)), 2, 2, 1, rng()), "without a signal"),
        (lambda: simulated_brain(np.eye(9), 2, 2, 0, rng()), "ratio above 0"),
        (lambda: reliability(np.ones((2, 2, 3)), rng()), "at least 3 of them"),
        (lambda: reliability(np.full((2, 4, 3), np.nan), rng()), "finite responses"),
    ):
        with pytest.raises(StudyError, match=said):
            call()


def test_a_pick_is_the_highest_score_and_none_is_wrong():
    scores = np.array([[0.1, 0.5], [0.7, np.nan], [np.nan, np.nan], [0.9, 0.8]])
    assert wrong_picks(scores, np.array([1, 0, 0, 1])) == 0.5
    with pytest.raises(StudyError, match="as many right layers"):
        wrong_picks(scores, np.array([1]))
