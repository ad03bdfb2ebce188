"""Numbers and intervals as people read them."""

import numpy as np
import pandas as pd

MISSING = "n/a"


def plural(number: int, noun: str) -> str:
    """plural(1, "run") == "1 run", plural(2, "run") == "2 runs", plural(2, "quantity") == "2 quantities"."""
    if number == 1:
        return f"1 {noun}"
    several = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
    return f"{number:,} {several}"


def written(value, style: str) -> str:
    """A value as a page shows it; "n/a" for None and NaN."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return MISSING
    if style == "count":
        return f"{int(value):,}"
    if style == "percent":
        return f"{100 * value:.1f} %"
    if style == "number":
        return f"{value:.2f}"
    if style == "seconds":
        return f"{value:.1f} s" if value < 120 else f"{value / 60:.1f} min"
    return str(value)


def short(value) -> str:
    """A number in three significant digits, whole numbers whole; "n/a" for None and NaN."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return MISSING
    if isinstance(value, str):
        return value
    if abs(value) < 1e-12:
        return "0"
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"


def two_decimals(value: float) -> str:
    """Two digits behind the point, and no minus before 0."""
    return f"{round(value, 2) + 0.0:.2f}"


def interval(value, low, high, write=short, more: str = "") -> str:
    """A value with its interval, e.g. "0.31 (0.20 to 0.42)"; the value alone where there is none.

    write: how each number is written. more: what else stands in the parentheses, as in "0.31 (0.20 to 0.42; 7 runs)".
    """
    if pd.isna(low) or pd.isna(high):
        return write(value)
    return f"{write(value)} ({write(low)} to {write(high)}{f'; {more}' if more else ''})"


def over_runs(mean: float, low: float, high: float, runs: int, write=two_decimals) -> str:
    """A mean over runs with its interval and their number, or that they are too few for one."""
    if pd.isna(low):
        return f"{write(mean)} ({plural(runs, 'run')}, too few for an interval)"
    return interval(mean, low, high, write, plural(runs, "run"))
