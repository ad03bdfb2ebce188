"""What was measured inside the networks, in one table for all runs; and all event windows in another."""

import numpy as np
import pandas as pd

from repdyn.errors import StudyError
from repdyn.seeds import derive
from repdyn.statistics.intervals import mean_interval

WINDOW_COLUMNS = (
    *("experiment", "seed", "family", "excluded", "pair", "kind", "period", "before", "at", "after", "phase"),
    *("layer", "relative_magnitude"),
)


def run_means(table: pd.DataFrame, planned: dict) -> pd.DataFrame:
    """Mean over layers and units of every quantity at the fixed grid of one run: columns quantity, phase, value, null_mean.

    table: measurements of the run, with step, reference, quantity, value, null_mean. planned: moments.json, of which grid
    and steps are used. Values that compare a step with initialisation are named "<quantity> to init"; comparisons with other
    steps are left out. What is not evaluable (NaN) does not count. Raises StudyError for a step of the grid without rows.
    """
    grid = planned["grid"]
    own = table["reference"].isna().to_numpy(bool)
    to_init = (table["reference"] == min(grid)).fillna(False).to_numpy(bool)
    shown = table["step"].isin(grid).to_numpy(bool) & (own | to_init)
    part = table.loc[shown, ["quantity", "step", "value", "null_mean"]].assign(to_init=to_init[shown])
    if missing := sorted(set(grid) - set(part["step"])):
        raise StudyError(f"{planned['experiment']}, seed {planned['seed']}: nothing was measured at step {missing[0]}")
    means = part.groupby(["quantity", "to_init", "step"], observed=True, sort=True).mean().reset_index()
    names = means["quantity"].astype(str) + np.where(means["to_init"], " to init", "")
    return pd.DataFrame(
        {
            "quantity": names.astype(object),
            "phase": means["step"] / planned["steps"],
            "value": means["value"],
            "null_mean": means["null_mean"],
        }
    )


def summarise(means: pd.DataFrame) -> pd.DataFrame:
    """Means over experiments, with intervals.

    means: `run_means` of all runs with columns experiment, seed and family. An experiment is the mean of its seeds. Columns
    quantity, family, phase, value, low, high (`intervals.mean_interval`), null_mean, experiments (that were evaluable).
    """
    names = ["quantity", "family", "phase"]
    experiments = means.groupby([*names, "experiment"])[["value", "null_mean"]].mean().reset_index()
    rows = []
    for key, part in experiments.groupby(names):
        quantity, family, phase = key
        rng = np.random.default_rng(derive("measured", quantity, family, f"{phase:g}"))
        value, low, high = mean_interval(part["value"].to_numpy(np.float64), rng)
        shown = part[part["value"].notna()]
        found = {"value": value, "low": low, "high": high, "null_mean": shown["null_mean"].mean()}
        rows.append(dict(zip(names, key, strict=True)) | found | {"experiments": len(shown)})
    return pd.DataFrame(rows, columns=[*names, "value", "low", "high", "null_mean", "experiments"])


def run_windows(planned: dict, family: str, excluded: bool) -> pd.DataFrame:
    """The event windows of one run and their controls: WINDOW_COLUMNS.

    phase is the training fraction of `at`; layer and relative_magnitude are those of a jump, else missing. No rows for a
    run without windows.
    """
    about = {"experiment": planned["experiment"], "seed": planned["seed"], "family": family, "excluded": excluded}
    rows = [about | moment | {"phase": moment["at"] / planned["steps"]} for moment in planned["moments"]]
    table = pd.DataFrame(rows, columns=WINDOW_COLUMNS)
    return table.astype({"layer": object, "relative_magnitude": np.float64})
