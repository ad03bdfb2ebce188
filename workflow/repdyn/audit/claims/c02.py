"""C02: how many jumps occur.

Estimand: the jumps of a study by the default detector; published: 2,991.
Bounds: half and twice as many. A count twenty times smaller is told from 2,991 by any bound between the two.
Null: what the detector declares to find where there is nothing; |z| > 2 finds thousands in surrogates without jumps.
Rule: holds between the bounds, does not hold outside them.
"""

import numpy as np

from repdyn.audit.definitions import Column
from repdyn.audit.draws import NO_JUMPS, Draws
from repdyn.audit.estimates import COUNT, ratio, total
from repdyn.audit.quantities import DECLARED, JumpRows, Quantity, Tables, by_family, for_each_rule
from repdyn.audit.runs import FAMILIES

PUBLISHED_NOTES = {}
REPAIRED_NOTE = "D01"
WITHOUT = {"per_1000": "none: that of the total, as a rate"}


def published(column: Column) -> dict[str, float]:
    """Number of jumps, and by family."""
    families = by_family(column.jumps)
    return {"total": len(column.jumps)} | {family: len(jumps) for family, jumps in families.items()}


repaired = published


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    jumps = draws.jumps
    families = {family: jumps.number(jumps.family == family) for family in FAMILIES}
    return {NO_JUMPS: {"total": jumps.total.sum(axis=1)} | families}


def ours(tables: Tables) -> dict[str, Quantity]:
    return for_each_rule(tables, quantities)


def quantities(jumps: JumpRows) -> dict[str, Quantity]:
    """Jumps per 1,000 points and per study, beside what the detector declares at most."""
    rows = jumps.rows

    def declared(number: float) -> float:
        return number if jumps.declares else np.nan  # |z| > 2 declares no error

    rate = Quantity(
        ratio(rows, "jumps", "points", 1000.0, COUNT),
        declared(ratio(rows, "declared", "points", 1000.0).value),
        DECLARED,
    )
    return {"per_1000": rate} | {
        label: Quantity(total(part, "jumps"), declared(part["declared"].sum()), DECLARED)
        for label, part in (("total", rows), *by_family(rows).items())
    }
