"""Separability against Cover's count and linear programming; capacity falls with the size of the clouds."""

from math import comb

import numpy as np
import pytest

from repdyn.errors import StudyError
from repdyn.geometry.capacity import Dichotomies, capacity, capacity_and_null, search, separable


def by_linear_programming(x, sign):
    from scipy.optimize import linprog

    found = linprog(np.zeros(x.shape[1]), A_ub=-x * sign[:, None], b_ub=-np.ones(len(x)), bounds=(None, None))
    return found.status == 0


def test_separability_is_that_of_linear_programming():
    rng = np.random.default_rng(0)
    decided = []
    for _ in range(60):
        x = rng.standard_normal((rng.integers(4, 30), rng.integers(1, 10)))
        sign = np.sign(x @ rng.standard_normal(x.shape[1]) + rng.choice([0.2, 2]) * rng.standard_normal(len(x)))
        decided.append((separable(x, sign), by_linear_programming(x, sign)))
    found, oracle = np.array(decided).T
    assert (found == oracle).all()
    assert 15 < found.sum() < 45


def test_separability_by_hand():
    square = np.array([[1.0, 1], [-1, 1], [-1, -1], [1, -1]])
    assert separable(square, np.array([1, 1, -1, -1]))
    assert not separable(square, np.array([1, -1, 1, -1]))
    assert not separable(np.array([[1.0, 0], [0, 0]]), np.array([1, 1]))
    near = np.array([[1.0, 0.001], [1.0, -0.001]])
    assert separable(near, np.array([1, -1]))
    assert not separable(np.array([[1.0, 2], [1, 2]]), np.array([1, -1]))
    with pytest.raises(StudyError, match="as many signs, -1 or 1"):
        separable(square, np.array([1, 0, 1, 1]))


def needed(drawn):
    """The fewest weights that separate each draw, each number of weights tried; infinite where none do."""
    separated = np.array(
        [[drawn.separates(draw, n) for n in range(1, drawn.most + 1)] for draw in range(len(drawn.seen))]
    )
    return np.where(separated.any(1), separated.argmax(1) + 1.0, np.inf)


def test_points_follow_covers_count_and_have_capacity_two():
    points, draws = 10, 300
    x, labels = np.random.default_rng(1).standard_normal((points, 30)) + 50, np.arange(points)
    drawn = Dichotomies(x, labels, draws, np.random.default_rng(2))
    assert drawn.most == 10
    share = np.array([drawn.share(n) for n in range(1, 11)])
    cover = [2 * sum(comb(points - 1, k) for k in range(n)) / 2**points for n in range(1, 11)]
    assert np.abs(share - cover).max() < 4 * 0.5 / np.sqrt(draws)
    assert cover[4] == 0.5
    found = capacity(x, labels, draws, np.random.default_rng(2))
    assert found.value == pytest.approx(2, abs=0.15)
    assert found.floor == 1


def test_capacity_falls_with_the_radius_and_shuffled_labels_have_next_to_none():
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(8), 10)
    centres, spread = rng.standard_normal((8, 60)), rng.standard_normal((80, 60))
    values = [capacity(centres[labels] + r * spread, labels, 30, rng).value for r in (0, 0.3, 1, 3)]
    assert (np.diff(values) < 0).all()
    assert values[0] == pytest.approx(2, abs=0.5)
    assert values[3] < 0.4
    shuffled = capacity(centres[labels] + 0.3 * spread, rng.permutation(labels), 30, rng)
    # 80 points without structure on random sides need about 40 weights; 10 of a class on one side are 2 / 10 each.
    assert shuffled.value == pytest.approx(0.2, abs=0.05)
    assert shuffled.floor == pytest.approx(8 / 61)


