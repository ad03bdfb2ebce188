"""Statistics of all runs together: means over experiments, each beside its null."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.statistics.fdr import benjamini_hochberg
from repdyn.statistics.intervals import mean_interval
from repdyn.timeseries.jump_types import count_types, jump_types, type_sizes, type_stability

ALL = "all"
STABLE = 0.8  # adjusted Rand index from which clusters are called types
WORDS = ("experiment", "seed", "family", "excluded", "metric", "pattern")  # what describes a run; all else is a number


class Statistic(NamedTuple):
    """Columns of `add_shares` that hold a statistic of a run, its null (a column or a number), and its p value.

    share: whether it lies between 0 and 1, and so does its interval.
    """

    name: str
    value: str
    null: str | float = np.nan
    null_low: str | float = np.nan
    null_high: str | float = np.nan
    p: str | None = None
    share: bool = False


# When jumps are: the claims C03 and C04 say, and nothing else, so that there is one number of each.
STATISTICS = (
    Statistic("jumps per layer", "jumps_per_layer", "jumps_per_layer_null"),
    Statistic("jumps per 1,000 points", "jumps_per_1000", "jumps_per_1000_null"),
    Statistic("runs with a jump", "any_jump", "level", share=True),
    Statistic("layers with a jump", "jumping_share", "jumps_per_layer_null", share=True),
    Statistic("jumps that increase", "increase_share", 0.5, share=True),
    Statistic("candidates found in another seed", "candidates_again", "candidates_again_null", share=True),
    Statistic("jumps found in another seed", "jumps_again", "jumps_again_null", share=True),
    Statistic("relative magnitude of jumps", "relative_magnitude", share=True),
    Statistic("|z| jumps per run", "z_jumps", "z_jumps_null", "z_jumps_null_low", "z_jumps_null_high"),
    Statistic("phase of settling", "settled_phase", share=True),
    Statistic("order of settling (rho)", "rho", 0.0, p="rho_p"),
    Statistic("runs that settle bottom-up", "bottom_up", share=True),
    Statistic("runs that settle top-down", "top_down", share=True),
    Statistic("dispersion of critical steps", "dispersion", "dispersion_null", p="clustering_p"),
    Statistic("layers with critical periods", "clustering_share", "level", share=True),
    Statistic(
        "largest share of layers critical at once",
        "coordination",
        "coordination_null",
        "coordination_null_low",
        "coordination_null_high",
        "coordination_p",
        share=True,
    ),
    Statistic("coincident critical steps / expected", "coordination_ratio", 1.0, p="coordination_ratio_p"),
    Statistic("coincident within windows / expected", "coordination_fine_ratio", 1.0, p="coordination_fine_p"),
    Statistic("critical steps with falling loss", "loss_coupling", "loss_falls", p="loss_coupling_p", share=True),
    Statistic(
        "|correlation| with the loss", "loss_correlation", "loss_correlation_null", p="loss_correlation_p", share=True
    ),
    Statistic("layers coupled to the loss", "coupled_share", "level", share=True),
)


def add_shares(runs: pd.DataFrame) -> pd.DataFrame:
    """Summaries of `phase1.analyse`, a row per run and metric, with the shares that are pooled as columns.

    Shares of jumps are NaN for a run without any, shares of layers for a run without layers that could be tested.
    """
    runs = runs.assign(**{name: runs[name].astype(np.float64) for name in runs.columns.difference(WORDS)})
    jumps, searched = positive(runs["jumps"]), positive(runs["layers_searched"])
    pattern = runs["pattern"].where(runs["pattern"] != "not evaluable")
    return runs.assign(
        any_jump=(runs["jumps"] > 0).astype(np.float64).where(searched.notna()),
        jumping_share=runs["layers_with_jumps"] / searched,
        jumps_per_layer_null=runs["jumps_null"] / searched,
        jumps_per_1000_null=1000 * runs["jumps_null"] / (searched * (runs["measurements"] - 1)),
        increase_share=runs["increases"] / jumps,
        bottom_up=(pattern == "bottom-up").astype(np.float64).where(pattern.notna()),
        top_down=(pattern == "top-down").astype(np.float64).where(pattern.notna()),
        clustering_share=runs["clustering_layers"] / positive(runs["clustering_tested"]),
        coupled_share=runs["loss_coupled_layers"] / positive(runs["loss_tested"]),
    )


def positive(counts: pd.Series) -> pd.Series:
    """Counts with 0 as NaN: nothing is a share of nothing."""
    return counts.where(counts > 0)


def pool(runs: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Every statistic of every metric, by family and for all runs.

    runs: a row per run and metric: experiment, seed, family, excluded (bool: diverged or at chance) and the summary of
    `phase1.analyse`. One row per statistic, metric and family (and "all"):
      statistic, metric, family
      value, low, high  mean over experiments (an experiment is the mean of its seeds) with `intervals.mean_interval`
      null_mean, null_low, null_high
                        what is expected without the effect, averaged alike; the range holds 95 % of one run's
                        surrogates. NaN where there is no such number
      significant       share of runs significant at the run's level after Benjamini-Hochberg over all runs of the metric;
                        NaN for a statistic without a test of its own
      runs              that were evaluable
      excluded          runs left out because they diverged or stayed at chance
    """
    runs = add_shares(runs)
    rows = []
    for metric, measured in runs.groupby("metric", sort=False):
        kept = measured[~measured["excluded"].astype(bool)]
        families = [(family, measured["family"] == family) for family in sorted(measured["family"].unique())]
        for statistic in STATISTICS:
            found = columns_of(kept, statistic)
            for family, inside in (*families, (ALL, measured["family"].notna())):
                row = {"statistic": statistic.name, "metric": metric, "family": family}
                part = found[inside[found.index]]
                rows.append(
                    row | average(part, statistic.share, rng) | {"excluded": int((inside & measured["excluded"]).sum())}
                )
    return pd.DataFrame(rows)


