"""Thirds of relative depth."""

import numpy as np

from repdyn.study.depth import third_of_depth


def test_thirds_run_from_the_first_to_the_last_layer():
    assert third_of_depth(np.array([0, 1, 2])).tolist() == [0, 1, 2]
    assert third_of_depth(np.array([3, 4])).tolist() == [0, 2]
    assert np.bincount(third_of_depth(np.arange(9, 18))).tolist() == [3, 3, 3]


def test_a_single_layer_lies_in_the_middle():
    assert third_of_depth(np.array([5])).tolist() == [1]
