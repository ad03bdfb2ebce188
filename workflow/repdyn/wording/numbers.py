"""Numbers and intervals as people read them."""

import numpy as np
import pandas as pd

MISSING = "n/a"


def plural(number: int, noun: str) -> str:
    """plural(1, "run") == "1 run", plural(2, "run") == "2 runs"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


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


def interval(value, low, high) -> str:
    """A value with its interval, e.g. "0.31 (0.20 to 0.42)"; the value alone where there is none."""
    if pd.isna(low) or pd.isna(high):
        return short(value)
    return f"{short(value)} ({short(low)} to {short(high)})"
