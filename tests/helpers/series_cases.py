"""Series as long as those of a run, and whether p values are uniform."""

import numpy as np
from scipy import stats

STEPS = np.arange(0, 2005, 5)
N = len(STEPS)


def rng(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def uniform(p: list[float]) -> float:
    """p value of the Kolmogorov-Smirnov test that p is uniform on [0, 1]."""
    return stats.kstest(p, "uniform").pvalue
