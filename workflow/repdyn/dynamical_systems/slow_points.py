"""Slow points and line attractors: a line of states that hardly move, along which a network can integrate."""

from typing import NamedTuple

import numpy as np

from repdyn.dynamical_systems.fixed_points import SEARCH, slowed, speed
from repdyn.dynamical_systems.maps import Map, linearised
from repdyn.errors import StudyError

SLOW = 1e-5  # speed
FEWEST = 10  # slow points of a line


class Line(NamedTuple):
    """states (k, d) of the slow points; share of their variance along one direction; moduli (k, 2) of the two largest
    eigenvalues of the Jacobians there: a line attractor has a share and a first modulus near 1, and a second below."""

    states: np.ndarray
    share: float
    moduli: np.ndarray


def slow_line(step: Map, starts: np.ndarray, updates: int = SEARCH) -> Line:
    """`line_of` the states that descent of the speed leads to from starts (n, d), d >= 2."""
    return line_of(step, slowed(step, starts, updates))


def line_of(step: Map, states: np.ndarray) -> Line:
    """The slow points, of speed below SLOW, among states (n, d), d >= 2.

    Not polished: on a line attractor that is nearly one, Newton's method would find the few points that are fixed exactly
    (Mante et al. 2013, Nature 503, 78). Around one stable point the slow states are a small cloud, whose eigenvalues show
    that it is no line. StudyError where fewer than FEWEST are slow or all at one place.
    """
    count = len(states)
    if states.shape[1] < 2:
        raise StudyError("a line of slow points needs states of 2 dimensions or more")
    states = states[speed(step, states) < SLOW]
    if len(states) < FEWEST:
        raise StudyError(f"{len(states)} of {count} starts end at slow points; a line needs {FEWEST} or more")
    spread = np.linalg.svd(states - states.mean(0), compute_uv=False) ** 2
    if not spread.sum() > len(states) * 1e-8:
        raise StudyError("all starts end at one slow point: it is no line")
    moduli = np.sort(np.abs(np.linalg.eigvals(linearised(step, states)[1])), axis=1)[:, ::-1]
    return Line(states, float(spread[0] / spread.sum()), moduli[:, :2])
