"""The loss around jumps of the published trajectories (C09, C13)."""

import pandas as pd

from repdyn.audit.definitions import Column
from repdyn.audit.timing import later_timing, timing


def loss_changes(column: Column, jumps: pd.DataFrame) -> pd.DataFrame:
    """loss[j + 2] - loss[j - 2] at each jump with a timing and j > 2, j + 2 < T: run, timing, change.

    j is the measurement index i of the jump; as published: i // 5, an index taken for a step (D03), and the bins of D14.
    """
    definitions = column.definitions
    place = later_timing if definitions.later_bins else timing
    frames = []
    for run in column.runs:
        part = jumps[jumps["run"] == run.name]
        when = place(part["phase"]).to_numpy()
        j = part["before"].to_numpy() // (5 if definitions.index_as_step else 1)
        used = (j > 2) & (j + 2 < len(run.loss)) & (when != "")
        j = j[used]
        frames.append(
            pd.DataFrame({"run": run.name, "timing": when[used], "change": run.loss[j + 2] - run.loss[j - 2]})
        )
    return pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
