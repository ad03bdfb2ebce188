"""What figures of all runs say of them: the headline metric, how many learned, and their statistics as they are."""

import pandas as pd

from repdyn.figures.estimates import COLUMNS
from repdyn.study.exclusion import learned

STATISTICS = ["statistic", "family", *COLUMNS, "significant", "runs"]


def headline(experiments: pd.DataFrame, statistics: pd.DataFrame, names: tuple[str, ...]) -> tuple[pd.DataFrame, dict]:
    """The runs that learned, and sections of lists of records on them:

      metric      the first that is configured; None without a run
      totals      runs (that learned), excluded
      families    family, runs: of those that learned
      statistics  STATISTICS of these names, of the metric

    experiments: a row per run with family, metric, diverged_at, at_chance. statistics: as `study.pooled.pool` gives them.
    """
    kept = learned(experiments)
    metric = experiments["metric"].iloc[0] if len(experiments) else None
    families = kept.groupby("family", sort=True).size().rename("runs").reset_index()
    chosen = statistics[(statistics["metric"] == metric) & statistics["statistic"].isin(names)]
    return kept, {
        "metric": metric,
        "totals": {"runs": len(kept), "excluded": len(experiments) - len(kept)},
        "families": families.to_dict("records"),
        "statistics": chosen[STATISTICS].to_dict("records"),
    }
