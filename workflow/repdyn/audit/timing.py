"""Jumps by |z| > 2 under the published and under the true time axis, and their place in training."""

import numpy as np
import pandas as pd

from repdyn.audit.runs import Run
from repdyn.timeseries.jumps import zscore_jumps
from repdyn.timeseries.periods import EARLY, MIDDLE, period

BINS = ("early", "mid", "late")


def published_jumps(runs: list[Run]) -> pd.DataFrame:
    """All jumps as published: phase = index of the measurement before the change / 2000 (D02).

    One row per jump: run, family, layer, before, phase, magnitude, speed, in the published order (run, layer
    alphabetically, time), on which the random starts of k-means depend.
    """
    jumps = true_jumps(runs)
    total = {run.name: run.total_steps for run in runs}
    return jumps.assign(phase=jumps["before"] / jumps["run"].map(total))


def true_jumps(runs: list[Run]) -> pd.DataFrame:
    """All |z| > 2 jumps with phase = step / total steps; columns and order as in `published_jumps`."""
    frames = []
    for run in runs:
        found = zscore_jumps(run.steps, run.values, total_steps=run.total_steps, evaluable=run.evaluable)
        found["layer"] = np.array(run.layers, dtype=object)[found["layer"]]
        frames.append(found.assign(run=run.name, family=run.family))
    jumps = pd.concat(frames, ignore_index=True).sort_values(["run", "layer", "before"], ignore_index=True)
    return jumps[["run", "family", "layer", "before", "phase", "magnitude", "speed"]]


def timing(phase: pd.Series) -> pd.Series:
    """`periods.period` of each phase, in the published words of BINS."""
    labels = period(phase)
    return pd.Series(np.where(labels == "middle", "mid", labels), index=phase.index)


def later_timing(phase: pd.Series) -> pd.Series:
    """The bins of a later published table, (0, 0.1], (0.1, 0.5], (0.5, 1]: phase 0 drops out as "" (D14)."""
    labels = np.select([phase <= 0, phase <= EARLY, phase <= MIDDLE], ["", "early", "mid"], "late")
    return pd.Series(labels, index=phase.index)
