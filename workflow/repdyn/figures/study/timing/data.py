"""How often, when and by how much dimensions jump, each number beside its null."""

import numpy as np
import pandas as pd

from repdyn.figures.facts import headline
from repdyn.figures.phase_bins import first_phase, phase_bins, phase_edges
from repdyn.timeseries.periods import EARLY, MIDDLE

PERIODS = {"early": EARLY, "middle": MIDDLE - EARLY, "late": 1 - MIDDLE}  # and the share of training that each is
SHOWN = ("jumps per layer", "|z| jumps per run", "relative magnitude of jumps")
# The shares are those of the claims, so that there is one number of each: {quantity: (claim, period, family)}.
SHARES = {
    "early_percent_detected": ("C03", "early", "all"),
    "mid_percent_detected": ("C03", "middle", "all"),
    "late_percent_detected": ("C03", "late", "all"),
    **{f"early_percent_{family}_detected": ("C04", "early", family) for family in ("mlp", "cnn", "transformer")},
}


def collect(study) -> dict:
    jumps = study.of_runs("jumps.parquet", ["metric", "phase", "relative_magnitude"])
    return timing(*(study.tables[name] for name in ("experiments", "statistics", "jump_types", "claim_numbers")), jumps)


def timing(
    experiments: pd.DataFrame, statistics: pd.DataFrame, types: dict, numbers: pd.DataFrame, jumps: pd.DataFrame
) -> dict:
    """`facts.headline`, and where a run learned:

      totals      also layers, layers_searched, candidates, jumps, jumps_null, runs_with_jumps, threshold, z_jumps,
                  z_jumps_null, median_phase
      timing      period, jumps (all of them), null_low, null_high (see `timing_null`)
      shares      period, family, value, low, high: of the jumps of the family, or all
      bins        `phase_bins.phase_bins` of all jumps
      jumps       family, phase, relative_magnitude
      types       of the metric

    experiments: also experiment, seed, steps, last_step, measurements, layers, layers_searched, candidates, jumps,
    jumps_null, early, middle, late, threshold, z_jumps, z_jumps_null. types: {metric: `pooled.types_of_jumps`}. numbers:
    claim_numbers.parquet. jumps: experiment, seed, metric, phase, relative_magnitude.
    """
    kept, facts = headline(experiments, statistics, SHOWN)
    if kept.empty:
        return facts
    run = ["experiment", "seed"]
    jumps = jumps[jumps["metric"] == facts["metric"]].merge(kept[[*run, "family"]], on=run)
    counts = {name: int(kept[name].sum()) for name in ("layers", "layers_searched", "candidates", "z_jumps")}
    sums = {name: float(kept[name].sum()) for name in ("jumps_null", "z_jumps_null")}
    return facts | {
        "totals": facts["totals"]
        | counts
        | sums
        | {
            "jumps": len(jumps),
            "runs_with_jumps": int((kept["jumps"] > 0).sum()),
            "threshold": float(kept["threshold"].iloc[0]),
            "median_phase": float(jumps["phase"].median()),
        },
        "timing": timing_null(kept).to_dict("records"),
        "shares": shares(numbers[numbers["metric"] == facts["metric"]]),
        "bins": phase_bins(jumps, kept, phase_edges(first_phase(kept))).to_dict("records"),
        "jumps": jumps[["family", "phase", "relative_magnitude"]].to_dict("records"),
        "types": types.get(facts["metric"], {}),
    }


def shares(numbers: pd.DataFrame) -> list[dict]:
    """Of the numbers of claims those of SHARES, from percent to shares; those without a value are left out."""
    rows = numbers[numbers["quantity"].isin(SHARES) & numbers["ours"].notna()]
    return [
        dict(zip(("period", "family"), SHARES[row.quantity][1:], strict=True))
        | {"value": row.ours / 100, "low": row.ours_low / 100, "high": row.ours_high / 100}
        for row in rows.itertuples()
        if SHARES[row.quantity][0] == row.claim
    ]


def timing_null(runs: pd.DataFrame) -> pd.DataFrame:
    """Range of the share of jumps in each period if every jump may fall anywhere.

    runs: jumps, early, middle, late. Columns period, jumps (all in that period), null_low, null_high: 95 % of a binomial
    share, NaN without jumps.
    """
    from scipy.stats import binom

    total = int(runs["jumps"].sum())
    ends = [binom.ppf((0.025, 0.975), total, share) / max(total, 1) for share in PERIODS.values()]
    low, high = np.transpose(ends) if total else np.full((2, len(PERIODS)), np.nan)
    counts = [int(runs[period].sum()) for period in PERIODS]
    return pd.DataFrame({"period": list(PERIODS), "jumps": counts, "null_low": low, "null_high": high})
