"""C09: early jumps coincide with falling loss more often than mid jumps."""

import numpy as np

from repdyn.audit.definitions import Column
from repdyn.audit.draws import PART_SHIFTS, Draws
from repdyn.audit.estimates import excess, percent
from repdyn.audit.loss import loss_changes
from repdyn.audit.picks import NO_LATE
from repdyn.audit.quantities import LOCAL, JumpRows, Quantity, Tables, for_each_rule
from repdyn.audit.runs import CNN, MLP, TRANSFORMER
from repdyn.audit.timing import BINS

PUBLISHED_NOTES = {"late_percent": NO_LATE}
REPAIRED_NOTE = "D01, D02, and the look-up of the loss (D03)"
WITHOUT = {}
SELECTED = (TRANSFORMER, CNN, MLP)


def published(column: Column) -> dict[str, float]:
    """Percent of early, mid and late jumps at which the loss falls, mean over the three selected runs (D10).

    Published: bins of D14, loss looked up at measurement index // 5 (D03). Repaired: bins of C03, loss looked
    up at the jump itself. The loss is compared two measurements before and after; NaN where no run has such a
    jump.
    """
    loss = loss_changes(column, column.jumps[column.jumps["run"].isin(SELECTED)])
    shares = (loss["change"] < 0).groupby([loss["timing"], loss["run"]]).mean().groupby("timing").mean()
    return {f"{name}_percent": 100 * shares.get(name, np.nan) for name in BINS}


repaired = published


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    """The loss around jumps that are rotated within their part of training, run by run."""
    found = {}
    for name in BINS:
        around = [draws.loss[run][name] for run in SELECTED]
        if shares := [(change < 0).mean(axis=1) for change in around if change.shape[1]]:
            found[f"{name}_percent"] = 100 * np.mean(shares, axis=0)
    return {PART_SHIFTS: found}


def ours(tables: Tables) -> dict[str, Quantity]:
    return for_each_rule(tables, quantities)


def quantities(jumps: JumpRows) -> dict[str, Quantity]:
    """Over the jumps of all runs; excess: over the share of all measurements of the same window."""
    rows = jumps.rows
    return {f"{name}_percent": Quantity(percent(rows, f"{name}_falls", f"{name}_used")) for name in BINS} | {
        f"{name}_excess_percent": Quantity(excess(rows, f"{name}_falls", f"{name}_used", 100.0), 0.0, LOCAL)
        for name in BINS
    }
