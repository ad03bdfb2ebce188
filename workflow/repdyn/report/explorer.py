"""What the explorer of runs draws: loss, accuracy and dimension of every run with a page, at a few steps."""

import numpy as np
import pandas as pd

from repdyn.roles import OUTPUT
from repdyn.study.depth import third_of_depth
from repdyn.study.exclusion import excluded_runs

POINTS = 90  # of a curve at most: the first third one by one, the others evenly
QUANTITIES = {
    "loss": "probe loss (nats)",
    "accuracy": "probe accuracy",
    "first": "dimension, first third of depth",
    "middle": "dimension, middle third of depth",
    "last": "dimension, last third of depth",
}
THIRDS = ["first", "middle", "last"]
DIGITS = 4


def curves_of(trajectory: pd.DataFrame, training: pd.DataFrame, roles: dict[str, str], metric: str) -> pd.DataFrame:
    """Of one run: step and QUANTITIES, a row per measurement; dimensions are means over the layers of a third of the depth,
    logits left out, NaN where none has a value.

    trajectory: step, layer, depth, metric. training: step, probe_loss, probe_accuracy. roles: of each layer.
    """
    inner = trajectory[trajectory["layer"].map(roles) != OUTPUT]
    depth = inner.drop_duplicates("layer").set_index("layer")["depth"]
    thirds = pd.Series(np.array(THIRDS)[third_of_depth(depth.to_numpy())], depth.index)
    means = inner.groupby(["step", inner["layer"].map(thirds)])[metric].mean().unstack()
    means = means.reindex(columns=THIRDS).rename_axis(None, axis=1).reset_index()
    curves = training.rename(columns={"probe_loss": "loss", "probe_accuracy": "accuracy"}).merge(means, "left", "step")
    return curves[["step", *QUANTITIES]]


def explorer(curves: pd.DataFrame, experiments: pd.DataFrame, pages: int) -> dict:
    """Plain data for the page: quantities ({name: label}) and runs (name, page, family, excluded, steps, and by quantity
    values; None for what there is not). Empty without curves.

    curves: experiment, seed, step and QUANTITIES. experiments: experiment, seed, family, diverged_at, at_chance.
    """
    if curves.empty:
        return {}
    about = experiments.assign(excluded=excluded_runs(experiments))
    about = about.set_index(["experiment", "seed"])
    runs = []
    for key, table in curves[curves["seed"] < pages].groupby(["experiment", "seed"], sort=False):
        table = table.iloc[chosen(len(table))]
        name = key[0] if experiments["seed"].nunique() == 1 else f"{key[0]}, seed {key[1]}"
        runs.append(
            {
                "name": name,
                "family": about.loc[key, "family"],
                "excluded": bool(about.loc[key, "excluded"]),
                "steps": table["step"].tolist(),
                **{quantity: rounded(table[quantity].to_numpy(np.float64)) for quantity in QUANTITIES},
            }
        )
    return {"quantities": QUANTITIES, "runs": runs}


def chosen(number: int) -> np.ndarray:
    """Places of at most POINTS of `number` measurements, the last among them."""
    if number <= POINTS:
        return np.arange(number)
    dense = POINTS // 3
    return np.concatenate([np.arange(dense), np.linspace(dense, number - 1, POINTS - dense).round().astype(int)])


def rounded(values: np.ndarray) -> list[float | None]:
    return [float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None for value in values]
