"""Clusters that join late: bars of dimension 0 that are no stragglers."""

import numpy as np
from scipy.cluster.hierarchy import linkage

from repdyn.errors import StudyError
from repdyn.geometry.neighbours import points


def joins(x: np.ndarray, least: int) -> np.ndarray:
    """Distances at which two clusters of (n, d), each of `least` points or more, join as the distance grows, largest first.

    Deaths of dimension 0 in the Rips filtration are the distances of single linkage, but most are those of stragglers:
    the farthest of a Gaussian's points is farther from all others than two rings, one through the other, are apart. Asking
    for a size leaves stragglers out (as min_cluster_size of Campello, Moulavi & Sander 2013). Raises StudyError unless
    1 <= least <= n.
    """
    x = points(x)
    if not 1 <= least <= len(x):
        raise StudyError(f"clusters of {len(x)} points have 1 to {len(x)}, not {least}")
    tree = linkage(x, method="single")
    size = np.concatenate([np.ones(len(x)), tree[:, 3]])
    smaller = np.minimum(size[tree[:, 0].astype(np.int64)], size[tree[:, 1].astype(np.int64)])
    return tree[smaller >= least, 2][::-1]
