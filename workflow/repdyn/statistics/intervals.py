"""Intervals over runs: the run is the unit of replication, never a layer, a time point or an example."""

import numpy as np
import pandas as pd

from repdyn.errors import StudyError

MINIMUM_RUNS = 3
BOOTSTRAP_RUNS = 10  # fewer runs do not carry a bootstrap: of normal runs, its 95 % covers 69 % for n = 3


def mean_interval(
    per_run: np.ndarray,
    rng: np.random.Generator,
    confidence: float = 0.95,
    resamples: int = 9999,
    minimum: int = MINIMUM_RUNS,
) -> tuple[float, float, float]:
    """Mean over runs with an interval: per_run (n,) -> mean, low, high.

    Bootstrap (BCa, Efron 1987) from BOOTSTRAP_RUNS runs, Student t for fewer. NaN runs were not evaluable and
    do not count. With fewer than `minimum` runs the interval is NaN, NaN ("too few"), and without any the
    mean is too. Identical runs give an interval of width 0.
    """
    from scipy.stats import bootstrap, t

    per_run = np.asarray(per_run, dtype=np.float64)
    if per_run.ndim != 1 or np.isinf(per_run).any():
        raise StudyError("one finite number (or NaN) per run is needed")
    per_run = per_run[~np.isnan(per_run)]
    if len(per_run) == 0:
        return np.nan, np.nan, np.nan
    mean = float(per_run.mean())
    if len(per_run) < minimum:
        return mean, np.nan, np.nan
    if np.ptp(per_run) == 0:
        return mean, mean, mean
    if len(per_run) < BOOTSTRAP_RUNS:
        half = t.ppf((1 + confidence) / 2, len(per_run) - 1) * per_run.std(ddof=1) / np.sqrt(len(per_run))
        return mean, float(mean - half), float(mean + half)
    found = bootstrap(
        (per_run,), np.mean, n_resamples=resamples, confidence_level=confidence, method="BCa", rng=rng
    ).confidence_interval
    return mean, float(found.low), float(found.high)


def family_intervals(
    runs: pd.DataFrame, value: str, rng: np.random.Generator, by: str = "family", **options
) -> pd.DataFrame:
    """`mean_interval` of column `value` for each group of `by`: columns by, runs, mean, low, high.

    runs: one row per run. The number of runs counts those that were evaluable.
    """
    rows = []
    for name, group in runs.groupby(by, sort=True):
        mean, low, high = mean_interval(group[value].to_numpy(), rng, **options)
        rows.append({by: name, "runs": int(group[value].notna().sum()), "mean": mean, "low": low, "high": high})
    return pd.DataFrame(rows, columns=[by, "runs", "mean", "low", "high"])
