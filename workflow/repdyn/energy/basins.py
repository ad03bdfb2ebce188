"""Basins of a landscape of samples, and the way from one to the next: how far it climbs, as far as the samples can show."""

from typing import NamedTuple

import numpy as np

from repdyn.energy.landscape import Density, as_points, energy, gradient, minima
from repdyn.energy.paths import barrier, lowest_path
from repdyn.errors import StudyError

IMAGES = 21  # points of a path
RATE = 0.1  # of the squared bandwidth; from 1 on an image would jump over a kernel


class Crossing(NamedTuple):
    """path (m, d) of least energy from one basin to another; energies, straight (m,): along it and along the straight line.

    barrier, straight_barrier: how far each climbs above the first basin, both at most `most`, which is what the samples can
    show: a barrier as high is one that they did not cross.
    """

    path: np.ndarray
    energies: np.ndarray
    straight: np.ndarray
    barrier: float
    straight_barrier: float
    most: float


def basins(of: Density, starts: np.ndarray, share: float) -> np.ndarray:
    """Minima (k, d) to which a share of the starts (m, d), or more, descends, those of most starts first.

    What has fewer is no basin but a tail of the cloud, around single rows.
    """
    found = minima(of, starts)
    return found.states[found.starts >= share]


def highest_seen(of: Density) -> float:
    """The energy where one sample lies a bandwidth away; above it there are none, and the landscape is a kernel's tail."""
    n, d = of.centres.shape
    return float(np.log(n) + d * np.log(np.sqrt(2 * np.pi) * of.bandwidth) + 0.5)


def crossing(of: Density, states: np.ndarray) -> Crossing:
    """From the first of basins (k, d) to the one nearest to it. StudyError for fewer than two."""
    states = as_points(states)
    if len(states) < 2:
        raise StudyError("a way leads from one basin to another, and there is one")
    nearest = 1 + int(np.argmin(np.linalg.norm(states[1:] - states[0], axis=1)))
    start, end = states[0], states[nearest]
    path = lowest_path(lambda at: gradient(of, at), start, end, RATE * of.bandwidth**2, IMAGES)
    line = start + np.linspace(0, 1, IMAGES)[:, None] * (end - start)
    energies, straight = energy(of, path), energy(of, line)
    most = highest_seen(of) - float(energies[0])
    climb, straight_climb = (min(barrier(each)[0], most) for each in (energies, straight))
    return Crossing(path, energies, straight, climb, straight_climb, most)
