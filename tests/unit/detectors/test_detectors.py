"""Detectors on series whose jumps were planted, and on series without any."""

from functools import partial

import numpy as np
import pytest
from ruptures import Pelt
from scipy.stats import binom

from repdyn.detectors import (
    DEFAULT,
    changepoints,
    cusum,
    detectors,
    evaluable,
    levelshift,
    robust_z,
    scenarios,
    validity,
    zscore,
)
from repdyn.detectors.checks import level_noise, unrounded
from repdyn.errors import StudyError
from repdyn.timeseries.jumps import zscore_jumps

NULL_DRAWS = 25
LEVEL = 0.05
DETECTORS = detectors(LEVEL)
quick = partial(levelshift.detect, alpha=LEVEL, surrogates=199)


def noise(seed: int, n: int = 401) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(n)


def step(seed: int, size: float, at: int = 200) -> np.ndarray:
    return scenarios.plant(noise(seed), np.array([at]), np.array([size]))


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_finds_a_large_step_and_says_where(name):
    found = DETECTORS[name](10 + step(0, 20.0, at=120))
    assert found.dtype == np.int64
    assert 120 in found
    assert np.array_equal(found, np.unique(found))


@pytest.mark.parametrize("name", DETECTORS)
def test_no_detector_answers_where_there_is_nothing_to_search(name):
    nan, infinite = step(0, 20.0), step(0, 20.0)
    nan[7], infinite[7] = np.nan, np.inf
    rounding = 1 + 1e-12 * step(0, 20.0)  # what the published "stable rank" looks like
    for values in (np.ones(401), nan, infinite, rounding, step(0, 20.0, at=20)[:49], np.empty(0)):
        assert DETECTORS[name](values).size == 0
    with pytest.raises(StudyError, match=r"one series \(T,\)"):
        DETECTORS[name](np.ones((401, 2)))


def test_evaluable_tells_the_searchable_from_the_quiet():
    values = np.stack([noise(0), np.ones(401), np.where(np.arange(401) == 3, np.nan, noise(1))], axis=1)
    assert evaluable(values).tolist() == [True, False, False]
    assert evaluable(values[:49]).tolist() == [False, False, False]


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("factor", [1e-6, -1e6])
def test_detections_do_not_depend_on_the_unit(name, factor):
    values = step(3, 6.0)
    assert np.array_equal(DETECTORS[name](values), DETECTORS[name](factor * values))


def test_zscore_is_the_published_detector():
    values = noise(5)
    assert zscore.detect(values).tolist() == zscore_jumps(np.arange(401), values)["before"].tolist()


def test_robust_z_is_not_masked_by_what_it_looks_for():
    values = np.repeat(np.arange(41) * 50.0, 10)[:401] + noise(0)  # 40 steps of 50
    steps = np.arange(9, 400, 10)
    assert np.isin(steps, robust_z.detect(values)).all()
    assert not np.isin(steps, zscore.detect(values, threshold=3.5)).any()
    assert robust_z.detect(np.repeat([0.0, 1.0], 200)).size == 0  # no scale to measure against


def test_changepoints_are_those_of_pelt():
    for seed in range(3):
        values = scenarios.several_steps(np.random.default_rng(seed))[0]
        penalty = changepoints.PENALTY * level_noise(values) ** 2 * np.log(len(values))
        pelt = Pelt(model="l2", jump=1, min_size=2).fit(values[:, None]).predict(pen=penalty)
        assert changepoints.detect(values).tolist() == [end - 1 for end in pelt[:-1]]


def test_cusum_dates_the_change_not_the_alarm():
    values = step(1, 4.0, at=150)
    (found,) = cusum.detect(values)
    assert abs(found - 150) <= 2
    values[300:] -= 6
    assert np.abs(cusum.detect(values) - [150, 299]).max() <= 2


# --- the default detector ---


def test_a_level_shift_is_least_squares_under_the_model():
    # Generalised least squares with the covariance the autoregression implies, written out.
    rng = np.random.default_rng(0)
    u = rng.standard_normal((1, 60))
    ar = np.array([[1.0, 0.8, 0.5, 0.2]])
    model = levelshift.IncrementModel(np.zeros((1, 60)), np.ones((1, 60)), ar, np.array([2.0]))
    size, z = levelshift.matched_filter(u, model)
    whitening = sum(np.diag(np.full(60 - k, ar[0, k]), -k) for k in range(4))
    precision = whitening.T @ whitening / 2.0
    assert z[0] == pytest.approx((precision @ u[0]) / np.sqrt(np.diag(precision)))
    assert size[0] == pytest.approx((precision @ u[0]) / np.diag(precision))


@pytest.mark.parametrize("null", scenarios.NULLS)
def test_false_positives_stay_at_the_declared_rate(null):
    counts = np.array([len(quick(scenarios.NULLS[null](rng))) for rng in scenarios.streams(11, null, NULL_DRAWS)])
    assert (counts > 0).sum() <= binom.ppf(0.999, NULL_DRAWS, validity.MAXIMUM_FALSE)


@pytest.mark.parametrize("null", [n for n in scenarios.NULLS if n.endswith(("no noise", "little noise"))])
def test_smooth_curves_without_noise_have_no_jumps(null):
    assert not any(len(quick(scenarios.NULLS[null](rng))) for rng in scenarios.streams(1, null, 15))


