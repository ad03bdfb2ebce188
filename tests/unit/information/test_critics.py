"""Bounds by a critic: below the truth, near it where there are rows enough, and 0 where there is nothing."""

import numpy as np
import pytest

from repdyn.errors import StudyError
from repdyn.information.closed_forms import normal_information
from repdyn.information.critics import CHOOSE, FIT, REPORT, critic_bounds, thirds


def pair(rho, n, seed=0):
    x, noise = np.random.default_rng(seed).standard_normal((2, n))
    return x, rho * x + np.sqrt(1 - rho**2) * noise


def uses(n, seed=0):
    return thirds(n, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def normal():
    return critic_bounds(*pair(0.8, 1600), uses(1600), 0, nulls=3, updates=400)


def test_what_is_held_out_is_below_the_truth_and_near_it(normal):
    truth = normal_information(0.8)
    for found in (normal.mine[0], normal.infonce[0]):
        assert truth - 0.15 < found < truth + 0.05
    assert normal.highest == pytest.approx(np.log(256)) and normal.infonce.max() < normal.highest


def test_shuffled_pairs_have_nothing(normal):
    assert normal.mine.shape == normal.infonce.shape == normal.in_sample.shape == (4,)
    assert (np.abs(normal.mine[1:]) < 0.04).all() and (np.abs(normal.infonce[1:]) < 0.04).all()


def test_on_the_rows_that_it_was_fitted_to_a_critic_finds_what_is_not_there():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((2, 200, 8))
    found = critic_bounds(x, y, uses(200), 0, updates=300)
    assert found.in_sample[0] > 0.5 and found.mine[0] < 0.06 and found.infonce[0] < 0.06


def test_a_class_is_bounded_by_its_entropy_and_scale_does_not_count():
    rng = np.random.default_rng(2)
    labels = np.arange(600) % 3
    x = 8 * np.eye(3)[labels] + rng.standard_normal((600, 3))
    found = critic_bounds(x, np.eye(3)[labels], uses(600), 0, updates=300)
    assert np.log(3) - 0.15 < found.mine[0] < np.log(3) + 0.05
    assert found.infonce[0] < np.log(3) + 0.02
    # A column that never varies and another scale change nothing but rounding.
    again = critic_bounds(np.c_[1e4 * x, np.ones(600)], np.eye(3)[labels], uses(600), 0, updates=300)
    assert again.mine[0] == pytest.approx(found.mine[0], abs=0.02)


def test_the_rows_to_report_choose_nothing():
    """Other values on them change what is reported and not what is fitted."""
    x, y = pair(0.8, 400)
    use = uses(400)
    other = y.copy()
    other[use == REPORT] = np.random.default_rng(3).permutation(other[use == REPORT])
    one, two = (critic_bounds(x, each, use, 0, updates=200) for each in (y, other))
    # Both are standardised by all rows, of which the values are the same.
    assert one.in_sample == pytest.approx(two.in_sample, abs=1e-6) and two.mine[0] < 0 < 0.2 < one.mine[0]


def test_the_same_seed_gives_the_same_bits_and_uses_are_a_half_and_two_quarters():
    x, y = pair(0.5, 120)
    one, two = (critic_bounds(x, y, uses(120), 7, updates=60) for _ in range(2))
    assert np.array_equal(one.mine, two.mine) and np.array_equal(one.infonce, two.infonce)
    assert np.bincount(uses(101)).tolist() == [51, 25, 25] and (FIT, CHOOSE, REPORT) == (0, 1, 2)


@pytest.mark.parametrize(
    ("x", "y", "use", "message"),
    [
        (np.zeros((40, 1)), np.ones((39, 1)), uses(40), "equal"),
        (np.arange(40.0), np.arange(39.0), uses(40), "40 and 39 rows"),
        (np.arange(40.0), np.arange(40.0), np.zeros(40, int), "8 or more of every use"),
        (np.arange(40.0), np.r_[np.nan, np.arange(39.0)], uses(40), "y must be finite"),
    ],
)
def test_bad_input_is_named(x, y, use, message):
    with pytest.raises(StudyError, match=message):
        critic_bounds(x, y, use, 0)
