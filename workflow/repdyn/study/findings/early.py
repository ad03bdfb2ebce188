"""Is the final dimension set early? Do layers that are ahead of others at a step end ahead of them?

A layer is compared with the same layer of the same architecture, so that neither its position nor its width counts: with
those trained on other datasets, or with other seeds. Rank correlation within these groups, of the dimension at a step with
that at the end.

Null: across datasets, the final dimensions traded between datasets, everywhere alike, because what a dataset does to all
architectures is one fact and not many; across seeds, traded between the seeds of an experiment. Layers of a run stay
together in both. That the order is set between the first and a later step, and not before, is asked of the difference of
both correlations; its p is that of Student's t.
"""

import numpy as np
import pandas as pd

from repdyn.statistics.clusters import two_way_variance
from repdyn.statistics.rank_correlation import (
    Ranks,
    correlation,
    fisher_interval,
    ranks_within,
    share_as_large,
    under_one_order,
    under_own_orders,
)
from repdyn.study.findings.answers import Answer

FINDING = "early"
POSITION = ["architecture", "layer"]
UNIT, THINGS = "rank correlation (-1 to 1)", "layer"
DATASETS, SEEDS = "across datasets", "across seeds"
LEAST_ORDERS = 20  # of datasets, of which fewer give no p of 0.05
SET = 0.1  # training fraction by which the order may be set


def answers(sections: pd.DataFrame, steps: int, rng) -> list[Answer]:
    """sections: as `layers.measure_run` gives them, of all runs; steps: of training."""
    if sections.empty:
        says = "rank correlation of the dimension at a step with that at the end"
        return [Answer(FINDING, among, says, UNIT, THINGS, why="no run") for among in (DATASETS, SEEDS)]
    taken = sorted(sections["step"].unique())
    wide = sections.pivot_table(
        index=["experiment", "architecture", "dataset", "layer", "seed"], columns="step", values="value"
    )
    wide = wide.dropna().reset_index()
    averaged = wide.groupby(["experiment", *POSITION, "dataset"], sort=True)[taken].mean().reset_index()
    found = []
    for among, table in ((DATASETS, averaged), (SEEDS, wide)):
        last = taken[-1]
        found += [_answer(table, step, last, among, rng) for step in taken[:-1]]
        middle = [step for step in taken[1:-1] if step <= SET * steps]
        if middle:
            found.append(_gain(table, taken[0], middle[-1], last, among))
    runs = len(wide[["experiment", "seed"]].drop_duplicates())
    return [answer._replace(runs=runs if answer.number else 0) for answer in found]


def _answer(table: pd.DataFrame, step: int, last: int, among: str, rng) -> Answer:
    ranks = _ranks(table, step, last, among)
    answer, influence = _correlated(table, ranks, f"step {step:,}, {among}", among)
    if np.isnan(answer.value):
        return answer
    known = table[np.isfinite(ranks.x)]
    group = _group(table, among)
    if among == DATASETS:
        drawn = under_one_order(ranks, group, table["dataset"].to_numpy(), rng)
        null = "final dimensions traded between datasets"
    else:
        drawn = under_own_orders(ranks, group, table["experiment"].to_numpy(), table["seed"].to_numpy(), rng)
        null = "final dimensions traded between seeds"
    if len(drawn) < LEAST_ORDERS:
        return answer._replace(why=f"{len(drawn)} orders of so few datasets give no p below {1 / len(drawn):.2f}")
    low, high = np.quantile(drawn[1:], [0.025, 0.975])
    first, second = (pd.factorize(known.drop_duplicates("experiment")[name])[0] for name in ("architecture", "dataset"))
    bounds = fisher_interval(answer.value, influence, first, second)
    return answer._replace(
        low=bounds[0], high=bounds[1], null=null, null_mean=float(drawn[1:].mean()), null_low=low, null_high=high,
        p=share_as_large(drawn),
    )  # fmt: skip


def _gain(table: pd.DataFrame, first: int, later: int, last: int, among: str) -> Answer:
    from scipy.stats import t

    start, influence = _correlated(table, _ranks(table, first, last, among), "", among)
    answer, other = _correlated(
        table, _ranks(table, later, last, among), f"step {first:,} to {later:,}, {among}", among
    )
    answer = answer._replace(says=f"rise of that rank correlation from step {first:,} to {later:,}")
    if np.isnan(answer.value) or np.isnan(start.value):
        return answer._replace(value=np.nan)
    known = table[np.isfinite(_ranks(table, later, last, among).x)].drop_duplicates("experiment")
    clusters = (pd.factorize(known[name])[0] for name in ("architecture", "dataset"))
    variance, freedom = two_way_variance(other - influence, *clusters)
    gain, se = answer.value - start.value, float(np.sqrt(variance))
    if not se > 0:
        return answer._replace(value=gain)
    half = t.ppf(0.975, freedom) * se
    return answer._replace(
        value=gain, low=gain - half, high=gain + half, null="no rise", null_mean=0.0, p=float(t.sf(gain / se, freedom))
    )


def _group(table: pd.DataFrame, among: str) -> np.ndarray:
    """The number of the group of each row: a position, across seeds one of an experiment."""
    names = POSITION if among == DATASETS else ["experiment", "layer"]
    return table.groupby(names, sort=False).ngroup().to_numpy()


def _ranks(table: pd.DataFrame, step: int, last: int, among: str) -> Ranks:
    return ranks_within(table[step].to_numpy(), table[last].to_numpy(), _group(table, among))


def _correlated(table: pd.DataFrame, ranks: Ranks, subject: str, among: str) -> tuple[Answer, np.ndarray]:
    """The correlation without null or interval, and the influence of each experiment that has ranks, in order."""
    kept = np.isfinite(ranks.x)
    known = table[kept]
    says = "rank correlation of the dimension at that step with that at the end, within a layer of an architecture"
    says += "" if among == DATASETS else " and dataset"
    experiments = known["experiment"].nunique()
    answer = Answer(FINDING, subject, says, UNIT, THINGS, len(known), 0, experiments)
    r, moved = correlation(ranks)
    if np.isnan(r):
        other = "one dataset per architecture" if among == DATASETS else "one seed"
        return answer._replace(why=other if known.empty else "nothing varies"), np.empty(0)
    codes = pd.factorize(known["experiment"])[0]
    return answer._replace(value=r), np.bincount(codes, moved[kept])