def test_a_fast_smooth_change_is_no_jump_but_a_step_beside_it_is():
    t = np.arange(401.0)
    for width in (0.75, 1.0, 2.0, 4.0):
        smooth = 100 / (1 + np.exp(-(t - 150.3) / width)) + 0.1 * noise(1)
        assert quick(smooth).size == 0
        smooth[301:] += 10
        assert quick(smooth).tolist() == [300]
    assert quick(np.where(t > 150, 100.0, 0.0) + 0.1 * noise(1)).tolist() == [150]


def test_a_rounded_series_is_searched_between_its_units():
    walk = np.round(np.random.default_rng(4).standard_normal(401).cumsum() / 3) * 3
    assert (np.diff(walk) == 0).mean() > 0.6
    assert quick(walk).size == 0
    walk[201:] += 30
    assert quick(walk).tolist() == [200]
    same = np.random.default_rng(0)
    assert unrounded(noise(0), same) is not None and np.array_equal(unrounded(noise(0), same), noise(0))


@pytest.mark.parametrize(("scenario", "size", "least"), [(*key, least) for key, least in validity.REQUIRED.items()])
def test_recall_of_planted_steps(scenario, size, least):
    make, phi = scenarios.STEPS[scenario]
    planted = size * scenarios.innovation_scale(phi)
    cases = [scenarios.one_step(make, rng, planted) for rng in scenarios.streams(3, scenario, 30)]
    hits = sum(bool((np.abs(quick(values) - at) <= validity.TOLERANCE).any()) for values, at, _ in cases)
    assert hits >= binom.ppf(0.003, 30, least)


def test_noise_free_steps_and_their_sizes():
    values = np.where(np.arange(401) < 200, 2.0, 5.0)
    shifts = levelshift.find_shifts(values, LEVEL)
    assert shifts.before.tolist() == [199]
    assert shifts.size == pytest.approx([3.0], rel=0.02)
    assert shifts.p == pytest.approx([1 / 1001])
    down = levelshift.find_shifts(step(2, -10.0), LEVEL)
    assert down.before[0] == 200
    assert down.size[0] == pytest.approx(-10, abs=2)


def test_jumps_below_the_minimum_effect_are_not_reported(monkeypatch):
    values = np.linspace(0, 1, 401) + 1e-6 * noise(0)
    values[201:] += 1e-3  # a thousand noise standard deviations, 0.1 % of the range
    assert quick(values).size == 0
    with monkeypatch.context() as patch:
        patch.setattr(levelshift, "MINIMUM_EFFECT", 5e-4)
        assert quick(values).size == 0  # less than the curve itself changes there (1 / 400)
    values[201:] += 0.02
    assert quick(values).tolist() == [200]


def test_a_series_has_one_answer():
    values = step(4, 4.0)
    assert np.array_equal(levelshift.detect(values, LEVEL), levelshift.detect(values, LEVEL))
    for first, second in zip(levelshift.find_shifts(values, LEVEL), levelshift.find_shifts(values, LEVEL), strict=True):
        assert np.array_equal(first, second)


def test_layers_are_corrected_for_their_number():
    rng = np.random.default_rng(0)
    alone = together = 0
    for _ in range(2):
        values = rng.standard_normal((401, 10))
        alone += sum(len(quick(layer)) > 0 for layer in values.T)
        together += sum(len(found.before) > 0 for found in levelshift.search_layers(values, LEVEL, surrogates=399))
    assert together <= 1 and together <= alone  # 20 layers: 1 expected uncorrected, 0.1 corrected
    values[:, 3] = step(0, 10.0)
    values[:, 4] = np.nan
    found = levelshift.search_layers(values, LEVEL, surrogates=399)
    assert found[3].before.tolist() == [200]
    assert found[4].before.size == 0
    with pytest.raises(StudyError, match="10 layers at alpha 0.05 need 200 surrogates"):
        levelshift.search_layers(rng.standard_normal((401, 10)), LEVEL, surrogates=99)
    assert levelshift.search_layers(np.ones((401, 2)), LEVEL)[0].before.size == 0


def test_giving_up_early_changes_no_answer(monkeypatch):
    rng = np.random.default_rng(7)
    series = [rng.standard_normal(401).cumsum() for _ in range(4)] + [
        step(s, size) for s, size in enumerate((2.0, 4.0, 8.0))
    ]
    early = [levelshift.find_shifts(values, LEVEL, surrogates=399) for values in series]
    monkeypatch.setattr(levelshift, "SCREEN", 399)
    for values, found in zip(series, early, strict=True):
        for first, second in zip(found, levelshift.find_shifts(values, LEVEL, surrogates=399), strict=True):
            assert first == pytest.approx(second)


def test_significant_shifts_come_with_their_evidence():
    values = np.random.default_rng(0).standard_normal((401, 3))
    values[:, 1] = step(0, 10.0)
    found = levelshift.search_layers(values, LEVEL, surrogates=399)
    assert [shifts.before.tolist() for shifts in found] == [[], [200], []]
    assert abs(found[1].size[0]) == pytest.approx(10, abs=2)
    assert found[1].p[0] == pytest.approx(1 / 400)


def test_the_default_is_the_one_with_a_null_at_the_level_that_is_asked_for():
    assert DETECTORS[DEFAULT].func is levelshift.detect
    values = step(3, 4.1)
    assert 0.01 < levelshift.find_shifts(values, LEVEL).p.min() <= 0.05
    assert detectors(0.05)[DEFAULT](values).size and not detectors(0.01)[DEFAULT](values).size
