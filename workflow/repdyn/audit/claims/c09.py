"""C09: early jumps coincide with falling loss more often than mid jumps.

Estimand: the percentage of early jumps with falling loss less that of mid jumps, each beyond that of its windows; published:
66.2 - 47.7 = 18.5 percentage points.
Bound: half of that, 9.25.
Null: all measurements of the same windows, 0.
Rule: holds above the bound, does not hold below it.
"""

import numpy as np

from repdyn.audit.definitions import Column
from repdyn.audit.draws import PART_SHIFTS, Draws
from repdyn.audit.estimates import difference, excess, percent
from repdyn.audit.loss import loss_changes
from repdyn.audit.picks import NO_LATE
from repdyn.audit.quantities import LOCAL, JumpRows, Quantity, Tables, for_each_rule
from repdyn.audit.runs import CNN, MLP, TRANSFORMER
from repdyn.audit.timing import BINS
from repdyn.seeds import derive

PUBLISHED_NOTES = {"late_percent": NO_LATE}
REPAIRED_NOTE = "D01, D02, and the look-up of the loss (D03)"
WITHOUT = {}
SELECTED = (TRANSFORMER, CNN, MLP)
DIFFERENCE = "early_minus_mid_percent"
LATER_BINS = ((1, 201), (201, 399))  # measurements of the bins of D14, taken for steps (D02)


def published(column: Column) -> dict[str, float]:
    """Percent of early, mid and late jumps at which the loss falls, mean over the three selected runs (D10).

    Published: bins of D14, loss looked up at measurement index // 5 (D03). Repaired: bins of C03, loss looked
    up at the jump itself. The loss is compared two measurements before and after; NaN where no run has such a
    jump.
    """
    loss = loss_changes(column, column.jumps[column.jumps["run"].isin(SELECTED)])
    shares = (loss["change"] < 0).groupby([loss["timing"], loss["run"]]).mean().groupby("timing").mean()
    return _with_difference({f"{name}_percent": 100 * shares.get(name, np.nan) for name in BINS})


repaired = published


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    """The loss around jumps that are rotated within their part of training, run by run."""
    found = {}
    for name in BINS:
        around = [draws.loss[run][name] for run in SELECTED]
        if shares := [(change < 0).mean(axis=1) for change in around if change.shape[1]]:
            found[f"{name}_percent"] = 100 * np.mean(shares, axis=0)
    return {PART_SHIFTS: _with_difference(found)}


def defect(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    """What the published look-up gives for jumps that are rotated within their part of training, run by run."""
    jumps = draws.column.jumps
    jumps = jumps[jumps["run"].isin(SELECTED)]
    rng = np.random.default_rng(derive("audit", "published look-up"))
    found = []
    for _ in range(draws.number):
        moved = jumps["before"].to_numpy(copy=True)
        for run in SELECTED:
            for low, high in LATER_BINS:
                at = ((jumps["run"] == run) & jumps["before"].between(low, high - 1)).to_numpy()
                moved[at] = low + (moved[at] - low + rng.integers(high - low)) % (high - low)
        phase = moved / draws.column.runs[0].total_steps
        found.append(published(draws.column._replace(jumps=jumps.assign(before=moved, phase=phase))))
    return {
        PART_SHIFTS: {
            name: np.array([each[name] for each in found]) for name in ("early_percent", "mid_percent", DIFFERENCE)
        }
    }


def _with_difference(percents: dict) -> dict:
    if "early_percent" not in percents or "mid_percent" not in percents:
        return percents
    return {**percents, DIFFERENCE: percents["early_percent"] - percents["mid_percent"]}


def ours(tables: Tables) -> dict[str, Quantity]:
    return for_each_rule(tables, quantities)


def quantities(jumps: JumpRows) -> dict[str, Quantity]:
    """Over the jumps of all runs; excess: over the share of all measurements of the same window."""
    rows = jumps.rows
    beyond = {name: excess(rows, f"{name}_falls", f"{name}_used", 100.0) for name in BINS}
    return {
        **{f"{name}_percent": Quantity(percent(rows, f"{name}_falls", f"{name}_used")) for name in BINS},
        **{f"{name}_excess_percent": Quantity(beyond[name], 0.0, LOCAL) for name in BINS},
        DIFFERENCE: Quantity(difference(beyond["early"], beyond["mid"]), 0.0, LOCAL),
    }
