"""Numbers of the tables of a study, as sentences need them."""

import numpy as np
import pandas as pd

from repdyn.wording.numbers import interval, short

Tables = dict[str, pd.DataFrame | dict]


def table(tables: Tables, name: str) -> pd.DataFrame:
    return tables.get(name, pd.DataFrame())


def number(tables: Tables, claim: str, quantity: str, column: str) -> float:
    """A number of the ledger; NaN where it has none."""
    ledger = table(tables, "ledger")
    if ledger.empty:
        return np.nan
    rows = ledger[(ledger["claim"] == claim) & (ledger["quantity"] == quantity)]
    return float(rows[column].iloc[0]) if len(rows) else np.nan


def of_ours(tables: Tables, claim: str, quantity: str, unit: float = 1.0) -> str:
    """Our number with its interval, times `unit`."""
    columns = ("ours", "ours_low", "ours_high")
    return interval(*(unit * number(tables, claim, quantity, column) for column in columns))


def percent(share: float) -> str:
    return f"{short(100 * float(share))} %"
