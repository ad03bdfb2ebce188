"""Basins of attraction: which states end at which attractor."""

from itertools import repeat

import numpy as np
from scipy.spatial.distance import cdist

from repdyn.dynamical_systems.maps import Map, as_states, trajectory
from repdyn.errors import StudyError

NEAR = 1e-2  # distance at which a state has arrived


def basins(step: Map, starts: np.ndarray, attractors: np.ndarray, steps: int) -> np.ndarray:
    """The attractor, of (k, d), at which each of starts (n, d) is after `steps`: (n,), -1 for none within NEAR.

    StudyError where attractors and starts do not have the same dimensions.
    """
    starts, attractors = as_states(starts), as_states(attractors)
    if attractors.shape[1] != starts.shape[1]:
        raise StudyError(f"attractors {attractors.shape} and starts {starts.shape} are of one dimension")
    distance = cdist(trajectory(repeat(step, steps), starts)[-1], attractors)
    return np.where(distance.min(1) < NEAR, distance.argmin(1), -1)


def basin_shares(members: np.ndarray, count: int) -> np.ndarray:
    """Share of the starts in the basin of each of `count` attractors: (count,), of sum 1 where all arrive."""
    if not len(members):
        raise StudyError("shares of basins need starts, found none")
    return np.bincount(members[members >= 0], minlength=count) / len(members)
