"""The columns of the ledger that are computed: as published, repaired with its nulls, and ours."""

import re

import numpy as np
import pandas as pd

from repdyn.audit import run_statistics
from repdyn.audit.claims import CLAIMS
from repdyn.audit.definitions import AS_PUBLISHED, REPAIRED, column_of
from repdyn.audit.draws import Draws
from repdyn.audit.estimates import ROW, Estimate
from repdyn.audit.jump_table import jump_table, no_jump_table
from repdyn.audit.jumps import detected_table, zscore_table
from repdyn.audit.quantities import DECLARED, JumpRows, Quantity, Tables
from repdyn.audit.run_statistics import RunStatistics
from repdyn.audit.run_table import run_table
from repdyn.audit.runs import Run
from repdyn.detectors.checks import MINIMUM
from repdyn.seeds import derive

DETECTED = "default detector instead of |z| > 2 (D04)"
NULL_COLUMNS = ["claim", "quantity", "null", "null_mean", "null_low", "null_high"]
DEFECT_COLUMNS = ["claim", "quantity", "defect", "defect_mean", "defect_low", "defect_high"]
OURS = ["claim", "quantity", "ours", "ours_low", "ours_high", "runs", "ours_se", "ours_df", "scale"]
TERMS = ["claim", "quantity", "scale", "part", "kind", "unit", *ROW]
DEFECT_DRAWS = 60
TESTED = [
    "low",
    "high",
    "se",
    "df",
    "scale",
    "runs",
]  # what a bound is tested with; scale: "log" where se is of the logarithm


def as_published(logs: dict[str, tuple], filters: dict | None = None) -> pd.DataFrame:
    """The first computed column: published definitions, defects included. Every printed digit must come out.

    logs: run name -> what `published_logs.parse_log` returned for it. filters: of the published checkpoints. Returns
    claim, quantity, value, note; a value is NaN where the quantity cannot be derived or does not exist, and the note
    says why.
    """
    column = column_of(logs, AS_PUBLISHED, filters)
    return _tidy(
        (name, quantity, value, claim.PUBLISHED_NOTES.get(quantity, ""))
        for name, claim in CLAIMS.items()
        for quantity, value in claim.published(column).items()
    )


def repaired(logs: dict[str, tuple]) -> pd.DataFrame:
    """The published statistics with the defects removed that have a remedy (D01, D02); columns as of `as_published`."""
    column = column_of(logs, REPAIRED)
    return _tidy(
        (name, quantity, value, claim.REPAIRED_NOTE)
        for name, claim in CLAIMS.items()
        for quantity, value in claim.repaired(column).items()
    )


def defects(logs: dict[str, tuple], filters: dict | None = None) -> pd.DataFrame:
    """What the published definitions, defects included, give where there is no effect: DEFECT_COLUMNS."""
    draws = Draws(column_of(logs, AS_PUBLISHED, filters), DEFECT_DRAWS)
    return drawn(draws, "defect", "null").set_axis(DEFECT_COLUMNS, axis=1)


def repaired_with_nulls(
    logs: dict[str, tuple], level: float, filters: dict | None = None
) -> tuple[pd.DataFrame, dict[tuple[str, str], Quantity]]:
    """All repaired numbers, and the quantities among them that have intervals.

    Columns: claim, quantity, value, null, null_mean, null_low, null_high, TESTED, note.

    To those of `repaired` come the quantities with intervals over runs, for |z| > 2 and, with the suffix `_detected`,
    for the jumps of the default detector at that level.
    """
    column = column_of(logs, REPAIRED, filters)
    table = repaired(logs).merge(nulls(Draws(column)), on=["claim", "quantity"], how="left")
    table["null"] = [
        null if isinstance(null, str) else CLAIMS[claim].WITHOUT.get(quantity, "")
        for claim, quantity, null in zip(table["claim"], table["quantity"], table["null"], strict=True)
    ]
    known = set(zip(table["claim"], table["quantity"], strict=True))
    further = quantities(published_tables(column.runs, level)._replace(filters=column.filters))
    rows = [_row(*key, quantity) for key, quantity in further.items() if key not in known]
    columns = ["claim", "quantity", "value", *NULL_COLUMNS[2:], *TESTED, "note"]
    return pd.concat([table, pd.DataFrame(rows, columns=columns)], ignore_index=True), further


def nulls(draws: Draws) -> pd.DataFrame:
    """Nulls of the |z| > 2 statistics of `repaired`: NULL_COLUMNS, mean and central 95 % of the draws."""
    return drawn(draws, "null")


def drawn(draws: Draws, *functions: str) -> pd.DataFrame:
    """NULL_COLUMNS from the first of these functions that a claim has."""
    rows = [
        (name, quantity, null, *_range(values))
        for name, claim in CLAIMS.items()
        for null, quantities in next(getattr(claim, each) for each in functions if hasattr(claim, each))(draws).items()
        for quantity, values in quantities.items()
    ]
    return pd.DataFrame(rows, columns=NULL_COLUMNS)