def test_capacity_does_not_depend_on_place_or_scale_and_is_not_evaluable_in_too_few_dimensions():
    rng = np.random.default_rng(4)
    labels = np.repeat(np.arange(4), 6)
    x = rng.standard_normal((4, 10))[labels] + rng.standard_normal((24, 10))
    first = needed(Dichotomies(x, labels, 20, np.random.default_rng(5)))
    second = needed(Dichotomies(1e-3 * x + 7, labels, 20, np.random.default_rng(5)))
    assert (first == second).all() and np.isfinite(first).any()
    # What the search leaves out is what every number of weights, tried one after the other, says too.
    median = np.sort(first)[9]
    below, half = (first < median).mean(), (first <= median).mean()
    expected = 4 / (median - 1 + (0.5 - below) / (half - below))
    assert capacity(x, labels, 20, np.random.default_rng(5)).value == pytest.approx(expected, rel=1e-12)
    flat = np.random.default_rng(6).standard_normal((24, 2)) @ rng.standard_normal((2, 10))
    drawn = Dichotomies(flat, labels, 20, rng)
    assert drawn.most == 3
    # A dichotomy with all classes on one side needs the threshold alone.
    assert set(needed(drawn)) == {1, np.inf}
    found = capacity(flat, labels, 20, rng)
    assert np.isnan(found.value)
    assert found.floor == pytest.approx(4 / 3)


def test_shuffled_labels_take_other_sides_in_the_same_directions_and_have_the_capacity_of_no_structure():
    rng = np.random.default_rng(8)
    labels = np.repeat(np.arange(6), 8)
    x = 3 * rng.standard_normal((6, 30))[labels] + rng.standard_normal((48, 30))
    found, null = capacity_and_null(x, labels, 30, 8, np.random.default_rng(9))
    assert found == capacity(x, labels, 30, np.random.default_rng(9))
    fresh = [capacity(x, rng.permutation(labels), 30, rng).value for _ in range(8)]
    values = [each.value for each in null]
    assert len(set(values)) > 4 and found.value > 2 * max(values)
    assert np.mean(values) == pytest.approx(np.mean(fresh), rel=0.1)
    drawn = Dichotomies(x, labels, 20, rng)
    before = drawn.share(10)
    other = drawn.relabelled(rng.permutation(labels), rng)
    assert other.seen is drawn.seen and other.share(10) < before == drawn.share(10)
    with pytest.raises(StudyError, match="as many labels"):
        capacity_and_null(x, labels[1:], 30, 8, rng)


def test_the_search_finds_the_same_from_any_start():
    rng = np.random.default_rng(10)
    labels = np.repeat(np.arange(4), 6)
    drawn = Dichotomies(rng.standard_normal((4, 10))[labels] + rng.standard_normal((24, 10)), labels, 20, rng)
    found = {search(drawn.relabelled(labels, np.random.default_rng(11)), start) for start in range(1, drawn.most + 1)}
    assert len(found) == 1


def test_half_of_the_draws_is_met_between_whole_numbers(monkeypatch):
    needed = np.array([2.0, 4, 4, np.inf])
    monkeypatch.setattr(Dichotomies, "separates", lambda _, draw, weights: bool(needed[draw] <= weights))
    found = capacity(np.eye(6), np.arange(6), 4, np.random.default_rng(0))
    # A quarter is separable in 3, three quarters in 4.
    assert found == (6 / 3.5, 6 / 6)
    needed[:] = [2, 2, np.inf, np.inf]
    assert capacity(np.eye(6), np.arange(6), 4, np.random.default_rng(0)).value == 3
    needed[1] = np.inf
    assert np.isnan(capacity(np.eye(6), np.arange(6), 4, np.random.default_rng(0)).value)


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(StudyError, match="of two classes or more"):
        capacity(np.eye(4), np.zeros(4, dtype=int), 5, np.random.default_rng(0))
    with pytest.raises(StudyError, match="4 rows need as many labels"):
        capacity(np.eye(4), np.arange(3), 5, np.random.default_rng(0))


def test_rows_that_are_all_the_same_have_no_capacity():
    rng = np.random.default_rng(0)
    for x in (np.full((20, 5), 3.0), np.zeros((20, 1)), np.full((20, 5), 0.1) * (1 + 1e-17)):
        assert np.isnan(capacity(x, np.arange(20) % 2, 50, rng)).all()
        assert np.isnan(capacity_and_null(x, np.arange(20) % 2, 50, 3, rng)[1]).all()
    with pytest.raises(StudyError, match="as many labels"):
        capacity(np.zeros((20, 2)), np.zeros(20), 10, rng)
