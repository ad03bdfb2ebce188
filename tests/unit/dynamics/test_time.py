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
EVEN = np.arange(60)


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


def found(times, curves, seed=0):
    rng = np.random.default_rng(seed)
    return [change_points(times, curve, rng).before.tolist() for curve in curves]


def test_planted_changes_are_recovered():
    rng = np.random.default_rng(2)
    noise = 0.02 * rng.standard_normal((6, 60))
    decay = np.exp(-EVEN / 5)
    assert found(EVEN, (decay - 0.4 * (EVEN > 40) + noise)[:3]) == [[40]] * 3
    assert found(EVEN, (decay - 0.4 * (EVEN > 20) - 0.4 * (EVEN > 40) + noise / 2)[:3]) == [[20, 40]] * 3
    rising = 10 + 20 * np.minimum(EVEN / 40, 1) - 0.5 * np.maximum(EVEN - 40, 0)
    kinks = found(EVEN, (rising + 10 * noise)[:4])
    assert all(len(each) == 1 and abs(each[0] - 40) <= 2 for each in kinks)
    steps = found(STEPS, np.exp(-STEPS / 5) - 0.4 * (STEPS > 200) + 0.01 * noise[:, :15])
    assert steps == [[9]] * 6
    upwards = found(STEPS, 3 - 7 * (np.exp(-STEPS / 5) - 0.4 * (STEPS > 200) + 0.01 * noise[:3, :15]))
    assert upwards == [[9]] * 3


@pytest.mark.parametrize("times", [STEPS, EVEN[:30]], ids=["checkpoints", "even"])
def test_noise_drift_and_smooth_decays_have_no_phases(times):
    rng = np.random.default_rng(3)
    n = len(times)
    clean = [2 * np.exp(-times / scale) + 0.5 for scale in (2, 9.3, 77, 400)]
    clean += [1 / (1 + times / 7) ** 0.4, -np.exp(-np.sqrt(times / 3)), 0.01 * times]
    assert found(times, clean) == [[]] * len(clean)
    kinds = {
        "noise": rng.standard_normal((15, n)),
        "walk": np.cumsum(rng.standard_normal((15, n)), axis=1),
        "drift": 3 * times / times[-1] + rng.standard_normal((15, n)),
        "decay": np.exp(-times / 11) + 0.05 * rng.standard_normal((15, n)),
    }
    alarms = {name: sum(bool(each) for each in found(times, curves)) for name, curves in kinds.items()}
    assert sum(alarms.values()) <= 7 and max(alarms.values()) <= 3, alarms  # 5 % of 60 is 3


def test_too_few_measurements_are_not_evaluable_and_power_says_what_would_be_found():
    rng = np.random.default_rng(4)
    for curve in (np.arange(11.0), np.full(15, 2.0), np.r_[np.arange(14.0), np.nan]):
        phases = change_points(np.arange(len(curve)), curve, rng)
        assert np.isnan(phases.p) and not len(phases.before)
        assert np.isnan(power(np.arange(len(curve)), phases, 1, 3, rng))
    curve = np.exp(-STEPS / 10) + 0.02 * rng.standard_normal(15)
    phases = change_points(STEPS, curve, rng)
    assert phases.p > 0.05 and phases.noise == pytest.approx(0.02, rel=0.5)
    assert np.abs(phases.smooth - np.exp(-STEPS / 10)).max() < 0.05
    assert power(STEPS, phases, 0.6, 10, rng) >= 0.9 > 0.3 >= power(STEPS, phases, 0.01, 10, rng)
    again = [change_points(STEPS, curve, np.random.default_rng(7)).p for _ in range(2)]
    assert again[0] == again[1]
    with pytest.raises(StudyError, match="ascending times"):
        change_points(STEPS[::-1], curve, rng)
    # The noise is that around the changes that were found, not the changes themselves.
    stepped = change_points(STEPS, curve - 0.8 * (STEPS > 200), rng)
    assert stepped.before.tolist() == [9] and stepped.noise == pytest.approx(0.02, rel=0.6)
