"""Rank correlation within groups: do two quantities order the members of each group alike, whatever the groups differ in?"""

import itertools
import math
from typing import NamedTuple

import numpy as np

from repdyn.statistics.clusters import two_way_variance
from repdyn.statistics.permutation import centred_ranks


class Ranks(NamedTuple):
    """x and y (n,) as ranks within their group, mean 0 in each; NaN where the member is alone."""

    x: np.ndarray
    y: np.ndarray


def ranks_within(x: np.ndarray, y: np.ndarray, group: np.ndarray) -> Ranks:
    """x, y (n,) finite; group (n,) labels."""
    found = np.full((2, len(x)), np.nan)
    codes = np.unique(group, return_inverse=True)[1]
    order = np.argsort(codes, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(order) else ():
        if len(members) > 1:
            found[0, members], found[1, members] = centred_ranks(x[members]), centred_ranks(y[members])
    return Ranks(*found)


def correlation(ranks: Ranks) -> tuple[float, np.ndarray]:
    """Their correlation over all groups, and by how much each member moves it (n,), 0 for those that are alone.

    r = sum xy / sqrt(sum x^2 sum y^2), which for one group is Spearman's. NaN where nothing varies.
    """
    x, y = (np.nan_to_num(values) for values in ranks)
    below = np.sqrt((x @ x) * (y @ y))
    if not below > 0:
        return np.nan, np.zeros(len(x))
    r = float(np.clip(x @ y / below, -1, 1))
    return r, x * y / below - r * (x * x / (x @ x) + y * y / (y @ y)) / 2


def fisher_interval(
    r: float, influence: np.ndarray, first: np.ndarray, second: np.ndarray, confidence: float = 0.95
) -> tuple[float, float]:
    """Interval of a correlation, of Student's t on Fisher's scale: influence (E,) of each experiment, clusters as in
    `two_way_variance`. NaN where there is none: too few experiments, or perfect order."""
    from scipy.stats import t

    variance, freedom = two_way_variance(influence, first, second)
    if not (variance > 0 and abs(r) < 1):
        return np.nan, np.nan
    half = t.ppf((1 + confidence) / 2, freedom) * np.sqrt(variance) / (1 - r**2)
    return float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half))


def under_one_order(ranks: Ranks, group: np.ndarray, member: np.ndarray, rng, draws: int = 9999) -> np.ndarray:
    """The correlation if members traded their y, everywhere by the same order: (P,), the first as observed.

    member (n,): labels that groups share, such as datasets, so that what a member does to all groups alike stays together.
    All orders where there are at most `draws`, else as many random ones. A group that lacks one of two members that trade is
    left out for that pair.
    """
    groups, g = np.unique(group, return_inverse=True)
    members, m = np.unique(member, return_inverse=True)
    x, y, known = (np.zeros((len(groups), len(members))) for _ in range(3))
    kept = np.isfinite(ranks.x)
    x[g[kept], m[kept]], y[g[kept], m[kept]], known[g[kept], m[kept]] = ranks.x[kept], ranks.y[kept], 1.0
    products, own, others = x.T @ y, np.square(x).T @ known, known.T @ np.square(y)
    orders = _orders(len(members), rng, draws)
    place = np.arange(len(members))
    top, left, right = (table[place, orders].sum(axis=1) for table in (products, own, others))
    below = np.sqrt(left * right)
    return np.divide(top, below, out=np.zeros(len(orders)), where=below > 0)


def under_own_orders(
    ranks: Ranks, group: np.ndarray, experiment: np.ndarray, member: np.ndarray, rng, draws: int = 999
) -> np.ndarray:
    """The same where the members, such as seeds, mean nothing beyond their experiment: each experiment has an order of its
    own, shared by its groups, such as layers: (1 + draws,)."""
    x, y = (np.nan_to_num(values) for values in ranks)
    total = np.zeros(1 + draws)
    for each in np.unique(experiment):
        own = experiment == each
        g, m = (np.unique(labels[own], return_inverse=True)[1] for labels in (group, member))
        tables = np.zeros((2, g.max() + 1, m.max() + 1))
        tables[:, g, m] = x[own], y[own]
        orders = rng.permuted(np.tile(np.arange(m.max() + 1), (1 + draws, 1)), axis=1)
        orders[0] = np.arange(m.max() + 1)
        total += (tables[0].T @ tables[1])[np.arange(m.max() + 1), orders].sum(axis=1)
    return total / np.sqrt((x @ x) * (y @ y))


def share_as_large(drawn: np.ndarray) -> float:
    """One-sided p of the first of (P,), which counts among those that are as large."""
    return float((drawn >= drawn[0] - 1e-12).mean())


def _orders(n: int, rng, draws: int) -> np.ndarray:
    """Orders of n members (P, n), the first as they are."""
    if math.factorial(n) <= draws:
        return np.array(list(itertools.permutations(range(n))))
    return np.concatenate([np.arange(n)[None], rng.permuted(np.tile(np.arange(n), (draws, 1)), axis=1)])
