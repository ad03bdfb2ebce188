"""Measurements of model organisms, as findings say them and figures show them: by organism, at the end, seed by seed."""

import pandas as pd

from repdyn.wording.numbers import short


def by_organism(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """(name, rows) in the order of the table."""
    return [(str(name), runs) for name, runs in table.groupby("experiment", sort=False, observed=True)]


def last(runs: pd.DataFrame, quantity: str, layer: str = "") -> pd.DataFrame:
    """The rows of a quantity at the last step, by seed and unit."""
    rows = runs[(runs["quantity"] == quantity) & (runs["layer"].astype(str) == layer)]
    return rows[rows["step"] == rows["step"].max()].sort_values(["seed", "unit"])


def each(values: pd.Series, missing: str = "none") -> str:
    """The values of all seeds, one where they agree; missing: what a NaN is called."""
    words = [missing if pd.isna(value) else short(value) for value in values]
    return (words[0] if len(set(words)) == 1 else ", ".join(words)) if words else "not evaluable"