def columns_of(runs: pd.DataFrame, statistic: Statistic) -> pd.DataFrame:
    """experiment, value, null, low, high, significant of one statistic, a row per run where it is evaluable."""
    take = {"value": statistic.value, "null": statistic.null, "low": statistic.null_low, "high": statistic.null_high}
    table = pd.DataFrame({"experiment": runs["experiment"]})
    for name, source in take.items():
        table[name] = runs[source] if isinstance(source, str) else source
    p = runs[statistic.p] if statistic.p else pd.Series(np.nan, runs.index)
    adjusted = pd.Series(benjamini_hochberg(p.to_numpy()), runs.index)
    table["significant"] = (adjusted <= runs["level"]).astype(np.float64).where(adjusted.notna())
    return table[table["value"].notna()]


def average(part: pd.DataFrame, share: bool, rng: np.random.Generator) -> dict:
    """Means over experiments of a table of `columns_of`."""
    experiments = part.groupby("experiment", sort=True).mean()
    value, low, high = mean_interval(experiments["value"].to_numpy(), rng)
    low, high = np.clip((low, high), 0, 1) if share else (low, high)
    means = experiments[["null", "low", "high"]].mean()
    return {
        "value": value,
        "low": low,
        "high": high,
        "null_mean": means["null"],
        "null_low": means["low"],
        "null_high": means["high"],
        "significant": part["significant"].mean(),
        "runs": len(part),
    }


def types_of_jumps(jumps: pd.DataFrame, rng: np.random.Generator) -> dict:
    """How many types of jumps there are, with what certainty: jumps is a frame of `jumps.describe_jumps`.

    jumps, used (those of positive size), k (None: too few), p (of a single blob), silhouette by k, sizes of the types,
    stability (mean adjusted Rand index over bootstrap samples, None for k = 1), verdict in words.
    """
    found, features = count_types(jumps)
    facts = {"jumps": len(jumps), "used": len(features), "k": None, "p": None, "silhouette": {}, "sizes": []}
    facts |= {"stability": None, "verdict": "too few jumps"}
    if found.k == 0:
        return facts
    stability = type_stability(features, found.k, rng)
    curve = {int(k): float(score) for k, score in zip(found.curve["k"], found.curve["silhouette"], strict=True)}
    return facts | {
        "k": found.k,
        "p": found.p,
        "silhouette": curve,
        "sizes": type_sizes(jump_types(features, found.k)),
        "stability": None if np.isnan(stability) else stability,
        "verdict": name_types(found.k, stability),
    }


def name_types(k: int, stability: float) -> str:
    """The number of types in words; clusters that other samples of the jumps do not show are no types."""
    if k == 1:
        return "one type"
    return f"{k} types" if stability >= STABLE else f"{k} clusters, not stable"
