"""Variance of an estimate over experiments that share architectures and datasets: two-way clusters, any number of seeds."""

import numpy as np


def two_way_variance(
    influence: np.ndarray, first: np.ndarray, second: np.ndarray, active: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Variance of an estimate, and the degrees of freedom of Student's t: each (...,).

    influence: (..., n) by how much each experiment moves the estimate, seeds summed, so that the sum is the estimate's
    linearised error. first, second: (n,) the clusters of each experiment, here architecture and dataset. active:
    bool (..., n), experiments that say anything (a share has nothing to say where there are no events); by default all.

    The variance adds what clusters have in common in either way to that of independent experiments (Cameron, Gelbach &
    Miller 2011), a cluster counting only where it varies more than its experiments do; every sum of squares of m sums is
    taken times m / (m - 1). Degrees of freedom by Satterthwaite (1946), as the clusters may be few: with two experiments or
    none the variance is NaN.
    """
    influence = np.asarray(influence, dtype=np.float64)
    active = np.ones(influence.shape, dtype=bool) if active is None else np.broadcast_to(active, influence.shape)
    own, number = _squares(influence, active)
    variance, uncertainty, left = np.zeros_like(own), np.zeros_like(own), np.ones_like(own)
    for clusters in (first, second):
        member = np.asarray(clusters)[:, None] == np.unique(clusters)
        shared, groups = _squares(influence @ member, (active @ member) > 0)
        counts = shared > own
        variance += np.where(counts, shared, 0.0)
        uncertainty += np.where(counts, shared**2 / np.maximum(groups - 1, 1), 0.0)
        left -= counts
    variance += left * own
    uncertainty += left**2 * own**2 / np.maximum(number - 1, 1)
    enough = number > 1
    freedom = np.divide(variance**2, uncertainty, out=np.array(np.maximum(number - 1.0, 1.0)), where=uncertainty > 0)
    return np.where(enough, variance, np.nan), np.where(enough, np.maximum(freedom, 1.0), np.nan)


def _squares(sums: np.ndarray, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum of squares of (..., m) sums, times m / (m - 1) of those that are active, and their number."""
    number = active.sum(axis=-1)
    correction = np.divide(number, number - 1.0, out=np.zeros(number.shape), where=number > 1)
    return np.square(sums).sum(axis=-1) * correction, number
