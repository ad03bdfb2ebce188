"""C15: early jumps are escape from initialisation, late jumps acquisition of capabilities."""

import numpy as np

from repdyn.audit.definitions import Column
from repdyn.audit.draws import NO_JUMPS, Draws
from repdyn.audit.estimates import excess, percent, total
from repdyn.audit.quantities import LOCAL, UNIFORM, JumpRows, Quantity, Tables, for_each_rule
from repdyn.audit.timing import timing

PUBLISHED_NOTES = {}
REPAIRED_NOTE = "D01, D02"
WITHOUT = {}


def published(column: Column) -> dict[str, float]:
    """The count on which both verdicts of the published study rest: jumps after 50 % of training."""
    return {"late_jumps": int((timing(column.jumps["phase"]) == "late").sum())}


repaired = published


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    return {NO_JUMPS: {"late_jumps": draws.jumps.timed()["late"]}}


def ours(tables: Tables) -> dict[str, Quantity]:
    return for_each_rule(tables, quantities)


def quantities(jumps: JumpRows) -> dict[str, Quantity]:
    """What the words ask of the loss: that it falls at both kinds of jump."""
    rows = jumps.rows
    return {
        f"{name}_falls_excess_percent": Quantity(excess(rows, f"{name}_falls", f"{name}_used", 100.0), 0.0, LOCAL)
        for name in ("early", "late")
    } | {
        "late_jumps": Quantity(total(rows, "late")),
        "late_percent": Quantity(
            percent(rows, "late", "jumps"), percent(rows, "late_expected", "jumps").value, UNIFORM
        ),
    }
