"""The ledger's third computed column: the same quantities from our own runs, with intervals."""

import numpy as np
import pandas as pd

from repdyn.audit.estimates import Estimate
from repdyn.audit.filters import filter_quantities
from repdyn.audit.jump_table import jump_table, no_jump_table
from repdyn.audit.jumps import detected_table, zscore_table
from repdyn.audit.quantities import Quantity, jump_quantities, run_quantities, types_found
from repdyn.audit.run_table import run_table
from repdyn.audit.runs import FAMILIES, Run
from repdyn.detectors.checks import MINIMUM
from repdyn.timeseries.series import evaluable, layer_series


def own_runs(tables: list[tuple[pd.DataFrame, pd.DataFrame, dict]], metric: str) -> tuple[list[Run], dict[str, int]]:
    """Our runs as arrays, and how many were left out for which reason.

    tables: (trajectory, training table, facts of run.json) of each run. The loss is that of the probe set.
    Left out: diverged runs, runs whose test accuracy is within noise of chance, and networks of no published family.
    """
    runs, excluded = [], {"diverged": 0, "at chance": 0}
    for trajectory, training, facts in tables:
        if facts["diverged_at"] is not None:
            excluded["diverged"] += 1
        elif facts["at_chance"]:
            excluded["at chance"] += 1
        elif facts["family"] not in FAMILIES:
            excluded["of no published family"] = excluded.get("of no published family", 0) + 1
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
        experiment=facts["experiment"],
        seed=facts["seed"],
        roles=facts["roles"],
    )


def run_name(facts: dict) -> str:
    return f"{facts['experiment']}/seed{facts['seed']}"


def own(runs: list[Run], detected: pd.DataFrame | None = None, cosines: pd.DataFrame | None = None) -> pd.DataFrame:
    """claim, quantity, ours, ours_low, ours_high, runs (those that the number rests on).

    Names as in the repaired column; with the suffix `_detected` the jumps are those of the default detector,
    else those of |z| > 2. Intervals are over seeds where there are at least three, else over experiments; NaN
    where there are too few. detected: the jumps of the default detector, as `as_detected` gives them; by default they
    are searched for here. cosines: as for `filters.filter_quantities`, of runs in `runs`; without it C16 has no number.
    """
    if not runs:
        return pd.DataFrame(columns=["claim", "quantity", "ours", "ours_low", "ours_high", "runs"])
    quantities = run_quantities(run_table(runs, "own"))
    long = [run for run in runs if len(run.steps) >= MINIMUM]
    if detected is None and long:
        detected = detected_table(long)
    for suffix, jumps, searched in (("", zscore_table(runs), runs), ("_detected", detected, long)):
        rows = jump_table(searched, jumps, "own") if searched else no_jump_table(runs)
        quantities |= jump_quantities(rows, suffix)
        k = types_found(jumps, f"own{suffix}")[0] if searched else 0
        quantities["C05", f"types_found{suffix}"] = Quantity(
            Estimate(k or np.nan, np.nan, np.nan, len(searched) if k else 0)
        )
    estimates = {key: quantity.estimate for key, quantity in quantities.items()}
    if cosines is not None and len(cosines):
        estimates |= filter_quantities(cosines)
    rows = [(*key, *estimate) for key, estimate in estimates.items()]
    return pd.DataFrame(rows, columns=["claim", "quantity", "ours", "ours_low", "ours_high", "runs"])


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
