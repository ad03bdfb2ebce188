"""The runs whose statistics are pooled."""

import pandas as pd


def learned(experiments: pd.DataFrame) -> pd.DataFrame:
    """The rows of the table of runs that neither diverged nor ended at chance."""
    at_chance = experiments["at_chance"].fillna(False).astype(bool)
    return experiments[experiments["diverged_at"].isna() & ~at_chance].reset_index(drop=True)
