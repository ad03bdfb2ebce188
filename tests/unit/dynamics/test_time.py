"""Turns of dimension, emergence by rule and phases of curves: planted ones are found where they are, nothing elsewhere."""

import numpy as np
import pytest
from scipy.stats import binomtest

from repdyn.dynamics.emergence import emergence
from repdyn.dynamics.hunchback import LEAST, sign_test, turn
from repdyn.dynamics.phases import change_points, power
from repdyn.errors import StudyError

# Checkpoints of the study.
STEPS = np.array([0, 1, 2, 4, 8, 16, 32, 64, 100, 128, 256, 500, 1000, 1500, 2000])


def test_a_hunchback_is_found_and_a_monotone_series_is_not():
    up = turn([10, 20, 30, 20])
    assert up.sign == 1 and up.height == pytest.approx(np.log(1.5))
    down = turn([30, 15, 10, 20])
    assert down.sign == -1 and down.height == pytest.approx(-np.log(2))
    for monotone in (np.linspace(1, 30, 14), np.geomspace(30, 1, 14), np.full(14, 3.0)):
        assert turn(monotone) == (0, 0)
    # Both: the larger counts.
    assert turn([10, 20, 6, 10]).sign == 1 and turn([10, 15, 4, 10]).sign == -1


def test_upside_down_is_the_other_direction():
    rng = np.random.default_rng(0)
    for _ in range(50):
        series = np.exp(np.cumsum(0.1 * rng.standard_normal(14)))
        first, second = turn(series, 0.01), turn(1 / series, 0.01)
        assert first.sign == -second.sign and first.height == pytest.approx(-second.height)


def test_a_turn_must_be_large_and_beyond_error():
    assert turn([10, 10 * (1 + LEAST) * 1.01, 10]).sign == 1
    assert turn([10, 10 * (1 + LEAST) * 0.99, 10]).sign == 0
    assert turn([10, 13, 10], error=0.05).sign == 1 and turn([10, 13, 10], error=0.07).sign == 0
    assert np.isnan(turn([1, 2, np.nan]).sign) and np.isnan(turn([1, 0, 2]).sign)
    assert np.isnan(turn([1, 2, 1], error=np.nan).sign)
    with pytest.raises(StudyError, match="at least 3"):
        turn([1, 2])


def test_the_sign_test_is_exact_and_has_no_preference():
    test = sign_test([1, 1, 1, 1, 1, 1, 0, np.nan])
    assert test == (6, 0, 1, binomtest(6, 6).pvalue) and test.p == pytest.approx(2 / 64)
    assert sign_test([-1] * 6).p == test.p and sign_test([1, -1]).p == 1
    assert np.isnan(sign_test([0, np.nan]).p)
    rng = np.random.default_rng(1)
    walks = np.exp(np.cumsum(0.3 * rng.standard_normal((200, 10, 14)), axis=2))
    rejected = [sign_test([turn(series).sign for series in runs]).p <= 0.05 for runs in walks]
    assert np.mean(rejected) < 0.07


def test_what_emerges_at_200_is_found_at_200():
    steps = np.array([0, 100, 200, 300, 400])
    found = emergence(steps, np.array([[0.0, 0.1, 0.6, 0.8, 1.0]]).T)
    assert found.tolist() == [200]
    assert emergence(steps, np.array([[0.0, -0.1, -0.6, -0.8, -1.0]]).T).tolist() == [200]


def test_the_rule_of_emergence_clause_by_clause():
    steps = np.array([0, 1, 2, 4, 8])
    series = {
        "half is enough": ([0, 0, 0.5, 0.9, 1], 2),
        "less is not": ([0, 0, 0.49, 0.9, 1], 4),
        "not if it goes again": ([0, 0.8, 0.2, 0.9, 1], 4),
        "not with the other sign": ([0, -0.8, 0.9, 0.9, 1], 2),
        "not at the last step alone": ([0, 0, 0, 0, 1], np.nan),
        "there from the start": ([1, 1, 1, 1, 1], 0),
        "nothing at the end": ([0, 1, 1, 1, 0], np.nan),
        "not where it is missing": ([1, 1, np.nan, 1, 1], 4),
        "never": ([np.nan] * 5, np.nan),
    }
    effects = np.array([values for values, _ in series.values()]).T
    np.testing.assert_array_equal(emergence(steps, effects), [step for _, step in series.values()])
    least = np.array([0.05, 2.0])
    np.testing.assert_array_equal(emergence(steps, effects[:, :2], least), [2, np.nan])
    with pytest.raises(StudyError, match=r"found \(5, 9\) and \(4,\)"):
        emergence(steps[:4], effects)
    with pytest.raises(StudyError, match="ascending"):
        emergence(steps[::-1], effects)


