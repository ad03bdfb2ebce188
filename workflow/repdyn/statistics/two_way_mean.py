"""A mean over experiments that share architectures and datasets, any number of seeds."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.statistics.clusters import two_way_variance
from repdyn.statistics.intervals import MINIMUM_RUNS


class TwoWayMean(NamedTuple):
    """value, low, high: mean with its interval, NaN where there are too few experiments or all are equal. p: one-sided, of
    it being `least` or less, by Student's t. experiments, runs: behind it."""

    value: float
    low: float
    high: float
    p: float
    experiments: int
    runs: int


def two_way_mean(
    table: pd.DataFrame, column: str, least: float = 0.0, share: bool = False, confidence: float = 0.95
) -> TwoWayMean:
    """The mean over experiments of the mean over their runs of the mean over rows, such as layers.

    table: experiment, architecture, dataset, seed and `column`, NaN rows left out. share: whether values lie in 0 to 1; then
    so does the interval, and where experiments are all 0 or all 1 the variance is that of one more on either side.
    """
    from scipy.stats import t

    known = table[table[column].notna()]
    runs = known.groupby(["experiment", "architecture", "dataset", "seed"], sort=True)[column].mean()
    experiments = runs.groupby(level=[0, 1, 2]).mean().reset_index()
    n = len(experiments)
    if n == 0:
        return TwoWayMean(np.nan, np.nan, np.nan, np.nan, 0, 0)
    values = experiments[column].to_numpy(np.float64)
    mean = float(values.mean())
    variance, freedom = two_way_variance((values - mean) / n, experiments["architecture"], experiments["dataset"])
    if share and np.ptp(values) == 0 and mean in (0.0, 1.0):
        smoothed = (mean * n + 1) / (n + 2)
        variance, freedom = np.array(smoothed * (1 - smoothed) / n), np.array(max(n - 1, 1))
    if n < MINIMUM_RUNS or not variance > 0:
        return TwoWayMean(mean, np.nan, np.nan, np.nan, n, len(runs))
    se = np.sqrt(variance)
    half = t.ppf((1 + confidence) / 2, freedom) * se
    low, high = np.clip((mean - half, mean + half), 0, 1) if share else (mean - half, mean + half)
    return TwoWayMean(mean, float(low), float(high), float(t.sf((mean - least) / se, freedom)), n, len(runs))
