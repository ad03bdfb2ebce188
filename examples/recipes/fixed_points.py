"""How many fixed points has my recurrent network? A search from many starts, on a torch cell whose fixed points are known.

Two units that excite themselves keep a bit each: 4 stable states, 5 points between them. Weights of half the size keep none.
"""

import numpy as np
import torch
from torch import nn

from repdyn.dynamical_systems.basins import basin_shares, basins
from repdyn.dynamical_systems.fixed_points import fixed_points, unstable_directions

cell = nn.RNNCell(1, 2, bias=False).double()
starts = np.random.default_rng(0).uniform(-1.5, 1.5, (200, 2))


def step(states):
    return cell(torch.zeros(len(states), 1, dtype=torch.float64), states)  # without input


for weight in (2.0, 0.5):
    with torch.no_grad():
        cell.weight_hh.copy_(weight * torch.eye(2))
    points = fixed_points(step, starts)
    stable = unstable_directions(points.eigenvalues) == 0
    print(f"weights of {weight}: fixed points {len(points.states)}, stable {stable.sum()}")
    shares = basin_shares(basins(step, starts, points.states[stable], 200), stable.sum())
    print(f"  the largest basin has {max(shares):.0%} of the starts")
