"""Estimates over runs: totals, shares and their differences from tables of one row per run, with 95 % intervals."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.statistics.intervals import MINIMUM_RUNS, mean_interval


class Estimate(NamedTuple):
    """A quantity with its 95 % interval over runs (NaN where there are too few) and the number of runs behind it."""

    value: float
    low: float
    high: float
    runs: int


NOTHING = Estimate(np.nan, np.nan, np.nan, 0)


def ratio(table: pd.DataFrame, top: str, bottom: str = "one", unit: float = 1.0) -> Estimate:
    """unit * sum of `top` / sum of `bottom` over runs; its interval from linearised residuals of the units.

    Runs with nothing in `bottom` (no events of which to take a share) say nothing and do not count.
    """
    table = table[table[top].notna() & (table[bottom] > 0)]
    if table.empty:
        return NOTHING
    units = table.groupby(_unit(table))[[top, bottom]].mean()
    value = units[top].sum() / units[bottom].sum()
    away = (units[top] - value * units[bottom]) / units[bottom].mean()
    if np.ptp(away) <= 1e-12 * abs(value):
        away *= 0  # equal units; what is left is rounding, of which a bootstrap cannot make an interval
    _, low, high = mean_interval((value + away).to_numpy(), np.random.default_rng(0))
    if (table[top] >= 0).all():
        low = max(low, 0.0) if np.isfinite(low) else low
    return Estimate(unit * value, unit * low, unit * high, len(table))


def excess(table: pd.DataFrame, top: str, bottom: str, unit: float = 1.0) -> Estimate:
    """unit * (sum of `top` - sum of what it is expected to be) / sum of `bottom`."""
    return ratio(table.assign(over=table[top] - table[f"{top}_expected"]), "over", bottom, unit)


def total(table: pd.DataFrame, column: str) -> Estimate:
    """Sum over the runs of one study (one seed): the mean run times the number of experiments."""
    mean = ratio(table, column)
    return scaled(mean, table.loc[table[column].notna(), "experiment"].nunique())


def scaled(estimate: Estimate, factor: float) -> Estimate:
    return Estimate(*(factor * number for number in estimate[:3]), estimate.runs)


def within(estimate: Estimate, low: float, high: float) -> Estimate:
    """An interval cut to the numbers that are possible."""
    return Estimate(estimate.value, *(float(np.clip(end, low, high)) for end in estimate[1:3]), estimate.runs)


def percent(table: pd.DataFrame, top: str, bottom: str) -> Estimate:
    """A share of events in percent. All or none in every run: Wilson's interval, with runs as trials."""
    found = within(ratio(table, top, bottom, 100.0), 0.0, 100.0)
    if found.value in (0.0, 100.0) and found.low == found.high:
        from scipy.stats import binomtest

        units = table.loc[table[top].notna() & (table[bottom] > 0), _unit(table)].nunique()
        ends = binomtest(units if found.value else 0, units).proportion_ci(method="wilson")
        return Estimate(found.value, 100 * ends.low, 100 * ends.high, found.runs)
    return found


def difference(a: Estimate, b: Estimate) -> Estimate:
    """a - b of different runs; the half-widths of their intervals add as squares (Zou & Donner 2008)."""
    value = a.value - b.value
    low = value - np.hypot(a.value - a.low, b.high - b.value)
    return Estimate(value, float(low), float(value + np.hypot(a.high - a.value, b.value - b.low)), a.runs + b.runs)


def quotient(a: Estimate, b: Estimate) -> Estimate:
    """a / b of different runs by `difference` of logarithms; without an interval where one reaches 0, NaN for b = 0."""
    if not (a.value >= 0 and b.value > 0):
        return Estimate(np.nan, np.nan, np.nan, a.runs + b.runs)
    if not (a.low > 0 and b.low > 0):
        return Estimate(a.value / b.value, np.nan, np.nan, a.runs + b.runs)
    logs = difference(*(Estimate(*np.log(each[:3]), each.runs) for each in (a, b)))
    return Estimate(*(float(np.exp(number)) for number in logs[:3]), logs.runs)


def _unit(table: pd.DataFrame) -> str:
    """Intervals are over seeds where there are enough of them, else over experiments."""
    return "seed" if table["seed"].nunique() >= MINIMUM_RUNS else "experiment"
