"""Pictures of paths: a branch and an arc that a projection folds, kept; what has no picture, refused."""

import numpy as np
import pytest

from repdyn.dynamics.embedded_path import embedded_path
from repdyn.errors import StudyError


def in_many_dimensions(points, dimension=300, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.standard_normal((dimension, points.shape[1])))[0]
    return list(points @ turn.T + noise * rng.standard_normal((len(points), dimension)))


def test_a_planted_branch_is_kept():
    t = np.arange(1.0, 21)
    stem = np.stack([t, 0 * t, 0 * t], 1)
    arms = [stem[-1] + np.outer(t, direction) for direction in ([0.7, 0.7, 0.2], [0.7, -0.7, -0.2])]
    found = embedded_path(in_many_dimensions(np.vstack([stem, *arms]), noise=0.01))
    assert found.trust > 0.9 and found.coordinates.shape == (60, 2)
    ends = found.coordinates[[0, 39, 59]]
    lengths = np.linalg.norm(ends[:, None] - ends, axis=2)[np.triu_indices(3, 1)]
    # Each end is some 40 from the others along the branches.
    assert lengths.min() > 30 and lengths.max() < 45


def test_an_arc_is_unrolled():
    angle = np.linspace(0, 1.5 * np.pi, 40)
    found = embedded_path(in_many_dimensions(np.stack([np.cos(angle), np.sin(angle)], 1)))
    assert abs(np.corrcoef(found.coordinates[:, 0], angle)[0, 1]) > 0.999 and found.neighbours == 3


def test_parts_that_are_far_apart_are_connected():
    t = np.arange(8.0)[:, None]
    found = embedded_path(in_many_dimensions(np.vstack([t, 1000 + t])))
    assert found.neighbours == 8 and np.isfinite(found.coordinates).all()


def test_what_has_no_picture():
    with pytest.raises(StudyError, match="8 checkpoints or more, found 4"):
        embedded_path(list(np.random.default_rng(0).standard_normal((4, 9))))
    with pytest.raises(StudyError, match="one length"):
        embedded_path([np.zeros(3), np.zeros(4), np.zeros(3)])
    with pytest.raises(StudyError):
        embedded_path([np.zeros(5)] * 9)
