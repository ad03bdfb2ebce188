"""Whether layers settle in an order: runs by their pattern, and the patterns that there are if depth does not matter."""

import numpy as np
import pandas as pd

from repdyn.figures.facts import headline
from repdyn.seeds import derive
from repdyn.statistics.permutation import permuted_rank_correlations
from repdyn.timeseries.convergence import convergence_order, convergence_pattern

PATTERNS = ("bottom-up", "top-down", "simultaneous", "unclear", "not evaluable")
SHOWN = ("order of settling (rho)", "phase of settling")
DRAWS = 1000


def collect(study) -> dict:
    convergence = study.of_runs("convergence.parquet", ["metric", "depth", "settled_step"])
    tables = (study.tables[name] for name in ("experiments", "statistics"))
    return order(*tables, convergence, np.random.default_rng(derive("order")))


def order(
    experiments: pd.DataFrame, statistics: pd.DataFrame, convergence: pd.DataFrame, rng: np.random.Generator
) -> dict:
    """`facts.headline`, and where a run learned:

      patterns     pattern, family, runs
      pattern_null pattern, mean, low, high: runs of that pattern if depth and time of settling were unrelated

    experiments: also experiment, seed, pattern. convergence: experiment, seed, metric, depth, settled_step.
    """
    kept, facts = headline(experiments, statistics, SHOWN)
    if kept.empty:
        return facts
    run = ["experiment", "seed"]
    convergence = convergence[convergence["metric"] == facts["metric"]].merge(kept[run], on=run)
    settled = [table.sort_values("depth")["settled_step"].to_numpy() for _, table in convergence.groupby(run)]
    patterns = kept.groupby(["pattern", "family"]).size().rename("runs").reset_index()
    return facts | {
        "patterns": patterns.to_dict("records"),
        "pattern_null": pattern_null(settled, rng).to_dict("records"),
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
