"""Estimates over runs: totals, shares and their contrasts from tables of one row per run, with 95 % intervals.

One estimator from one seed to a hundred: the experiment is the unit, its seeds add up within it, and experiments of one
architecture or of one dataset are not independent (`statistics.clusters`). Runs without events are kept.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.statistics.clusters import two_way_variance

CONFIDENCE = 0.95
# What a run adds to a ratio: events out of events, events, one value, or a sum of values over events.
SHARE, COUNT, MEAN, CHANGE = "share", "count", "mean", "change"
KINDS = (SHARE, COUNT, MEAN, CHANGE)
ROW = ["experiment", "architecture", "dataset", "seed", "top", "bottom", "expected"]


class Ratio(NamedTuple):
    """unit * sum of (top - expected) over sum of bottom. rows: ROW, one per run; kind: what top and bottom are."""

    rows: pd.DataFrame
    kind: str
    unit: float


class Estimate(NamedTuple):
    """A quantity with its 95 % interval over runs (NaN where there are too few) and the number of runs behind it.

    Of a contrast, the smaller number of its two sides.

    se, df: standard error and degrees of freedom of Student's t, of the logarithm where `log`. ratios: what it was computed
    from, one or, for a contrast, two.
    """

    value: float
    low: float
    high: float
    runs: int
    se: float = np.nan
    df: float = np.nan
    log: bool = False
    ratios: tuple[Ratio, ...] = ()


class Sums(NamedTuple):
    """A ratio as arrays: top (expected subtracted) and bottom (..., R) of each run, the experiment of each run (R,)."""

    top: np.ndarray
    bottom: np.ndarray
    experiment: np.ndarray
    kind: str
    unit: float


NOTHING = Estimate(np.nan, np.nan, np.nan, 0)


def ratio(table: pd.DataFrame, top: str, bottom: str = "one", unit: float = 1.0, kind: str = MEAN) -> Estimate:
    """unit * sum of `top` / sum of `bottom` over runs; runs in which `top` was not evaluable (NaN) do not count."""
    return _estimate((_ratio(table, top, bottom, unit, kind),))


def excess(table: pd.DataFrame, top: str, bottom: str, unit: float = 1.0, kind: str = SHARE) -> Estimate:
    """unit * (sum of `top` - sum of what it is expected to be) / sum of `bottom`."""
    return _estimate((_ratio(table, top, bottom, unit, kind, f"{top}_expected"),))


def percent(table: pd.DataFrame, top: str, bottom: str) -> Estimate:
    """A share of events in percent."""
    return ratio(table, top, bottom, 100.0, SHARE)


def total(table: pd.DataFrame, column: str) -> Estimate:
    """Events in one study of one seed: the mean run times the number of experiments; interval of the logarithm, from 0
    where there is none."""
    known = table[table[column].notna()]
    found = _estimate((_ratio(known, column, "one", float(known["experiment"].nunique()), COUNT),), log=True)
    return found if found.value else found._replace(low=0.0)


def difference(a: Estimate, b: Estimate) -> Estimate:
    """a - b, of the same runs or of others."""
    return _estimate(a.ratios + b.ratios)


def quotient(a: Estimate, b: Estimate) -> Estimate:
    """a / b of counts, its interval that of the logarithm; half an event is added to each, so that none is no zero. Without
    any event on either side there is no ratio: NaN."""
    found = _estimate(a.ratios + b.ratios, log=True)
    return (
        found if a.value or b.value else found._replace(**dict.fromkeys(("value", "low", "high", "se", "df"), np.nan))
    )


def within(estimate: Estimate, low: float, high: float) -> Estimate:
    """An interval cut to the numbers that are possible."""
    return estimate._replace(low=float(np.clip(estimate.low, low, high)), high=float(np.clip(estimate.high, low, high)))


def contrast(sums: list[Sums], first: np.ndarray, second: np.ndarray, log: bool) -> tuple[np.ndarray, ...]:
    """Estimate, standard error and degrees of freedom, each (...,); where `log`, of the logarithm.

    sums: one ratio, or two of which the second is subtracted. first, second: the clusters of each experiment (E,).
    """
    value, influence, active, floor = 0.0, 0.0, False, 0.0
    for sign, (top, bottom, experiment, kind, unit) in zip((1, -1), sums, strict=False):
        member = np.asarray(experiment)[:, None] == np.arange(len(first))
        below = bottom.sum(axis=-1)
        per = np.divide(unit, below, out=np.full(np.shape(below), np.nan), where=below > 0)
        plain = top.sum(axis=-1) * per
        moved = (top * per[..., None] - (plain / unit * per)[..., None] * bottom) @ member
        says = (bottom @ member) > 0
        smoothed = plain + (0.5 * per if log and kind == COUNT else 0.0)
        if kind == COUNT:  # events vary at least like independent ones
            floor = floor + (top.sum(axis=-1) + 0.5) * per**2 / (smoothed**2 if log else 1.0)
        if kind == SHARE:
            floor = floor + _share_floor(top, bottom, plain / unit, says.sum(axis=-1)) * unit**2
        value = value + sign * (np.log(smoothed) if log else plain)
        influence = influence + sign * (moved / smoothed[..., None] if log else moved)
        active = active | says
    variance, freedom = two_way_variance(influence, first, second, active)
    return value, np.sqrt(np.maximum(variance, floor)), freedom


def _share_floor(top: np.ndarray, bottom: np.ndarray, share: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Variance of a share of all or none, which by itself has none: one experiment more on either side (Laplace)."""
    all_or_none = (np.abs(top) < 1e-12).all(axis=-1) | (np.abs(top - bottom) < 1e-12).all(axis=-1)
    smoothed = (share * number + 1) / (number + 2)
    return np.where(all_or_none & (number > 0), smoothed * (1 - smoothed) / np.maximum(number, 1), 0.0)


