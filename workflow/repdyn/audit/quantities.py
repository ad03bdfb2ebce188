"""What the quantities of the claims are made of: tables of one row per run, and estimates beside their nulls.

The same functions serve the published trajectories (repaired) and our own runs, for any set of jumps.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.audit.estimates import Estimate
from repdyn.audit.runs import FAMILIES
from repdyn.timeseries.critical_steps import WINDOW

UNIFORM = "uniform placement, range over runs"
BASE = "what the number of layers gives, subtracted: 0, range over runs"
LOCAL = f"what its window of {WINDOW} measurements gives, subtracted: 0, range over runs"
DECLARED = "at most, by the error that the detector declares"
SHIFTED = f"shifts within {WINDOW} measurements, range over runs"


class Quantity(NamedTuple):
    """An estimate, and what it would be without the effect (NaN: no such number) by which null."""

    estimate: Estimate
    reference: float = np.nan
    null: str = ""


class JumpRows(NamedTuple):
    """One set of jumps. rows: `jump_table`; found: the jumps themselves, of `searched` runs.

    declares: whether the detector declares an error; label: names the random draws.
    """

    rows: pd.DataFrame
    found: pd.DataFrame
    searched: int
    declares: bool
    label: str


class Tables(NamedTuple):
    """What quantities with intervals over runs are computed from.

    runs: `run_table`. jumps: by the suffix of their quantities, "" for |z| > 2 and "_detected" for the default detector.
    cosines: of first filters, as for `c16.quantities`; without rows where none were measured. contrasts: of the hypotheses
    on which claims rest (`hypotheses.by_experiment`), with architecture and dataset; without rows where none were
    tested. filters: of the published checkpoints.
    """

    runs: pd.DataFrame
    jumps: dict[str, JumpRows]
    cosines: pd.DataFrame = pd.DataFrame()
    contrasts: pd.DataFrame = pd.DataFrame()
    filters: dict[str, np.ndarray] = {}


def for_each_rule(tables: Tables, quantities: Callable[[JumpRows], dict[str, Quantity]]) -> dict[str, Quantity]:
    """Quantities of every set of jumps, the suffix of the set appended to their names."""
    return {
        name + suffix: quantity
        for suffix, jumps in tables.jumps.items()
        for name, quantity in quantities(jumps).items()
    }


def by_family(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {each: table[table["family"] == each] for each in FAMILIES}


def of_architecture(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table[table["architecture"] == name]
