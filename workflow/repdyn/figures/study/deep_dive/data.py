"""What the architecture deep dive draws: when, and in which layers, the networks of each family jump."""

import numpy as np
import pandas as pd

from repdyn.figures.phase_bins import first_phase, phase_bins, phase_edges
from repdyn.seeds import derive
from repdyn.statistics.intervals import mean_interval
from repdyn.study.exclusion import learned

RUN = ["experiment", "seed"]


def collect(study) -> dict:
    jumps = study.of_runs("jumps.parquet", ["metric", "phase"])
    layers = study.of_runs("layers.parquet", ["metric", "layer", "searched", "jumps"])
    return deep_dive(study.tables["experiments"], jumps, layers)


def deep_dive(experiments: pd.DataFrame, jumps: pd.DataFrame, layers: pd.DataFrame) -> dict:
    """The sections of the deep dive, as lists of records, of the headline metric and the runs that learned.

    experiments: experiment, seed, family, diverged_at, at_chance, steps, last_step, measurements, metric, jumps_null,
    layers_searched. jumps: experiment, seed, metric, phase; layers: experiment, seed, metric, layer, searched, jumps.
      metric
      families   family, runs, jumps
      bins       family and `phases.phase_bins` of its jumps
      positions  `layer_rates`
    """
    kept = learned(experiments)
    metric = experiments["metric"].iloc[0] if len(experiments) else None
    if kept.empty:
        return {"metric": metric, "families": [], "bins": [], "positions": []}
    edges = phase_edges(first_phase(kept))
    jumps = jumps[jumps["metric"] == metric].merge(kept[[*RUN, "family"]], on=RUN)
    layers = layers[layers["metric"] == metric]
    families, bins = [], []
    for family, runs in kept.groupby("family", sort=True):
        own = jumps[jumps["family"] == family]
        families.append({"family": family, "runs": len(runs), "jumps": len(own)})
        bins.append(phase_bins(own, runs, edges).assign(family=family))
    return {
        "metric": metric,
        "families": families,
        "bins": pd.concat(bins).to_dict("records"),
        "positions": layer_rates(layers, kept).to_dict("records"),
    }


def layer_rates(layers: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Jumps per run of each layer: layers of the same path, counted from the input, are one position in all networks.

    layers: experiment, seed, layer, searched, jumps; runs: experiment, seed, family, jumps_null (of a run),
    layers_searched. Only runs whose networks have that layer, and in which it could be searched, count. Columns family,
    layer, runs, jumps, rate (mean over experiments, an experiment being the mean of its seeds) with low and high
    (`intervals.mean_interval`), and null_mean, what the declared error of the detector gives. Highest rate first.
    """
    table = layers[layers["searched"].astype(bool)].merge(runs, on=RUN, suffixes=("", "_run"))
    table["null"] = table["jumps_null"] / table["layers_searched"]
    rows = []
    for (family, layer), part in table.groupby(["family", "layer"], sort=True):
        experiments = part.groupby("experiment", sort=True)[["jumps", "null"]].mean()
        rng = np.random.default_rng(derive("deep dive", family, layer))
        rate, low, high = mean_interval(experiments["jumps"].to_numpy(), rng)
        rows.append(
            {
                "family": family,
                "layer": layer,
                "runs": len(part),
                "jumps": int(part["jumps"].sum()),
                "rate": rate,
                "low": np.maximum(low, 0),
                "high": high,
                "null_mean": float(experiments["null"].mean()),
            }
        )
    columns = ["family", "layer", "runs", "jumps", "rate", "low", "high", "null_mean"]
    rates = pd.DataFrame(rows, columns=columns)
    return rates.sort_values(["family", "rate", "runs", "layer"], ascending=[True, False, False, True], kind="stable")
