"""Do the seeds of an experiment that end at a larger dimension end more accurate? Rank correlation within experiments.

Null: accuracies traded between the seeds of an experiment.
"""

import numpy as np
import pandas as pd

from repdyn.statistics.rank_correlation import (
    correlation,
    fisher_interval,
    ranks_within,
    share_as_large,
    under_own_orders,
)
from repdyn.study.findings.answers import Answer

FINDING = "accuracy"
LEAST_SEEDS = 3


def answers(runs: pd.DataFrame, rng) -> list[Answer]:
    """runs: experiment, architecture, dataset, seed, test_accuracy, and dimension at the end, a row per run that learned."""
    seeds = runs.groupby("experiment")["seed"].transform("size")
    table = runs[runs["dimension"].notna() & (seeds >= LEAST_SEEDS)].reset_index(drop=True)
    says = "rank correlation of test accuracy with the final dimension, within an experiment"
    answer = Answer(
        FINDING,
        "across seeds",
        says,
        "rank correlation (-1 to 1)",
        "run",
        len(table),
        len(table),
        table["experiment"].nunique(),
    )
    if table.empty:
        most = int(seeds.max()) if len(seeds) else 0
        return [answer._replace(why="one seed" if most == 1 else f"fewer than {LEAST_SEEDS} seeds")]
    experiment, seed = table["experiment"].to_numpy(), table["seed"].to_numpy()
    ranks = ranks_within(table["dimension"].to_numpy(), table["test_accuracy"].to_numpy(), experiment)
    r, moved = correlation(ranks)
    if np.isnan(r):
        return [answer._replace(why="all seeds of an experiment end alike")]
    drawn = under_own_orders(ranks, experiment, experiment, seed, rng)
    each = table.drop_duplicates("experiment")
    clusters = (pd.factorize(each[name])[0] for name in ("architecture", "dataset"))
    bounds = fisher_interval(r, np.bincount(pd.factorize(experiment)[0], moved), *clusters)
    low, high = np.quantile(drawn[1:], [0.025, 0.975])
    return [
        answer._replace(
            value=r, low=bounds[0], high=bounds[1], null="accuracies traded between seeds",
            null_mean=float(drawn[1:].mean()), null_low=low, null_high=high, p=share_as_large(drawn),
        )
    ]  # fmt: skip
