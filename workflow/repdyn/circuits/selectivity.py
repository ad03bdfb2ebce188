"""Mixed selectivity: how much of what conditions do to a unit is neither one variable's effect nor the sum of two."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError
from repdyn.statistics.fdr import benjamini_hochberg

SHUFFLES = 100
ALPHA = 0.05
KINDS = ("none", "pure", "linear", "non-linear")


class Selectivity(NamedTuple):
    """Of d units: variances (3, d) between conditions, of the first variable, the second and their interaction, without
    noise, so that they may be below 0. shares (d,) of the interaction; NaN where the sum is not above 0. population: the
    same share of the sums over units. p (3, d) of each part."""

    variances: np.ndarray
    shares: np.ndarray
    population: float
    p: np.ndarray


def mixed_selectivity(responses: np.ndarray, rng: np.random.Generator) -> Selectivity:
    """Responses (a, b, r, d): levels of two variables, repeats, units. p: of F ratios, against those of all units with the
    labels of trials shuffled SHUFFLES times: without an effect they have one distribution, whatever the scale of a unit.

    Noise in the means of conditions is counted as interaction by an analysis of variance that takes means for the truth;
    here it is removed by products of different repeats (cf. Rigotti et al. 2013, Nature 497, 585; Kobak et al. 2016, eLife
    5, e10989). StudyError for fewer than two levels or repeats, or values that are not finite.
    """
    responses = np.asarray(responses, dtype=np.float64)
    if responses.ndim != 4 or min(responses.shape[:3]) < 2 or not responses.size or not np.isfinite(responses).all():
        raise StudyError(f"two levels of two variables and two repeats or more are needed, found {responses.shape}")
    variances = condition_variances(responses)
    total = variances.sum(0)
    shares = np.divide(variances[2], total, out=np.full(len(total), np.nan), where=total > 0)
    population = variances[2].sum() / total.sum() if total.sum() > 0 else np.nan
    a, b, r, d = responses.shape
    trials, found = responses.reshape(-1, d), f_ratios(responses)
    null = np.stack([f_ratios(rng.permutation(trials).reshape(a, b, r, d)) for _ in range(SHUFFLES)], 1)
    p = np.stack([_share_beyond(*part) for part in zip(found, null.reshape(3, -1), strict=True)])
    return Selectivity(variances, shares, float(population), p)


def kinds(p: np.ndarray) -> np.ndarray:
    """The kind of each unit (d,), an index of KINDS, from p (3, d) with a false-discovery rate of ALPHA per part.

    none: no part; pure: one variable; linear: both, added; non-linear: their interaction, whatever else.
    """
    there = np.stack([benjamini_hochberg(row) <= ALPHA for row in p])
    return np.where(there[2], 3, there[:2].sum(0))


def condition_variances(responses: np.ndarray) -> np.ndarray:
    """Variances (3, d), of the two variables and their interaction, of responses (a, b, r, d), free of noise.

    The mean over conditions of the product of each part in one repeat with that in another, over all pairs of repeats: the
    mean over all split halves.
    """
    r = responses.shape[2]
    found = []
    for part in _parts(responses):
        products = part.sum(2) ** 2 - (part**2).sum(2)
        found.append(products.mean((0, 1)) / (r * (r - 1)))
    return np.stack(found)


def f_ratios(responses: np.ndarray) -> np.ndarray:
    """F ratios (3, d) of the two variables and their interaction, of responses (a, b, r, d); NaN without noise."""
    a, b, r, _ = responses.shape
    noise = responses.var(2, ddof=1).mean((0, 1))
    freedom = (a - 1, b - 1, (a - 1) * (b - 1))
    squares = [
        (part.mean(2) ** 2).mean((0, 1)) * a * b * r / free
        for part, free in zip(_parts(responses), freedom, strict=True)
    ]
    return np.stack([np.divide(each, noise, out=np.full(len(noise), np.nan), where=noise > 0) for each in squares])


def balanced(values: np.ndarray, first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Trials (n, d) with labels first and second (n,) as responses (a, b, r, d): r drawn of each condition, without repeats.

    r is that of the rarest condition. StudyError where it has fewer than two trials.
    """
    values = np.asarray(values, dtype=np.float64)
    labels = [np.unique(each, return_inverse=True)[1] for each in (first, second)]
    if any(each.shape != (len(values),) for each in labels):
        raise StudyError(f"{len(values)} trials have as many labels of each variable, found {[len(e) for e in labels]}")
    a, b = (int(each.max()) + 1 for each in labels)
    order = rng.permutation(len(values))
    groups = [order[(labels[0] * b + labels[1])[order] == condition] for condition in range(a * b)]
    r = min(map(len, groups))
    if r < 2:
        raise StudyError("every condition needs two trials or more; the rarest has " + str(r))
    return np.stack([values[group[:r]] for group in groups]).reshape(a, b, r, -1)


def _share_beyond(found: np.ndarray, null: np.ndarray) -> np.ndarray:
    """The p values (d,) of ratios (d,) against pooled ones (m,); NaN where a ratio is."""
    null = np.sort(null[~np.isnan(null)])
    beyond = len(null) - np.searchsorted(null, found, "left")
    return np.where(np.isnan(found), np.nan, (1 + beyond) / (1 + len(null)))


def _parts(responses: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The effects of both variables and their interaction in every repeat, (a, 1, r, d), (1, b, r, d) and (a, b, r, d)."""
    whole = responses.mean((0, 1), keepdims=True)
    first, second = responses.mean(1, keepdims=True) - whole, responses.mean(0, keepdims=True) - whole
    return first, second, responses - first - second - whole
