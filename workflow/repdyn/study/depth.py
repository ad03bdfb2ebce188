"""Where a layer lies between the first and the last layer of its network."""

import numpy as np


def third_of_depth(depth: np.ndarray) -> np.ndarray:
    """The third of relative depth, 0 to 2, of each layer of one network: depths (L,) -> int (L,).

    Relative depth is 0 at the first and 1 at the last of the layers given; a single layer lies in the middle.
    """
    depth = np.asarray(depth, dtype=np.float64)
    span = np.ptp(depth)
    relative = (depth - depth.min()) / span if span else np.full(depth.shape, 0.5)
    return np.minimum((relative * 3).astype(int), 2)
