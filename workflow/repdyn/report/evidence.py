"""The tables that say how one knows: claims and verdicts, statistics beside their nulls, detectors and their errors."""

import numpy as np
import pandas as pd

from repdyn.wording.names import family_name, metric_name
from repdyn.wording.numbers import MISSING, interval, short


def claim_rows(ledger: pd.DataFrame) -> list[dict]:
    """One entry per claim, in order: its verdict, the reason, and the cells of a row per quantity.

    ledger: claim, title, quantity, published, as_published, repaired, null, null_mean, null_low, null_high, ours, ours_low,
    ours_high, runs, verdict, reason, note; verdict and reason are the same in all rows of a claim.
    """
    claims = []
    for name, rows in ledger.groupby("claim", sort=False):
        first = rows.iloc[0]
        claims.append(
            {
                "claim": name,
                "title": first["title"],
                "verdict": first["verdict"],
                "reason": first["reason"].replace("_", " "),
                "rows": (cells := [_claim_cells(row) for row in rows.itertuples()]),
                "first": cells[0],
            }
        )
    return claims


def _claim_cells(row) -> list[str]:
    return [
        row.quantity.replace("_", " "),
        short(row.published),
        short(row.as_published),
        short(row.repaired),
        interval(row.null_mean, row.null_low, row.null_high),
        interval(row.ours, row.ours_low, row.ours_high),
        "; ".join(text for text in (row.null, row.note) if isinstance(text, str) and text),
    ]


def verdict_counts(ledger: pd.DataFrame) -> str:
    """How many claims have which verdict, as a sentence."""
    counts = ledger.drop_duplicates("claim")["verdict"].value_counts()
    named = ", ".join(f"{verdict} {count}" for verdict, count in counts.items())
    return f"Of {counts.sum()} published claims: {named}."


def statistic_rows(statistics: pd.DataFrame) -> list[list[str]]:
    """Cells per statistic, metric and family: the three names, value, null, share significant, runs, excluded."""
    return [
        [
            str(row.statistic).replace("_", " "),
            metric_name(row.metric),
            "all" if row.family == "all" else family_name(row.family),
            interval(row.value, row.low, row.high),
            interval(row.null_mean, row.null_low, row.null_high),
            short(row.significant),
            short(row.runs),
            short(row.excluded),
        ]
        for row in statistics.itertuples()
    ]


def detector_rows(validity: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Detectors, and cells per scenario: what was asked, the unit, then each detector's answer with its interval.

    validity: `validity.battery`. Scenarios with planted steps give recall, the others false positives per 1,000 points.
    """
    names = list(dict.fromkeys(validity["detector"]))
    rows = []
    for (scenario, size), part in validity.groupby(["scenario", "size"], sort=False, dropna=False):
        part = part.set_index("detector")
        planted = part["recall"].notna().any()
        columns = ["recall", "recall_low", "recall_high"] if planted else ["false_per_1000", "false_low", "false_high"]
        asked = scenario if np.isnan(size) else f"{scenario}, {size:g} sd"
        cells = [interval(*part.loc[name, columns]) if name in part.index else MISSING for name in names]
        rows.append([asked, "recall" if planted else "false per 1,000 points", *cells])
    return names, rows


def agreement_rows(agreement: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Detectors, and a row of cells per detector; agreement: columns first, second, phi."""
    names = list(dict.fromkeys([*agreement["first"], *agreement["second"]]))
    known = {frozenset(pair): phi for *pair, phi in agreement[["first", "second", "phi"]].itertuples(index=False)}
    rows = [
        [name, *("" if name == other else short(known.get(frozenset((name, other)))) for other in names)]
        for name in names
    ]
    return names, rows
