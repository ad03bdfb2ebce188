"""The published trajectories under one set of definitions; one function of a claim serves both sets."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.audit.run_statistics import THRESHOLD
from repdyn.audit.runs import Run, published_runs
from repdyn.timeseries.jumps import zscore_jumps


class Definitions(NamedTuple):
    """Where the published study defines otherwise than the repaired statistics."""

    metric: str  # D01
    constants: bool  # layers that do not vary are analysed too (D05)
    index_as_step: bool  # indices of measurements are taken for steps (D02, D03)
    later_bins: bool  # the loss is looked up for the bins of a later table (D14)
    named_order: bool  # layers are ordered by their names, and what has no order is "unclear" (D05)


AS_PUBLISHED = Definitions("published_stable_rank", True, True, True, True)
REPAIRED = Definitions("stable_rank_uncentred", False, False, False, False)


class Column(NamedTuple):
    """What a column of the ledger is computed from.

    jumps: by |z| > 2, as `zscored` gives them. filters: of the published checkpoints, as of `checkpoints.filter_cosines`.
    """

    runs: list[Run]
    jumps: pd.DataFrame
    definitions: Definitions
    filters: dict[str, np.ndarray] = {}


def column_of(logs: dict[str, tuple], definitions: Definitions, filters: dict | None = None) -> Column:
    """logs: run name -> what `published_logs.parse_log` returned for it."""
    found = column(published_runs(logs, definitions.metric, definitions.constants), definitions)
    return found._replace(filters=filters or {})


def column(runs: list[Run], definitions: Definitions) -> Column:
    return Column(runs, zscored(runs, definitions.index_as_step), definitions)


def zscored(runs: list[Run], index_as_step: bool = False) -> pd.DataFrame:
    """All |z| > 2 jumps, one row each: run, family, layer, before, phase, magnitude, speed.

    phase = step / total steps; index_as_step: index of the measurement before the change / total steps, as published
    (D02). In the published order (run, layer alphabetically, time), on which the random starts of k-means depend.
    """
    frames = []
    for run in runs:
        found = zscore_jumps(run.steps, run.values, THRESHOLD, run.total_steps, evaluable=run.evaluable)
        found["layer"] = np.array(run.layers, dtype=object)[found["layer"]]
        if index_as_step:
            found["phase"] = found["before"] / run.total_steps
        frames.append(found.assign(run=run.name, family=run.family))
    jumps = pd.concat(frames, ignore_index=True).sort_values(["run", "layer", "before"], ignore_index=True)
    return jumps[["run", "family", "layer", "before", "phase", "magnitude", "speed"]]
