"""C13: early jumps raise the transformer's loss, late jumps lower it.

Estimands: the change of the loss at early and at late jumps of transformers beyond that of all measurements of the same
window; published: +0.104 and -0.287.
Bounds: half of either.
Null: all measurements of the same window, 0.
Rule: two claims in one. Early holds above its bound, late below its; each does not hold on the other side.
"""

import numpy as np
import pandas as pd

from repdyn.audit.definitions import Column
from repdyn.audit.draws import PART_SHIFTS, Draws
from repdyn.audit.estimates import CHANGE, excess, ratio
from repdyn.audit.loss import loss_changes
from repdyn.audit.picks import FIVE, NO_LATE, checkpoint_window, picked_jumps
from repdyn.audit.quantities import LOCAL, JumpRows, Quantity, Tables, for_each_rule, of_architecture
from repdyn.audit.runs import TRANSFORMER, Run, names_of, run_named
from repdyn.audit.timing import BINS
from repdyn.seeds import derive

PUBLISHED_NOTES = {
    "early": f"two of {FIVE}; the drawn one is not among them",
    "late": f"two of {FIVE}; the drawn one is not among them",
    "late_all_jumps_run": NO_LATE,
    "late_all_jumps_family": NO_LATE,
}
REPAIRED_NOTE = "D01, D02, and the look-up of the loss (D03)"
WITHOUT = {}


def published(column: Column) -> dict[str, float]:
    return picked_changes(picked_jumps(column.jumps), run_named(column.runs, TRANSFORMER)) | repaired(column)


def picked_changes(picked: pd.DataFrame, run: Run) -> dict[str, float]:
    """Mean change of the loss over the checkpoint window of the early and the late picks: n = 2 each (D08)."""
    changes = {}
    for kind in ("early", "late"):
        first, last = checkpoint_window(picked.loc[picked["kind"] == kind, "before"], run)
        changes[kind] = (run.loss[last] - run.loss[first]).mean()
    return changes


def repaired(column: Column) -> dict[str, float]:
    """Mean change of the loss at early and at late jumps, over all jumps of the run and of the family.

    Timing and look-up as in C09. Published phases never reach "late" (D02), so mid is given too.
    """
    jumps, changes = column.jumps, {}
    for label, part in (
        ("run", jumps[jumps["run"] == TRANSFORMER]),
        ("family", jumps[jumps["family"] == "transformer"]),
    ):
        mean = loss_changes(column, part).groupby("timing")["change"].mean()
        for name in BINS:
            changes[f"{name}_all_jumps_{label}"] = mean.get(name, np.nan)
    return changes


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    """The loss around jumps that are rotated within their part of training, run by run."""
    found = {}
    for name in BINS:
        for label, members in (("run", [TRANSFORMER]), ("family", names_of(draws.column.runs, "transformer"))):
            pooled = np.concatenate([draws.loss[run][name] for run in members], axis=1)
            if pooled.shape[1]:
                found[f"{name}_all_jumps_{label}"] = pooled.mean(axis=1)
    return {PART_SHIFTS: found}


def defect(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    """The change of the loss over the windows of two moments drawn at random from those in which the picked ones lie."""
    run = run_named(draws.column.runs, TRANSFORMER)
    jumps = draws.column.jumps
    before = jumps.loc[jumps["run"] == TRANSFORMER, "before"].to_numpy()
    rng = np.random.default_rng(derive("audit", "picked at random"))
    moments = pd.Series(rng.integers(before.min(), before.max() + 1, size=2 * draws.number))
    first, last = checkpoint_window(moments, run)
    mean = (run.loss[last] - run.loss[first]).reshape(draws.number, 2).mean(axis=1)
    return {"pairs of moments drawn at random": {"early": mean, "late": mean}}


def ours(tables: Tables) -> dict[str, Quantity]:
    return for_each_rule(tables, quantities)


def quantities(jumps: JumpRows) -> dict[str, Quantity]:
    """Mean changes, and by how much they exceed that of all measurements of the same window."""
    transformer = jumps.rows[jumps.rows["family"] == "transformer"]
    deep = of_architecture(jumps.rows, "transformer_deep")
    return {
        f"{name}_all_jumps_{label}": Quantity(ratio(part, f"{name}_change", f"{name}_used", kind=CHANGE))
        for label, part in (("run", deep), ("family", transformer))
        for name in BINS
    } | {
        f"{name}_excess": Quantity(excess(transformer, f"{name}_change", f"{name}_used", kind=CHANGE), 0.0, LOCAL)
        for name in ("early", "late")
    }
