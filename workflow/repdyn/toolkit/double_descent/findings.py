"""What was found about models with more features than rows: every number and word from the table."""

import numpy as np
import pandas as pd

from repdyn.seeds import derive
from repdyn.statistics.intervals import mean_interval
from repdyn.wording.numbers import over_runs, plural, short

NOTHING = "No model was fitted."
PEAK = 2  # by how much the largest error must exceed the least on either side


def sentence(table: pd.DataFrame) -> str:
    """Where the error has a peak, without a penalty and with one, and whether it falls below the first descent."""
    if table.empty:
        return NOTHING
    free, penalised = errors(table), errors(table, "null_mean")
    again = int((_most(free) < _few(free, table)).sum())
    return (
        f"Fitted to {rows_of(table)} rows, models without a penalty have {_told(free)}, with a ridge penalty"
        f" {_told(penalised)}; with {free.columns[-1]:,} features they err less than with any number below that of the rows"
        f" in {again} of {plural(len(free), 'repetition')}."
    )


def limits(_table: pd.DataFrame) -> str:
    """What random features cannot say."""
    return (
        "The peak is one of least squares at as many features as rows: where training stops early, or weights decay, there"
        " may be none, and where it lies in networks whose features are learnt does not follow. Its height is that of the"
        " noise drawn here."
    )


def found(table: pd.DataFrame) -> list[str]:
    """A paragraph without a penalty and one with."""
    if table.empty:
        return [NOTHING]
    free, penalised = errors(table), errors(table, "null_mean")
    equal = free.columns[np.argmin(np.abs(free.columns - rows_of(table)))]
    most = free.columns[-1]
    return [
        f"Without a penalty the test error, as a share of the variance of the true function, is"
        f" {_mean(_few(free, table), 'few')} with the best number of features below {rows_of(table)},"
        f" {_mean(free[equal], 'equal')} with {equal:,} and {_mean(free[most], 'most')} with {most:,} (geometric means"
        f" over repetitions): at the worst {_mean(free.max(axis=1) / free[most], 'ratio')} times that with the most.",
        f"With a ridge penalty it is {_mean(_few(penalised, table), 'few, ridge')}, {_mean(penalised[equal], 'same, ridge')}"
        f" and {_mean(penalised[most], 'most, ridge')}; without one it is {_mean(free[equal] / penalised[equal], 'penalty')}"
        f" times as large with {equal:,} features, and {_mean(free[most] / penalised[most], 'penalty at the end')} times"
        f" with {most:,}.",
    ]


def errors(table: pd.DataFrame, column: str = "value") -> pd.DataFrame:
    """Test errors, a row per repetition and a column per number of features; of the penalty in column null_mean."""
    names = table["quantity"].astype(str)
    counts = table[names == "features"].groupby("unit")["value"].first().astype(int)
    found = table[names == "test_error"].pivot(index="layer", columns="unit", values=column)
    return found.set_axis(counts.to_numpy(), axis=1)


def rows_of(table: pd.DataFrame) -> int:
    return int(table.loc[table["quantity"] == "rows", "value"].iloc[0])


def peak(errors: pd.Series) -> float:
    """The number of features with the largest of errors, by number of features; NaN where it is no peak."""
    at = int(np.argmax(errors))
    before, after = errors.iloc[:at], errors.iloc[at + 1 :]
    there = len(before) and len(after) and errors.iloc[at] > PEAK * max(before.min(), after.min())
    return float(errors.index[at]) if there else np.nan


def over_repeats(values: pd.Series, name: str) -> tuple[float, float, float]:
    """Geometric mean over repetitions with its 95 % interval."""
    rng = np.random.default_rng(derive("double descent findings", name))
    return tuple(np.exp(mean_interval(np.log(values.to_numpy(float)), rng)))


def _mean(values: pd.Series, name: str) -> str:
    return over_runs(*over_repeats(values, name), len(values), short)


def _told(errors: pd.DataFrame) -> str:
    peaks = errors.apply(peak, axis=1).dropna()
    if peaks.empty:
        return f"no peak (in any of {plural(len(errors), 'repetition')})"
    places = sorted({f"{place:,.0f}" for place in peaks}, key=lambda place: float(place.replace(",", "")))
    counted = f"{len(peaks)} of {plural(len(errors), 'repetition')}"
    return f"a peak of the test error at {' or '.join(places)} features (in {counted})"


def _few(errors: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    """The least error with fewer features than rows."""
    return errors.loc[:, errors.columns < rows_of(table)].min(axis=1)


def _most(errors: pd.DataFrame) -> pd.Series:
    return errors[errors.columns[-1]]
