"""The ledger's second computed column: the published trajectories with the defects removed, each number beside its null."""

import re

import numpy as np
import pandas as pd

from repdyn.audit import claims
from repdyn.audit.estimates import Estimate
from repdyn.audit.jump_table import jump_table
from repdyn.audit.jumps import detected_table, zscore_table
from repdyn.audit.nulls import WITHOUT, nulls
from repdyn.audit.quantities import DECLARED, Quantity, jump_quantities, run_quantities, types_found
from repdyn.audit.run_table import run_table
from repdyn.audit.runs import Run, published_runs, tidy
from repdyn.audit.timing import true_jumps

METRIC = "stable_rank_uncentred"
NOTES = {
    "C01": "D01; layer order from the module graph; an undefined rho is not evaluable",
    "C02": "D01",
    "C06": "D01",
    "C07": "D01",
    "C08": "D01",
    "C09": "D01, D02, and the look-up of the loss (D03)",
    "C10": "D01",
    "C11": "D01",
    "C12": "D01",
    "C13": "D01, D02, and the look-up of the loss (D03)",
    "C14": "other layers that jump within 2 measurements; the published threshold belongs to the degenerate metric (D01)",
    "C17": "|z| > 2 against penalised change points (PELT), all points of all layers; mean over runs",
}
DETECTED = "default detector instead of |z| > 2 (D04)"


def repaired(logs: dict[str, tuple]) -> pd.DataFrame:
    """The published statistics with the true stable rank (D01) and true phase (D02).

    Arguments and columns as in `published.as_published`; C01..C09, C11, C12, C15, and the all-jump forms of
    C10 and C13.
    """
    runs = repaired_runs(logs)
    jumps = true_jumps(runs)
    columns = {
        "C01": claims.c01_convergence(runs, published=False),
        "C02": claims.c02_jumps(jumps),
        "C03": claims.c03_timing(jumps),
        "C04": claims.c04_families(jumps),
        "C05": claims.c05_types(claims.five_types(jumps)),
        "C06": claims.c06_critical_periods(runs),
        "C07": claims.c07_coordination(runs),
        "C08": claims.c08_loss_coupling(runs),
        "C09": claims.c09_falling_loss(jumps, runs, published=False),
        "C10": claims.c10_feedforward(jumps),
        "C11": claims.c11_first_convolution(jumps),
        "C12": claims.c12_cnn_over_mlp(jumps, runs),
        "C13": claims.c13_loss_change(jumps, runs, published=False),
        "C15": claims.c15_late_jumps(jumps),
    }
    return tidy(columns, {claim: NOTES.get(claim, "D01, D02") for claim in columns})


def repaired_with_nulls(logs: dict[str, tuple], level: float) -> pd.DataFrame:
    """All repaired numbers: claim, quantity, value, null, null_mean, null_low, null_high, note.

    To those of `repaired` come the quantities of `quantities`, for |z| > 2 and, with the suffix `_detected`,
    for the jumps of the default detector at that level.
    """
    runs = repaired_runs(logs)
    table = repaired(logs).merge(nulls(runs, true_jumps(runs)), on=["claim", "quantity"], how="left")
    table["null"] = [
        null if isinstance(null, str) else WITHOUT.get((claim, quantity), WITHOUT.get(claim, ""))
        for claim, quantity, null in zip(table["claim"], table["quantity"], table["null"], strict=True)
    ]
    known = set(zip(table["claim"], table["quantity"], strict=True))
    further = further_quantities(runs, level)
    rows = [_row(*key, quantity) for key, quantity in further.items() if key not in known]
    columns = ["claim", "quantity", "value", "null", "null_mean", "null_low", "null_high", "note"]
    return pd.concat([table, pd.DataFrame(rows, columns=columns)], ignore_index=True)


def repaired_runs(logs: dict[str, tuple]) -> list[Run]:
    """The published runs with the true stable rank."""
    return published_runs(logs, METRIC, published=False)


def further_quantities(runs: list[Run], level: float) -> dict[tuple[str, str], Quantity]:
    """Quantities with intervals over runs, under both definitions of a jump."""
    quantities = run_quantities(run_table(runs, "published"))
    for suffix, jumps in (("", zscore_table(runs)), ("_detected", detected_table(runs, level))):
        quantities |= jump_quantities(jump_table(runs, jumps, "published", level), suffix)
        k, p = types_found(jumps, f"published{suffix}")
        null = f"single blobs of the same spread: 1; p = {p:.2g}" if k else "too few jumps"
        estimate = Estimate(k or np.nan, np.nan, np.nan, len(runs))
        quantities["C05", f"types_found{suffix}"] = Quantity(estimate, 1.0 if k else np.nan, null)
    return quantities


def _row(claim: str, quantity: str, found: Quantity) -> tuple:
    """A quantity as a row. The range of its null holds the value exactly where its interval holds the reference."""
    value, low, high, _ = found.estimate
    ends = found.reference + value - np.array([high, low])
    if found.null == DECLARED:
        ends[:] = np.nan  # a bound, not an expectation
    elif not re.search("excess|minus|rho|correlation", quantity):
        ends = np.maximum(ends, 0.0)
    note = DETECTED if quantity.endswith("_detected") else NOTES.get(claim, "D01, D02")
    plain = quantity.removesuffix("_detected")
    declares_none = found.null == DECLARED and np.isnan(found.reference)
    null = (not declares_none and found.null) or WITHOUT.get((claim, plain), "none: its excess or its rate has one")
    return claim, quantity, value, null, found.reference, *ends, note
