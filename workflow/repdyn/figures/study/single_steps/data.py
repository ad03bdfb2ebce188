"""Candidates for jumps of the headline metric and the series around them at every training step."""

import pandas as pd

from repdyn.timeseries.single_steps import NEIGHBOURHOOD

RUN = ["experiment", "seed"]
COLUMNS = [*RUN, "family", "layer", "step", "before", "share", "jump", "offset", "level"]


def collect(study) -> pd.DataFrame:
    """A row per candidate and training step around it: experiment, seed, family, layer, step (first measurement after the
    candidate), before (last measurement before it), share, jump, offset (training step minus `before`) and level: the
    series minus its value at `before`, over the change to `step`.
    """
    metric = study.metric
    if not study.runs:
        return pd.DataFrame(columns=COLUMNS)
    candidates = study.of_runs("candidates.parquet", ["metric", "layer", "step", "share", "change", "jump"])
    candidates = candidates[candidates["metric"] == metric].drop(columns="metric")
    measured = study.of_runs("candidate_steps.parquet", ["step", "layer", metric])
    measured = measured.rename(columns={"step": "at", metric: "value"})
    every = study.of_runs("training.parquet", ["step"]).groupby(RUN)["step"].nth(1).max()
    candidates["before"] = candidates["step"] - every
    near = candidates.merge(measured, on=[*RUN, "layer"])
    near = near[near["at"].between(near["before"] - NEIGHBOURHOOD, near["step"] + NEIGHBOURHOOD)]
    start = near.loc[near["at"] == near["before"], [*RUN, "layer", "step", "value"]]
    near = near.merge(start.rename(columns={"value": "start"}), on=[*RUN, "layer", "step"])
    near["offset"] = near["at"] - near["before"]
    near["level"] = (near["value"] - near["start"]) / near["change"]
    families = study.tables["experiments"][[*RUN, "family"]].drop_duplicates()
    near = near.merge(families, on=RUN).sort_values([*RUN, "layer", "step", "offset"], ignore_index=True)
    return near[COLUMNS]
