"""Bounds on both sides: planted numbers give each side, corrections are those of all claims together."""

import numpy as np
import pytest
from scipy.stats import t

from repdyn.audit.bounds import corrected, right_word, sides, true_value, word

ABOVE = {"quantity": "x", "above": 5, "published": 10, "none": 0}
BELOW = {"quantity": "x", "below": 5, "published": 0, "none": 10}


def test_both_sides_are_tested_and_mirror_each_other():
    claimed, other = sides(8.0, 1.0, 10.0, ABOVE, False)
    assert claimed == pytest.approx(t.sf(3, 10)) and other == pytest.approx(1 - claimed)
    assert [float(p) for p in sides(8.0, 1.0, 10.0, BELOW, False)] == pytest.approx([other, claimed])
    assert [float(p) for p in sides(2.0, 1.0, 10.0, ABOVE, False)] == pytest.approx([other, claimed])


def test_ratios_are_compared_in_logarithms():
    ratio = {"above": 2.0}
    assert [float(p) for p in sides(4.0, np.log(2), 8.0, ratio, True)] == pytest.approx([t.sf(1, 8), t.cdf(1, 8)])
    claimed, other = sides(0.0, 1.4, 8.0, ratio, True)
    assert claimed == 1 and other == 0


def test_without_a_standard_error_nothing_is_said():
    claimed, other = sides(np.array([8.0, np.nan]), np.array([np.nan, 1.0]), 5.0, ABOVE, False)
    assert np.isnan([claimed, other]).all()
    assert corrected(claimed, other).tolist() == [0, 0]


def test_sides_are_corrected_over_all_claims():
    alone, rest = np.array([0.02]), np.full(9, 0.5)
    assert corrected(alone, 1 - alone).tolist() == [1] and corrected(1 - alone, alone).tolist() == [-1]
    many = np.concatenate([alone, rest])
    assert corrected(many, 1 - many).tolist() == [0] * 10
    clear = np.concatenate([alone, np.full(9, 1e-6)])
    assert corrected(clear, 1 - clear).tolist() == [1] * 10


def test_of_the_sides_that_are_named_few_are_wrong():
    """Of twenty claims on their bounds or far beyond them, named sides are wrong in at most a twentieth."""
    rng = np.random.default_rng(0)
    truth = np.array([0.0] * 12 + [4.0] * 4 + [-4.0] * 4)
    wrong = []
    for _ in range(2000):
        claimed = t.sf(truth + rng.standard_t(20, len(truth)), 20)
        said = corrected(claimed, 1 - claimed)
        named = said != 0
        wrong.append((said != np.sign(truth))[named].mean() if named.any() else 0.0)
    assert 0.01 < np.mean(wrong) <= 0.05


def test_all_conditions_must_hold_and_one_that_fails_suffices():
    assert word(np.array([[1, 1], [1, 0], [1, -1], [0, -1], [0, 0]])).tolist() == [1, 0, -1, -1, 0]


def test_truths_lie_on_the_way_from_none_to_published():
    assert [true_value(ABOVE, share) for share in (1, 0.5, 0, -1)] == [10, 5, 0, -10]
    log = {"above": 2, "published": 4, "none": 1, "scale": "log"}
    assert [true_value(log, share) for share in (1, 0.5, 0, -1)] == pytest.approx([4, 2, 1, 0.25])


def test_the_right_word_is_known_of_every_truth():
    assert [right_word([ABOVE], share) for share in (1, 0.5, 0, -1)] == [1, 0, -1, -1]
    assert [right_word([ABOVE, BELOW], share) for share in (1, 0)] == [1, -1]
    lenient = ABOVE | {"above": 2}
    assert right_word([lenient], 0.5) == 1 and right_word([lenient, ABOVE], 0.5) == 0