def ours(found: dict[tuple[str, str], Quantity]) -> pd.DataFrame:
    """OURS, a row per quantity of `quantities`; runs: those that the number rests on.

    Names as in the repaired column; with the suffix `_detected` the jumps are those of the default detector, else those of
    |z| > 2. NaN where there are too few runs or events.
    """
    rows = [
        (*key, *found.estimate[:3], found.estimate.runs, *tested(found.estimate)[2:5]) for key, found in found.items()
    ]
    return pd.DataFrame(rows, columns=OURS)


def deciding(found: dict[tuple[str, str], Quantity], asked: dict[str, set[str]]) -> pd.DataFrame:
    """What the quantities that decide are computed from, run by run: TERMS. asked: by claim, names of quantities.

    A quantity is unit * sum of (top - expected) over sum of bottom, of part 0, less the same of part 1 where there is
    one, or over it where scale is log.
    """
    frames = [
        each.rows.assign(
            claim=claim, quantity=name, part=part, kind=each.kind, unit=each.unit, scale=scale(quantity.estimate)
        )
        for (claim, name), quantity in found.items()
        if name in asked.get(claim, ())
        for part, each in enumerate(quantity.estimate.ratios)
    ]
    return pd.concat(frames, ignore_index=True)[TERMS] if frames else pd.DataFrame(columns=TERMS)


def scale(estimate: Estimate) -> str:
    return "log" if estimate.log else ""


def tested(estimate: Estimate) -> tuple:
    """TESTED of an estimate."""
    return estimate.low, estimate.high, estimate.se, estimate.df, scale(estimate), estimate.runs


def published_tables(runs: list[Run], level: float) -> Tables:
    """Tables of the published runs, whose statistics are computed here."""
    statistics = [
        run_statistics.computed(run, np.random.default_rng(derive("audit", "published", "critical", run.name)))
        for run in runs
    ]
    jumps = {
        suffix: JumpRows(
            jump_table(runs, found, "published", level), found, len(runs), bool(suffix), f"published{suffix}"
        )
        for suffix, found in (("", zscore_table(runs)), ("_detected", detected_table(runs, level)))
    }
    return Tables(run_table(runs, statistics), jumps)


def own_tables(
    runs: list[Run],
    statistics: list[RunStatistics],
    detected: pd.DataFrame,
    level: float,
    cosines: pd.DataFrame,
    contrasts: pd.DataFrame,
) -> Tables:
    """Tables of our runs. Runs too short for the default detector have no detected jumps to speak of.

    statistics: of each run. detected: jumps of the default detector, as `own.as_detected` gives them, found at that level.
    cosines: as for `c16.quantities`, contrasts: as for `c15.standardised`, of runs in `runs`.
    """
    long = [run for run in runs if len(run.steps) >= MINIMUM]
    zscored = zscore_table(runs, statistics[0].threshold)
    jumps = {}
    for suffix, found, searched in (("", zscored, runs), ("_detected", detected if long else zscored[:0], long)):
        rows = jump_table(searched, found, "own", level) if searched else no_jump_table(runs)
        jumps[suffix] = JumpRows(rows, found, len(searched), bool(suffix), f"own{suffix}")
    return Tables(run_table(runs, statistics), jumps, cosines, contrasts)


def quantities(tables: Tables) -> dict[tuple[str, str], Quantity]:
    """Quantities with intervals over runs, of every claim."""
    return {(name, key): quantity for name, claim in CLAIMS.items() for key, quantity in claim.ours(tables).items()}


def _row(claim: str, quantity: str, found: Quantity) -> tuple:
    """A quantity as a row. The range of its null holds the value exactly where its interval holds the reference."""
    value, low, high = found.estimate[:3]
    ends = found.reference + value - np.array([high, low])
    if found.null == DECLARED:
        ends[:] = np.nan  # a bound, not an expectation
    elif not re.search("excess|minus|rho|correlation", quantity):
        ends = np.maximum(ends, 0.0)
    note = DETECTED if quantity.endswith("_detected") else CLAIMS[claim].REPAIRED_NOTE
    plain = quantity.removesuffix("_detected")
    declares_none = found.null == DECLARED and np.isnan(found.reference)
    without = CLAIMS[claim].WITHOUT.get(plain, "none: its excess or its rate has one")
    return (
        claim,
        quantity,
        value,
        (not declares_none and found.null) or without,
        found.reference,
        *ends,
        *tested(found.estimate),
        note,
    )


def _range(draws: np.ndarray) -> tuple[float, float, float]:
    """Mean and central 95 % of draws (n,); draws without a value do not count."""
    values = np.asarray(draws, dtype=np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return (np.nan,) * 3
    low, high = np.quantile(values, (0.025, 0.975))
    return values.mean(), low, high


def _tidy(rows) -> pd.DataFrame:
    columns = ["claim", "quantity", "value", "note"]
    return pd.DataFrame(rows, columns=columns).astype({"value": np.float64})
