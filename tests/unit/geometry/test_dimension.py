"""Intrinsic dimension of clouds whose dimension is known, against scikit-dimension, and how far it falls short."""

import numpy as np
import pytest

from helpers.surfaces import swiss_roll, turned
from repdyn.errors import StudyError
from repdyn.geometry.dimension import calibration, maximum_likelihood_dimension, two_nearest_dimension
from repdyn.geometry.neighbours import nearest


def test_a_swiss_roll_has_two_dimensions_and_a_gaussian_its_own():
    rng = np.random.default_rng(0)
    x = turned(swiss_roll(2000, rng)[0], 20, rng)
    distance = nearest(x, 10).distance
    assert maximum_likelihood_dimension(distance) == pytest.approx(1.97, abs=0.04)
    assert two_nearest_dimension(distance) == pytest.approx(2.01, abs=0.12)
    distance = nearest(rng.standard_normal((1000, 5)), 10).distance
    assert maximum_likelihood_dimension(distance) == pytest.approx(5.0, abs=0.2)
    assert two_nearest_dimension(distance) == pytest.approx(4.99, abs=0.4)
    line = np.sort(rng.random(500))[:, None] * np.ones((1, 3))
    assert maximum_likelihood_dimension(nearest(line, 10).distance) == pytest.approx(1, abs=0.06)


def test_estimates_are_those_of_scikit_dimension():
    from skdim.id import MLE, TwoNN

    x = np.random.default_rng(1).standard_normal((300, 6)) * [1, 1, 1, 0.5, 0.1, 0.1]
    distance = nearest(x, 20).distance
    assert maximum_likelihood_dimension(distance) == pytest.approx(MLE().fit(x, n_neighbors=20).dimension_, rel=1e-9)
    # Their empirical distribution starts at 0 instead of 1 / n.
    assert two_nearest_dimension(distance) == pytest.approx(TwoNN().fit(x).dimension_, rel=0.02)


def test_formulas_by_hand():
    distance = np.array([[1.0, 2.0, 4.0], [1.0, 1.0, 3.0]])
    inverse = np.mean([np.log(4), np.log(2), np.log(3), np.log(3)])
    assert maximum_likelihood_dimension(distance) == pytest.approx(1 / inverse, rel=1e-12)
    # Ratios whose distribution is exactly that of dimension 3, up to the discarded tenth.
    n = 50
    ratio = np.append((1 - np.arange(1, n) / n) ** (-1 / 3), 1e9)
    exact = np.column_stack([np.ones(n), ratio, np.full(n, 1e10)])
    assert two_nearest_dimension(np.random.default_rng(0).permutation(exact)) == pytest.approx(3, rel=1e-12)
    assert maximum_likelihood_dimension(np.ones((4, 3))) == np.inf
    assert two_nearest_dimension(np.ones((10, 2))) == np.inf


def test_high_dimensions_are_underestimated_and_the_calibration_shows_it():
    mle, twonn = calibration(500, (2, 10, 40), 10, 4, np.random.default_rng(2))
    assert mle[0] == pytest.approx(2, abs=0.15)
    assert twonn[0] == pytest.approx(2, abs=0.2)
    assert 8 < mle[1] < 9.5
    assert 20 < mle[2] < 26
    assert 21 < twonn[2] < 32


def test_too_little_is_refused():
    with pytest.raises(StudyError, match="two neighbours or more"):
        maximum_likelihood_dimension(np.ones((5, 1)))
    with pytest.raises(StudyError, match="TwoNN needs 10 rows or more, found 9"):
        two_nearest_dimension(np.ones((9, 2)))
    for estimate in (maximum_likelihood_dimension, two_nearest_dimension):
        with pytest.raises(StudyError, match="2 rows have a neighbour at distance 0; take `distinct` rows"):
            estimate(np.vstack([np.zeros((2, 2)), np.ones((20, 2))]))
