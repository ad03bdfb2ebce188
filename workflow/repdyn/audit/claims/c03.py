"""C03: jumps happen early in training, none after half of it.

Estimands: the percentages of jumps before a tenth and after half of training; published: 83.3 and 0.
Bounds: 50, most jumps are early; 10, almost none is late. A stricter bound on none needs more jumps than there may be.
Null: uniform placement, 10 % early and 50 % late.
Rule: two claims in one, each with words of its own: early holds above its bound, none late below its.
"""

import numpy as np

from repdyn.audit.definitions import Column
from repdyn.audit.draws import NO_JUMPS, Draws, over
from repdyn.audit.estimates import percent, total
from repdyn.audit.quantities import UNIFORM, JumpRows, Quantity, Tables, for_each_rule
from repdyn.audit.timing import BINS, later_timing, timing

PUBLISHED_NOTES = {}
REPAIRED_NOTE = "D01, D02"
WITHOUT = {}


def published(column: Column) -> dict[str, float]:
    """Also the counts in the bins of the later table, which lost phase 0 (D14)."""
    when = later_timing(column.jumps["phase"])
    return repaired(column) | {f"{name}_later_table": int((when == name).sum()) for name in BINS}


def repaired(column: Column) -> dict[str, float]:
    """Jumps before 10 %, between 10 and 50 %, and after 50 % of training: number and percent."""
    when = timing(column.jumps["phase"])
    counts = {name: int((when == name).sum()) for name in BINS}
    return counts | {f"{name}_percent": 100 * count / len(when) for name, count in counts.items()}


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    timed, everything = draws.jumps.timed(), draws.jumps.total.sum(axis=1)
    return {NO_JUMPS: timed | {f"{name}_percent": 100 * over(timed[name], everything) for name in BINS}}


def ours(tables: Tables) -> dict[str, Quantity]:
    return for_each_rule(tables, quantities)


def quantities(jumps: JumpRows) -> dict[str, Quantity]:
    rows = jumps.rows
    return {name: Quantity(total(rows, name)) for name in BINS} | {
        f"{name}_percent": Quantity(
            percent(rows, name, "jumps"), percent(rows, f"{name}_expected", "jumps").value, UNIFORM
        )
        for name in BINS
    }
