"""Where the CPU time of a study goes: per stage and family, beside the floor of its training."""

import numpy as np
import pandas as pd

from repdyn.wording.names import family_name
from repdyn.wording.numbers import written


def floor_of(experiments: pd.DataFrame, benchmark: pd.DataFrame) -> pd.DataFrame:
    """CPU seconds that the benchmark gives for the runs of a study, a row per family: floor, tracked; NaN for a family of
    which it lacks a network.

    experiments: a row per run with family, architecture and steps. benchmark: a row per network with network, steps, floor
    (untracked training and bare forward passes of the probe, CPU seconds of `steps` steps) and tracked (with all
    measurements).
    """
    runs = experiments.merge(benchmark, "left", left_on="architecture", right_on="network", suffixes=("", "_timed"))
    share = runs["steps"] / runs["steps_timed"]
    timed = runs[["floor", "tracked"]].mul(share, axis=0)
    return timed.groupby(runs["family"]).sum(min_count=1).where(timed.notna().groupby(runs["family"]).all())


def profile_rows(costs: dict[str, dict[str, float]], floor: pd.DataFrame | None) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the table: CPU time of a stage by family and in all; below, where a benchmark was run, the floor
    of training, and what tracking adds to it.

    costs: {stage: {family: CPU seconds}}, of stages whose jobs belong to a run. floor: as `floor_of` gives it.
    """
    families = list(dict.fromkeys(family for stage in costs.values() for family in stage))
    headings = ["Stage", *(family_name(family) for family in families), "All"]

    def row(name: str, seconds: list[float]) -> list[str]:
        return [name, *(written(value, "seconds") for value in (*seconds, float(np.sum(seconds))))]

    rows = [row(name, [stage.get(family, 0.0) for family in families]) for name, stage in costs.items()]
    if floor is not None:
        known = floor.reindex(families)
        rows.append(row("Floor of training (benchmark)", known["floor"].tolist()))
        ratios = [*(known["tracked"] / known["floor"]), known["tracked"].sum(skipna=False) / known["floor"].sum()]
        rows.append(["Tracked / floor (benchmark)", *(written(ratio, "number") for ratio in ratios)])
    return headings, rows