TIMES = np.arange(0, 1500, 5)


def found(curve, seed=0, times=TIMES):
    return change_points(times, curve, np.random.default_rng(seed)).before.tolist()


def test_planted_changes_are_recovered():
    rng = np.random.default_rng(2)
    decay = np.exp(-TIMES / 100)
    for curve in (decay - 0.4 * (TIMES > 1000), 3 - 7 * (decay - 0.4 * (TIMES > 1000))):
        noise = 0.02 * np.ptp(curve) * rng.standard_normal(len(TIMES))
        assert found(curve + noise) == [200]
    both = decay - 0.4 * (TIMES > 500) - 0.4 * (TIMES > 1000) + 0.02 * rng.standard_normal(len(TIMES))
    assert found(both) == [100, 200]


SMOOTH = {
    "decay and a small walk": lambda t, rng: np.exp(-t / 200) + np.cumsum(0.004 * rng.standard_normal(len(t))),
    "decay with noise of a tenth": lambda t, rng: np.exp(-t / 300) * (1 + 0.1 * rng.standard_normal(len(t))),
    "logistic": lambda t, rng: 1 / (1 + np.exp((t - 600) / rng.uniform(30, 150))) + 0.01 * rng.standard_normal(len(t)),
    "without noise": lambda t, rng: (
        1 / (1 + np.exp((t - 600) / rng.uniform(30, 150))) + np.exp(-t / rng.uniform(20, 300))
    ),
    "walk": lambda t, rng: np.cumsum(rng.standard_normal(len(t))),
    "decay and noise": lambda t, rng: 2 * np.exp(-t / rng.uniform(20, 300)) + 0.02 * rng.standard_normal(len(t)),
}


@pytest.mark.parametrize("kind", SMOOTH)
def test_smooth_curves_and_walks_have_no_phases(kind):
    draws = 25
    alarms = sum(bool(found(SMOOTH[kind](TIMES, np.random.default_rng(seed)), seed)) for seed in range(draws))
    assert alarms <= 0.08 * draws


def test_another_grid_of_measurements_finds_the_same_phases():
    rng = np.random.default_rng(5)
    claims = []
    for seed in range(12):
        t = np.arange(0, 3000)
        steps = rng.integers(800, 2500, size=2)
        curve = np.exp(-t / 200) - (seed % 3) * 0.15 * (t > steps[0]) + 0.1 * (seed % 2) * (t > steps[1])
        noise = 0.02 * rng.standard_normal(3000)
        both = [t[first::10][found((curve + noise)[first::10], seed, t[first::10])] for first in (0, 5)]
        claims += [[any(abs(both[side] - edge) <= 200) for side in (0, 1)] for edge in range(100, 3000, 400)]
    one, other = np.array(claims).T
    chance = one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    assert one.sum() >= 8 and ((one == other).mean() - chance) / (1 - chance) >= 0.7


def test_too_few_measurements_are_not_evaluable_and_power_says_what_would_be_found():
    rng = np.random.default_rng(4)
    for curve in (np.arange(11.0), np.full(80, 2.0), np.r_[np.arange(79.0), np.nan]):
        phases = change_points(np.arange(len(curve)), curve, rng)
        assert np.isnan(phases.p) and not len(phases.before)
        assert np.isnan(power(np.arange(len(curve)), curve, 1, 3, rng))
    curve = np.exp(-TIMES / 100) + 0.02 * rng.standard_normal(len(TIMES))
    assert change_points(TIMES, curve, rng).p > 0.05
    assert power(TIMES, curve, 0.4, 5, rng) == 1 and power(TIMES, curve, 0.01, 5, rng) <= 0.2
    again = [change_points(TIMES, curve, np.random.default_rng(7)).p for _ in range(2)]
    assert again[0] == again[1]
    with pytest.raises(StudyError, match="ascending times"):
        change_points(TIMES[::-1], curve, rng)
    with pytest.raises(StudyError, match="evenly spaced measurements, found gaps from 1 to 500"):
        change_points(STEPS, np.exp(-STEPS / 10), rng)
