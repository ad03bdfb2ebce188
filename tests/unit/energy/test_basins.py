"""Basins and the way between two: planted clusters, tails that are none, and what so many samples can show."""

import numpy as np
import pytest

from repdyn.energy.basins import basins, crossing, highest_seen
from repdyn.energy.landscape import Density, density, energy
from repdyn.errors import StudyError

BANDWIDTHS = tuple(0.02 * 1.5**i for i in range(10))


def draw(centres, sd, n, seed):
    rng = np.random.default_rng(seed)
    return centres[rng.integers(len(centres), size=n)] + sd * rng.standard_normal((n, centres.shape[1]))


def landscape(centres, sd, n=500):
    return density(draw(centres, sd, n, 0), draw(centres, sd, n, 1), BANDWIDTHS), draw(centres, sd, 100, 2)


def test_clusters_are_basins_in_the_order_of_their_starts_and_a_tail_is_none():
    centres = np.array([[0.0, 0], [3, 0], [3, 0], [0, 3], [0, 3], [0, 3]])  # one, two and three sixths of the states
    of, starts = landscape(centres, 0.3)
    states = basins(of, starts, 0.05)
    assert states == pytest.approx(np.array([[0, 3], [3, 0], [0, 0]]), abs=0.2)
    assert len(basins(of, starts, 0.3)) == 2
    one, far = landscape(np.zeros((1, 2)), 1.0), np.array([[20.0, 20.0]])
    with_tail = Density(np.vstack([one[0].centres, far]), one[0].bandwidth)
    assert len(basins(with_tail, np.vstack([one[1], far]), 0.05)) == len(basins(one[0], one[1], 0.05)) == 1


def test_the_barrier_is_that_of_the_landscape_where_samples_crossed():
    of, starts = landscape(np.array([[-1.0, 0], [1, 0]]), 0.45, 2000)
    way = crossing(of, basins(of, starts, 0.05))
    grid = np.stack([np.linspace(-1, 1, 201), np.zeros(201)], 1)
    top = energy(of, grid)[60:141].max()
    assert way.barrier == pytest.approx(top - way.energies[0], abs=0.15) and 0.5 < way.barrier < 2.5 < way.most
    assert way.barrier <= way.straight_barrier == pytest.approx(way.straight.max() - way.straight[0])
    assert way.energies.shape == way.straight.shape == (len(way.path),)


def test_a_barrier_that_no_sample_crossed_is_no_higher_than_a_single_sample_shows():
    of, starts = landscape(np.array([[-4.0, 0], [4, 0]]), 0.3)
    way = crossing(of, basins(of, starts, 0.05))
    assert way.energies.max() - way.energies[0] > 50  # the tail of a kernel
    assert way.barrier == way.straight_barrier == way.most < 6
    # A sample alone, a bandwidth away.
    alone = Density(np.vstack([np.zeros((1, 2)), np.full((9, 2), 1e3)]), 0.5)
    assert energy(alone, np.array([[0.5, 0.0]]))[0] == pytest.approx(highest_seen(alone))


def test_the_way_leads_to_the_nearest_basin():
    centres = np.array([[0.0, 0], [0, 0], [0, 0], [5, 0], [5, 0], [0, 2]])
    of, starts = landscape(centres, 0.2)
    states = basins(of, starts, 0.05)
    assert states[0] == pytest.approx([0, 0], abs=0.2) and states[1] == pytest.approx([5, 0], abs=0.2)
    assert crossing(of, states).path[-1] == pytest.approx([0, 2], abs=0.2)
    with pytest.raises(StudyError, match="there is one"):
        crossing(of, states[:1])
