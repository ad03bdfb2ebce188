"""A claim as bounds on quantities: p values of its two sides, corrected over all claims, and the word that follows.

A condition is {quantity, above or below: bound, published, none}: on which side of the bound the claim lies, what the
quantity is if the claim is true as published, and what it is without the effect.
"""

import numpy as np

from repdyn.statistics.fdr import benjamini_hochberg

HOLDS, FAILS = "holds", "does not hold"
UNDECIDED, NOT_EVALUABLE = "undecided", "not evaluable"
WORDS = (HOLDS, FAILS, UNDECIDED, NOT_EVALUABLE)
ALPHA = 0.05
POWER, WRONG = 0.8, 0.05  # of drawn studies: right where the claim is true as published, and wrong under any truth
# What could be true, as a share of the way from no effect to the published one.
TRUTHS = {"as published": 1.0, "half": 0.5, "false": 0.0, "reversed": -1.0}


def allowed_wrong(draws: int) -> float:
    """The largest share of wrong words among so many drawn studies that still goes with WRONG: twice its error above it."""
    return float(WRONG + 2 * np.sqrt(WRONG * (1 - WRONG) / draws))


def bound(condition: dict) -> float:
    return condition["above"] if "above" in condition else condition["below"]


def sides(value, se, df, condition: dict, log: bool) -> tuple[np.ndarray, np.ndarray]:
    """One-sided p that the quantity lies on the claimed side of the bound, and that it lies on the other: each (...,).

    se: of the logarithm of the quantity where `log`. NaN where there is no standard error.
    """
    from scipy.stats import t

    with np.errstate(divide="ignore", invalid="ignore"):
        away = (np.log(value) if log else value) - (np.log(bound(condition)) if log else bound(condition))
        statistic = np.where(np.asarray(se) > 0, away / np.asarray(se), np.sign(away) * np.inf)
    above, below = t.sf(statistic, df), t.cdf(statistic, df)
    unknown = ~(np.isfinite(value) & np.isfinite(se))
    above, below = (np.where(unknown, np.nan, p) for p in (above, below))
    return (above, below) if "above" in condition else (below, above)


def corrected(claimed: np.ndarray, other: np.ndarray, alpha: float = ALPHA) -> np.ndarray:
    """What each condition says: 1 the claimed side, -1 the other, 0 neither; claimed, other: one-sided p, (n,) each.

    Two-sided p values, corrected by Benjamini & Hochberg (1995) over all conditions of all claims: of the sides that are
    named, at most a share alpha is expected to be wrong (for sides: Benjamini & Yekutieli 2005, corollary 3). The count of
    words at the top of a report is what a reader takes away, so the error that is held is the share of wrong ones among
    them. NaN (not evaluable) does not count as a test and says 0.
    """
    p = np.minimum(1.0, 2 * np.minimum(claimed, other))
    said = benjamini_hochberg(p) <= alpha
    return np.where(said, np.where(claimed < other, 1, -1), 0)


def word(said: np.ndarray) -> np.ndarray:
    """1, -1 or 0 of a claim from what its conditions say, (..., conditions): all must hold, one that fails suffices."""
    said = np.asarray(said)
    return np.where((said == -1).any(axis=-1), -1, np.where((said == 1).all(axis=-1), 1, 0))


def true_value(condition: dict, share: float) -> float:
    """The quantity under a truth of TRUTHS; a ratio (`scale: log`) goes its way in logarithms."""
    published, none = condition["published"], condition["none"]
    if condition.get("scale") == "log":
        return float(np.exp(np.log(none) + share * (np.log(published) - np.log(none))))
    return none + share * (published - none)


def right_word(conditions: list[dict], share: float) -> int:
    """The word of a claim where a truth is known without error: 1, -1, or 0 exactly on a bound."""
    away = [np.sign(true_value(each, share) - bound(each)) * (1 if "above" in each else -1) for each in conditions]
    return int(word(np.array(np.round(away))))
