"""Mean-field capacity: points, balls, pairs of points in closed form, the capacity that is tried, and refusals."""

import numpy as np
import pytest

from repdyn.errors import StudyError
from repdyn.geometry.capacity import capacity
from repdyn.geometry.mean_field import manifold_capacity, mean_field_capacity


def drawn(classes, rows, d, radius, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), rows)
    return rng.standard_normal((classes, d))[labels] + radius * rng.standard_normal((len(labels), d)), labels


def test_a_point_has_two_and_a_large_ball_one_over_its_dimensions_and_a_half():
    rng = np.random.default_rng(0)
    assert manifold_capacity(np.ones((1, 4)), 4000, rng) == pytest.approx(2, abs=0.1)
    line = np.array([[1.0, 1000], [1, -1000]])  # all but a subspace of one dimension
    assert manifold_capacity(line, 4000, rng) == pytest.approx(1 / 1.5, abs=0.05)


@pytest.mark.parametrize("radius", [0.5, 1.0, 2.0])
def test_two_points_by_quadrature(radius):
    """Of rows (1, -r), (1, r): the squared distance from t to their polar cone, over the plane of t."""
    grid = np.linspace(-6, 6, 601)
    t = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
    density = np.exp(-(t**2).sum(1) / 2)
    rows = np.array([[1, -radius], [1, radius]])
    # The nearest point of the cone of the rows to -t: on a row, between both, or 0.
    on = [np.maximum(-t @ row / (row @ row), 0)[:, None] * row for row in rows]
    inside = (np.linalg.solve(rows.T, -t.T) >= 0).all(0)
    lengths = np.where(inside, (t**2).sum(1), np.maximum(*[(each**2).sum(1) for each in on]))
    truth = density.sum() / (density * lengths).sum()
    found = manifold_capacity(np.array([[1.0, radius], [1.0, -radius]]), 6000, np.random.default_rng(1))
    assert found == pytest.approx(truth, rel=0.05)


@pytest.mark.parametrize(("classes", "rows", "d", "radius"), [(40, 2, 100, 1.0), (30, 5, 120, 0.5)])
def test_theory_gives_the_capacity_that_is_tried(classes, rows, d, radius):
    x, labels = drawn(classes, rows, d, radius)
    rng = np.random.default_rng(0)
    tried = capacity(x, labels, 50, rng).value
    assert mean_field_capacity(x, labels, 100, rng) == pytest.approx(tried, rel=0.1)
    assert mean_field_capacity(x, rng.permutation(labels), 100, rng) < 0.95 * tried


def test_what_all_classes_share_counts_for_nothing_and_the_widest_class_counts_most():
    x, labels = drawn(6, 3, 20, 0.5)
    x[labels == 0] += 3 * np.random.default_rng(2).standard_normal((3, 20))
    found, moved = (mean_field_capacity(rows, labels, 40, np.random.default_rng(1)) for rows in (x, x + 7))
    assert moved == pytest.approx(found, rel=1e-6)
    rng, centred = np.random.default_rng(1), x - x.mean(0)
    each = [manifold_capacity(centred[labels == label], 40, rng) for label in range(6)]
    assert found == pytest.approx(6 / sum(1 / one for one in each)) and found < np.mean(each) - 0.03


def test_what_has_no_side_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(StudyError, match="a mean other than 0"):
        manifold_capacity(np.array([[1.0, 2], [-1, -2]]), 10, rng)
    with pytest.raises(StudyError, match="three classes or more"):
        mean_field_capacity(np.eye(4), np.array([0, 0, 1, 1]), 10, rng)
    with pytest.raises(StudyError, match="finite rows"):
        manifold_capacity(np.full((2, 2), np.nan), 10, rng)
