"""What the dashboard draws: one headline metric of all runs that learned, every number beside its null."""

import numpy as np
import pandas as pd

from repdyn.figures.phase_bins import first_phase, phase_bins, phase_edges
from repdyn.seeds import derive
from repdyn.statistics.permutation import permuted_rank_correlations
from repdyn.study.exclusion import learned
from repdyn.timeseries.convergence import convergence_order, convergence_pattern
from repdyn.timeseries.periods import EARLY, MIDDLE

PATTERNS = ("bottom-up", "top-down", "simultaneous", "unclear", "not evaluable")
PERIODS = {"early": EARLY, "middle": MIDDLE - EARLY, "late": 1 - MIDDLE}  # and the share of training that each is
DRAWS = 1000  # of every null that is simulated here
COLUMNS = ["statistic", "family", "value", "low", "high", "null_mean", "null_low", "null_high", "significant", "runs"]


def collect(study) -> dict:
    jumps = study.of_runs("jumps.parquet", ["metric", "phase", "relative_magnitude"])
    convergence = study.of_runs("convergence.parquet", ["metric", "depth", "settled_step"])
    tables = (study.tables[name] for name in ("experiments", "statistics", "jump_types"))
    return dashboard(*tables, jumps, convergence, np.random.default_rng(derive("dashboard")))


def dashboard(
    experiments: pd.DataFrame,
    statistics: pd.DataFrame,
    types: dict,
    jumps: pd.DataFrame,
    convergence: pd.DataFrame,
    rng: np.random.Generator,
) -> dict:
    """The dashboard's sections, as lists of records.

    experiments: a row per run with experiment, seed, family, diverged_at, at_chance, steps, last_step, measurements,
    layers, layers_searched, metric, pattern, jumps, early, middle, late, threshold, z_jumps, z_jumps_null. statistics:
    `pooled.pool`, from which those of the metric are taken as they are. types: {metric: `pooled.types_of_jumps`}. jumps:
    experiment, seed, metric, phase, relative_magnitude; convergence: experiment, seed, metric, depth, settled_step.
      metric
      totals      runs, excluded, layers, layers_searched, jumps, jumps_null, runs_with_jumps, threshold, z_jumps,
                  z_jumps_null, median_phase
      families    family, runs: of those that learned
      statistics  COLUMNS
      patterns    pattern, family, runs
      pattern_null pattern, mean, low, high: runs of that pattern if depth and time of settling were unrelated
      timing      period, jumps (all of them), null_low, null_high (see `timing_null`)
      bins        `phases.phase_bins` of all jumps
      jumps       family, phase, relative_magnitude
      types       of the metric
    Without runs that learned, all that is known is metric, totals and families.
    """
    kept = learned(experiments)
    metric = experiments["metric"].iloc[0] if len(experiments) else None
    totals = {"runs": len(kept), "excluded": len(experiments) - len(kept)}
    families = kept.groupby("family", sort=True).size().rename("runs").reset_index()
    facts = {"metric": metric, "totals": totals, "families": families.to_dict("records")}
    if kept.empty:
        return facts
    run = ["experiment", "seed"]
    jumps = jumps[jumps["metric"] == metric].merge(kept[[*run, "family"]], on=run)
    convergence = convergence[convergence["metric"] == metric].merge(kept[run], on=run)
    settled = [table.sort_values("depth")["settled_step"].to_numpy() for _, table in convergence.groupby(run)]
    patterns = kept.groupby(["pattern", "family"]).size().rename("runs").reset_index()
    return facts | {
        "totals": totals
        | {
            "layers": int(kept["layers"].sum()),
            "layers_searched": int(kept["layers_searched"].sum()),
            "jumps": len(jumps),
            "jumps_null": float(kept["jumps_null"].sum()),
            "runs_with_jumps": int((kept["jumps"] > 0).sum()),
            "threshold": float(kept["threshold"].iloc[0]),
            "z_jumps": int(kept["z_jumps"].sum()),
            "z_jumps_null": float(kept["z_jumps_null"].sum()),
            "median_phase": float(jumps["phase"].median()),
        },
        "statistics": statistics.loc[statistics["metric"] == metric, COLUMNS].to_dict("records"),
        "patterns": patterns.to_dict("records"),
        "pattern_null": pattern_null(settled, rng).to_dict("records"),
        "timing": timing_null(kept, rng).to_dict("records"),
        "bins": phase_bins(jumps, kept, phase_edges(first_phase(kept))).to_dict("records"),
        "jumps": jumps[["family", "phase", "relative_magnitude"]].to_dict("records"),
        "types": types.get(metric, {}),
    }


def pattern_null(settled: list[np.ndarray], rng: np.random.Generator, draws: int = DRAWS) -> pd.DataFrame:
    """How many runs show each pattern of convergence if the order of settling has nothing to do with depth.

    settled: for each run the steps at which its layers settle, (L,), by depth, NaN for none. Each draw permutes the
    times of every run over its layers and names the pattern by the rule of the study, with p from the same
    permutations. Columns pattern, mean, low, high (95 % of the draws).
    """
    counts = {pattern: np.zeros(draws) for pattern in PATTERNS}
    for times in settled:
        rho, p = permuted_orders(times, rng, draws)
        found = [convergence_pattern(*pair) for pair in zip(rho, p, strict=True)]
        for pattern, count in counts.items():
            count += np.array(found) == pattern
    rows = [(pattern, count.mean(), *np.quantile(count, [0.025, 0.975])) for pattern, count in counts.items()]
    return pd.DataFrame(rows, columns=["pattern", "mean", "low", "high"])


def permuted_orders(times: np.ndarray, rng: np.random.Generator, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Spearman correlation with depth of times (L,) permuted over the layers, and two-sided p: both (draws,).

    NaN where `convergence.convergence_order` has no order to correlate.
    """
    if np.isnan(convergence_order(np.arange(len(times)), times)[0]):
        return np.full((2, draws), np.nan)
    when = times[np.isfinite(times)]
    rho = permuted_rank_correlations(np.arange(len(when)), when, rng, draws)
    size = np.sort(np.abs(rho))
    return rho, 1 - np.searchsorted(size, np.abs(rho) - 1e-12) / draws


def timing_null(runs: pd.DataFrame, rng: np.random.Generator, draws: int = DRAWS) -> pd.DataFrame:
    """Range of the share of jumps in each period if every jump may fall anywhere.

    runs: experiment, jumps, early, middle, late. The share is that of `pooled`: of each run with jumps, mean over
    experiments. Columns period, jumps (all in that period), null_low, null_high (95 % of the draws; NaN without jumps).
    """
    jumping = runs[runs["jumps"] > 0]
    low = high = np.full(len(PERIODS), np.nan)
    if len(jumping):
        shares = np.array([rng.multinomial(n, list(PERIODS.values()), draws) / n for n in jumping["jumps"]])
        codes, names = pd.factorize(jumping["experiment"])
        means = [shares[codes == code].mean(axis=0) for code in range(len(names))]
        low, high = np.quantile(np.mean(means, axis=0), [0.025, 0.975], axis=0)
    counts = [int(runs[period].sum()) for period in PERIODS]
    return pd.DataFrame({"period": list(PERIODS), "jumps": counts, "null_low": low, "null_high": high})
