"""How much of a variance lies between the levels of crossed factors, by the method of moments; balanced or not.

y = mu + sum over factors of u_level + e, all independent. With M the centring matrix and Z_k the levels of factor k, the
sums of squares q_k = |Z_k' M y|^2, and q_0 = |M y|^2 for what is left, have the expectations sum_j s_j |Z_k' M Z_j|^2, which
are solved for the variances s (Rao 1971, MINQUE with weights 0). Unbiased, so a variance that is small may come out below 0.
"""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError

SINGULAR = 1e8  # condition of the equations from which they have no one solution


class Component(NamedTuple):
    """variance: of a factor's levels, as estimated (below 0 possible). low, high: of it, from 0 on. p: one-sided, of there
    being none. levels: how many."""

    variance: float
    low: float
    high: float
    p: float
    levels: int


def components(y: np.ndarray, factors: list[np.ndarray]) -> np.ndarray:
    """Variances of each factor and, last, of what is left: y (n,) or (n, S), factors (n,) labels -> (K + 1,) or (K + 1, S).

    Raises StudyError where the design does not tell the factors apart.
    """
    codes = [np.unique(factor, return_inverse=True)[1] for factor in factors]
    table = expectations(codes)
    scale = np.sqrt(np.diag(table))
    if not (scale > 0).all() or np.linalg.cond(table / np.outer(scale, scale)) > SINGULAR:
        raise StudyError("The design does not tell apart what the variance is asked of: some factors change together.")
    return np.linalg.solve(table, _squares(np.asarray(y, dtype=np.float64), codes))


def expectations(codes: list[np.ndarray]) -> np.ndarray:
    """What each sum of squares (rows) gets of each variance (columns): (K + 1, K + 1), what is left last."""
    n, number = len(codes[0]), len(codes)
    counts = [np.bincount(code) for code in codes]
    table = np.empty((number + 1, number + 1))
    for k in range(number):
        for j in range(k, number):
            together = np.bincount(codes[k] * len(counts[j]) + codes[j], minlength=len(counts[k]) * len(counts[j]))
            centred = together - np.outer(counts[k], counts[j]).ravel() / n
            table[k, j] = table[j, k] = centred @ centred
        table[k, number] = table[number, k] = n - np.square(counts[k]).sum() / n
    table[number, number] = n - 1
    return table


def _squares(y: np.ndarray, codes: list[np.ndarray]) -> np.ndarray:
    centred = y - y.mean(axis=0)
    columns = centred.reshape(len(centred), -1)
    sums = []
    for code in codes:
        totals = np.zeros((code.max() + 1, columns.shape[1]))
        np.add.at(totals, code, columns)
        sums.append(np.square(totals).sum(axis=0))
    return np.stack([*sums, np.square(columns).sum(axis=0)]).reshape(-1, *y.shape[1:])


def component(
    y: np.ndarray, factors: list[np.ndarray], k: int, rng, confidence: float = 0.95, draws: int = 999
) -> Component:
    """The variance of factor k with its interval, and p.

    The effects of its L levels are L - 1 independent numbers whose mean square is the variance and an error: that mean
    square is taken as chi-square with L - 1 degrees of freedom (as it is in a balanced design), and the error as what the
    estimate varies by if the variance were 0, from `draws` studies of the same design with the other variances as estimated
    (parametric bootstrap), of which p is the share with an estimate as large.
    """
    from scipy.stats import chi2

    found = components(y, factors)
    others = np.maximum(found, 0)
    others[k] = 0.0
    codes = [np.unique(factor, return_inverse=True)[1] for factor in factors]
    drawn = sum(np.sqrt(s) * rng.standard_normal((c.max() + 1, draws))[c] for s, c in zip(others, codes, strict=False))
    drawn = drawn + np.sqrt(others[-1]) * rng.standard_normal((len(y), draws))
    levels = int(codes[k].max() + 1)
    freedom = levels - 1
    none = components(drawn, factors)[k]
    error = none.std() * np.sqrt(freedom / 2)
    # An estimate below 0 counts as 0 for the upper end, which else might lie there too.
    squares = max(found[k] + error, 0.0), max(found[k], 0.0) + error
    sides = chi2.ppf([(1 + confidence) / 2, (1 - confidence) / 2], freedom)
    low, high = (max(freedom * square / side - error, 0.0) for square, side in zip(squares, sides, strict=True))
    p = (1 + (none >= found[k]).sum()) / (1 + draws)
    return Component(float(found[k]), float(low), float(high), float(p), levels)
