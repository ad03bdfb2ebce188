"""A difference over the runs of a tool, as findings say it: its mean with an interval, and which way it goes."""

import numpy as np
import pandas as pd

from repdyn.seeds import derive
from repdyn.statistics.intervals import mean_interval
from repdyn.wording.numbers import over_runs, plural, two_decimals


def difference(tool: str, values: pd.Series, name: str) -> str:
    """The mean of values, one per run, with its 95 % interval in words. tool and name seed the bootstrap."""
    return over_runs(*_of_runs(tool, values, name), int(values.notna().sum()))


def direction(tool: str, values: pd.Series, name: str, above: str, below: str) -> str:
    """What to call it where the interval lies above or below 0; "undecided" where it holds 0 or there is none."""
    _, low, high = _of_runs(tool, values, name)
    if np.isnan(low) or low <= 0 <= high:
        return "undecided"
    return above if low > 0 else below


def told(tool: str, values: pd.Series, name: str, statement: str, above: str, below: str) -> str:
    """A statement about values, one per run, with one of two words in the place of {}, by `direction`; or that it is
    undecided, with the word of most runs. With the number of runs in which it is so.
    """
    known = values.dropna()
    if known.empty:
        return f"whether {statement.format(above)} is not evaluable"
    counts = {above: int((known > 0).sum()), below: int((known < 0).sum())}
    word = direction(tool, values, name, above, below)
    said = max(counts, key=counts.get) if word == "undecided" else word
    counted = f"in {counts[said]} of {plural(len(known), 'run')}"
    if word == "undecided":
        return f"whether {statement.format(said)} is undecided (it is so {counted})"
    return f"{statement.format(said)} ({counted})"


def from_to(values: pd.Series) -> str:
    """The smallest and the largest of values with two decimals, as one number where these are alike."""
    low, high = two_decimals(values.min()), two_decimals(values.max())
    return low if low == high else f"{low} to {high}"


def joined(*clauses: str) -> str:
    """Clauses as one sentence."""
    text = "; ".join(clauses)
    return f"{text[0].upper()}{text[1:]}."


def _of_runs(tool: str, values: pd.Series, name: str) -> tuple[float, float, float]:
    return mean_interval(values.to_numpy(float), np.random.default_rng(derive(f"{tool} findings", name)))