def interval(value, se, df, log: bool, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Student's t interval; value: as reported, se: of its logarithm where `log`."""
    from scipy.stats import t

    half = t.ppf((1 + confidence) / 2, df) * se
    return (value * np.exp(-half), value * np.exp(half)) if log else (value - half, value + half)


def _ratio(table, top: str, bottom: str, unit: float, kind: str, expected: str | None = None) -> Ratio:
    rows = table[table[top].notna() & table[bottom].notna()]
    subtracted = rows[expected] if expected else 0.0
    rows = rows.assign(top=rows[top], bottom=rows[bottom], expected=subtracted)
    return Ratio(rows[ROW].reset_index(drop=True), kind, unit)


def _estimate(ratios: tuple[Ratio, ...], log: bool = False) -> Estimate:
    known = [ratio for ratio in ratios if len(ratio.rows) and (ratio.rows["bottom"] > 0).any()]
    if not ratios or len(known) < len(ratios):
        return NOTHING._replace(ratios=ratios, log=log)
    sums, first, second = arrays(ratios)
    value, se, df = (float(number) for number in contrast(sums, first, second, log))
    # Half an event is of use to an interval, not to what was counted.
    plain = [each.unit * each.top.sum() / each.bottom.sum() for each in sums]
    shown = value if not log else np.exp(value) if len(plain) == 2 else plain[0]
    low, high = interval(np.exp(value) if log else shown, se, df, log)
    if len(ratios) == 1 and ratios[0].kind == SHARE and not ratios[0].rows["expected"].any():
        low, high = np.clip((low, high), 0.0, ratios[0].unit)
    runs = min(int((each.rows["bottom"] > 0).sum()) for each in ratios)
    return Estimate(float(shown), float(low), float(high), runs, se, df, log, ratios)


def arrays(ratios: tuple[Ratio, ...]) -> tuple[list[Sums], np.ndarray, np.ndarray]:
    """Ratios as arrays over the same experiments, and the clusters of these (E,): architecture and dataset."""
    every = pd.concat([ratio.rows[["experiment", "architecture", "dataset"]] for ratio in ratios])
    experiments = every.drop_duplicates("experiment").reset_index(drop=True)
    code = {name: place for place, name in enumerate(experiments["experiment"])}
    sums = [
        Sums(
            (ratio.rows["top"] - ratio.rows["expected"]).to_numpy(np.float64),
            ratio.rows["bottom"].to_numpy(np.float64),
            ratio.rows["experiment"].map(code).to_numpy(np.int64),
            ratio.kind,
            ratio.unit,
        )
        for ratio in ratios
    ]
    return sums, *(pd.factorize(experiments[name])[0] for name in ("architecture", "dataset"))
