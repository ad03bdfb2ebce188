"""Families of features: children within their parents, strangers as often as chance, and what cannot be judged."""

import numpy as np
import pytest

from repdyn.errors import StudyError
from repdyn.sparse_autoencoders.hierarchy import containment


def test_children_lie_within_their_parents_and_strangers_do_not():
    rng = np.random.default_rng(0)
    parents = rng.random((3000, 4)) < 0.2
    kin = parents.repeat(2, 1) & (rng.random((3000, 8)) < 0.5)
    strangers = rng.random((3000, 8)) < 0.1
    found = containment(np.hstack([parents, kin]), 4, rng)
    assert found.share == 1 and found.null_mean == pytest.approx(0.22, abs=0.03)
    found = containment(np.hstack([parents, strangers]), 4, rng)
    assert abs(found.share - found.null_mean) < 4 * max(found.null_sd, 0.005)


def test_what_is_always_on_is_no_parent_and_what_never_is_no_child():
    rng = np.random.default_rng(1)
    always, some, never = np.ones((100, 2), bool), rng.random((100, 2)) < 0.3, np.zeros((100, 2), bool)
    assert np.isnan(containment(np.hstack([always, some]), 2, rng).share)
    assert np.isnan(containment(np.hstack([some, never]), 2, rng).share)
    rare = np.zeros((100, 1), bool)
    rare[np.flatnonzero(some[:, 0])[:4]] = True
    assert np.isnan(containment(np.hstack([some, rare]), 2, rng).share)
    rare[np.flatnonzero(some[:, 0])[4]] = True
    assert containment(np.hstack([some, rare]), 2, rng).share == 1
    with pytest.raises(StudyError, match="1 to m - 1 features"):
        containment(some, 2, rng)
