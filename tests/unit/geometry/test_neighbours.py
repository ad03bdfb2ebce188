"""Neighbours are exact, equal rows count once, and the matched Gaussian has the covariance and nothing else."""

import tracemalloc

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from repdyn.errors import StudyError
from repdyn.geometry import neighbours
from repdyn.geometry.neighbours import distinct, matched_gaussians, nearest


@pytest.mark.parametrize("d", [1, 3, 80])
def test_neighbours_are_those_of_scikit_learn(d):
    x = np.random.default_rng(d).standard_normal((60, d))
    distance, index = NearestNeighbors(n_neighbors=7, algorithm="kd_tree").fit(x).kneighbors()
    found = nearest(x, 7)
    assert (found.index == index).all()
    np.testing.assert_allclose(found.distance, distance, rtol=1e-12)


def test_close_rows_far_from_the_origin_keep_their_digits():
    x = 1e6 + np.column_stack([np.arange(40) * 1e-3, np.zeros(40)])
    assert nearest(x, 2).distance[5:35] == pytest.approx(1e-3, rel=1e-6)
    # Two groups far apart: centring does not help, and products of rows alone would mistake which are nearest.
    rng = np.random.default_rng(0)
    group = 1e-3 * rng.standard_normal((40, 5))
    pair = np.vstack([group, group + 1e4 * rng.standard_normal(5)])
    oracle = NearestNeighbors(n_neighbors=3, algorithm="kd_tree").fit(pair).kneighbors()[1]
    assert (nearest(pair, 3).index == oracle).all()
    assert nearest(np.repeat(np.eye(3), 2, axis=0), 1).distance == pytest.approx(0, abs=0)


def test_equal_rows_count_once_and_a_constant_is_one_row():
    x = np.array([[1.0, 2], [0, 1], [1, 2], [0, 1], [5, 5]])
    assert distinct(x).tolist() == [0, 1, 4]
    rounding = 7 + 1e-6 * np.random.default_rng(0).standard_normal((9, 4))
    assert distinct(rounding).tolist() == [0]
    assert distinct(np.zeros((4, 2))).tolist() == [0]


def test_matched_gaussian_has_the_covariance_of_the_points():
    rng = np.random.default_rng(1)
    mix = rng.standard_normal((4, 6))
    x = rng.uniform(-1, 1, (20000, 4)) @ mix + 5
    null, other = matched_gaussians(x, 2, rng)
    assert (null != other).all()
    assert null.shape == (20000, 6)
    spectra = [np.linalg.eigvalsh(np.cov(each.T))[2:] for each in (x, null)]
    np.testing.assert_allclose(spectra[1], spectra[0], rtol=0.05)
    assert abs(np.mean(null[:, 0] ** 4) / np.mean(null[:, 0] ** 2) ** 2 - 3) < 0.15
    assert next(matched_gaussians(x[:3], 1, rng)).shape == (3, 3)


def test_bad_points_are_refused():
    with pytest.raises(StudyError, match=r"matrix of two or more rows .* shape \(5,\)"):
        nearest(np.arange(5.0), 1)
    with pytest.raises(StudyError, match="finite, found NaN or infinity in 1 rows"):
        nearest(np.array([[1, 2], [np.nan, 1], [3, 4]]), 1)
    with pytest.raises(StudyError, match="3 rows have 1 to 2 neighbours each, not 3"):
        nearest(np.eye(3), 3)
    with pytest.raises(StudyError, match="not 0"):
        nearest(np.eye(3), 0)


def test_neighbours_do_not_depend_on_how_many_rows_are_compared_at_a_time(monkeypatch):
    x = np.random.default_rng(0).standard_normal((300, 6))
    index, distance = nearest(x, 7)
    monkeypatch.setattr(neighbours, "BLOCK", 8 * 300 * 11)
    again = nearest(x, 7)
    assert (again.index == index).all() and (again.distance == distance).all()


def test_neighbours_of_many_rows_take_little_memory():
    x = np.random.default_rng(0).standard_normal((6000, 3))
    tracemalloc.start()
    nearest(x, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * neighbours.BLOCK < 8 * 6000**2 * 2
