"""The jumps of many runs in one table, by the published rule or by the default detector."""

import pandas as pd

from repdyn.audit.run_statistics import THRESHOLD
from repdyn.audit.runs import Run
from repdyn.detectors import levelshift
from repdyn.timeseries.jumps import tabulate_jumps, zscore_jumps


def zscore_table(runs: list[Run], threshold: float = THRESHOLD) -> pd.DataFrame:
    """Jumps by the published rule, all runs: columns of `describe_jumps` and run, family; layer by column number."""
    return _stacked(
        runs, [zscore_jumps(r.steps, r.values, threshold, r.total_steps, evaluable=r.evaluable) for r in runs]
    )


def detected_table(runs: list[Run], level: float) -> pd.DataFrame:
    """Jumps by the default detector at that level, corrected for the layers of each run; columns as in `zscore_table`."""
    frames = []
    for run in runs:
        found = [shifts.before for shifts in levelshift.search_layers(run.values, level)]
        frames.append(tabulate_jumps(run.steps, run.values, found, run.total_steps))
    return _stacked(runs, frames)


def _stacked(runs: list[Run], tables: list[pd.DataFrame]) -> pd.DataFrame:
    frames = [table.assign(run=run.name, family=run.family) for run, table in zip(runs, tables, strict=True)]
    return pd.concat(frames, ignore_index=True)
