"""C02: how many jumps occur."""

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
        ratio(rows, "jumps", "points", 1000.0, COUNT), declared(ratio(rows, "declared", "points", 1000.0).value), DECLARED
    )
    return {"per_1000": rate} | {
        label: Quantity(total(part, "jumps"), declared(part["declared"].sum()), DECLARED)
        for label, part in (("total", rows), *by_family(rows).items())
    }
