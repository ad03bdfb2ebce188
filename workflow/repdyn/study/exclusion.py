"""Which runs no average holds: the one rule."""

from collections.abc import Mapping

import pandas as pd

DIVERGED, AT_CHANCE = "diverged", "at chance"


def why_excluded(run: Mapping) -> str | None:
    """Why a run is in no average, None if it is: it diverged, or its test accuracy is within noise of chance.

    run: diverged_at and at_chance, as in run.json or a row of the table of runs.
    """
    if pd.notna(run["diverged_at"]):
        return DIVERGED
    return AT_CHANCE if pd.notna(run["at_chance"]) and run["at_chance"] else None


def excluded_runs(experiments: pd.DataFrame) -> pd.Series:
    """Which runs are excluded: they are drawn apart, and in no average. bool, index as given."""
    facts = experiments[["diverged_at", "at_chance"]].to_dict("records")
    return pd.Series([why_excluded(run) is not None for run in facts], index=experiments.index, dtype=bool)


def learned(experiments: pd.DataFrame) -> pd.DataFrame:
    """The rows of the runs that are not excluded."""
    return experiments[~excluded_runs(experiments)].reset_index(drop=True)
