"""Excluded runs: those that no average holds."""

import pandas as pd


def untrained(experiments: pd.DataFrame) -> pd.Series:
    """Which runs diverged or ended within noise of chance: drawn apart, and in no average."""
    return experiments["diverged_at"].notna() | experiments["at_chance"].fillna(False).astype(bool)


def learned(experiments: pd.DataFrame) -> pd.DataFrame:
    """The rows of the table of runs that averages hold: those that are not `untrained`."""
    return experiments[~untrained(experiments)].reset_index(drop=True)
