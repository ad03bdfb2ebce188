"""Our runs as the audit takes them: arrays, and what phase 1 found in them."""

import numpy as np
import pandas as pd

from repdyn.audit.runs import FAMILIES, Run
from repdyn.study.exclusion import AT_CHANCE, DIVERGED, why_excluded
from repdyn.timeseries.series import evaluable, layer_series

OF_NO_FAMILY = "of no published family"


def own_runs(tables: list[tuple[pd.DataFrame, pd.DataFrame, dict]], metric: str) -> tuple[list[Run], dict[str, int]]:
    """Our runs as arrays, and how many were left out for which reason.

    tables: (trajectory, training table, facts of run.json) of each run. The loss is that of the probe set.
    Left out: what `exclusion.why_excluded` names, and networks of no published family.
    """
    runs, excluded = [], {DIVERGED: 0, AT_CHANCE: 0}
    for trajectory, training, facts in tables:
        if reason := why_excluded(facts):
            excluded[reason] += 1
        elif facts["family"] not in FAMILIES:
            excluded[OF_NO_FAMILY] = excluded.get(OF_NO_FAMILY, 0) + 1
        else:
            runs.append(own_run(trajectory, training, facts, metric))
    return runs, excluded


def own_run(trajectory: pd.DataFrame, training: pd.DataFrame, facts: dict, metric: str) -> Run:
    """One run of ours as arrays."""
    steps, layers, values = layer_series(trajectory, metric)
    return Run(
        name=run_name(facts),
        family=facts["family"],
        steps=steps,
        total_steps=facts["steps"],
        layers=layers,
        values=values,
        evaluable=evaluable(values),
        loss=training.set_index("step")["probe_loss"].reindex(steps).to_numpy(np.float64),
        architecture=facts["architecture"],
        dataset=facts["dataset"],
        experiment=facts["experiment"],
        seed=facts["seed"],
        roles=facts["roles"],
    )


def run_name(facts: dict) -> str:
    return f"{facts['experiment']}/seed{facts['seed']}"


def as_detected(tables: dict[str, pd.DataFrame], runs: list[Run]) -> pd.DataFrame:
    """Jumps that phase 1 found, as `jumps.detected_table` would give them.

    tables: run name -> rows of one metric of its jumps.parquet (columns of
    `timeseries.jumps.describe_jumps`, layer by name).
    """
    frames = [
        tables[run.name].assign(
            layer=tables[run.name]["layer"].map({name: i for i, name in enumerate(run.layers)}).astype(np.int64),
            run=run.name,
            family=run.family,
        )
        for run in runs
    ]
    return pd.concat(frames, ignore_index=True)
