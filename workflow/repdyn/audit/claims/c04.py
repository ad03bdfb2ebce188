"""C04: the families differ in when they jump.

Estimand: by how many percentage points more of the jumps of CNNs and of MLPs are early than of those of transformers;
published: 30.0 and 28.2. The claim has a direction.
Bounds: half of either, 15 and 14.1. At 0 any difference would do, and none could ever be denied.
Null: no difference, 0.
Rule: holds above both bounds, does not hold below one.
"""

import numpy as np

from repdyn.audit.definitions import Column
from repdyn.audit.draws import NO_JUMPS, Draws, over
from repdyn.audit.estimates import CHANGE, difference, percent, ratio, within
from repdyn.audit.quantities import UNIFORM, JumpRows, Quantity, Tables, by_family, for_each_rule
from repdyn.audit.runs import FAMILIES
from repdyn.audit.timing import timing

PUBLISHED_NOTES = {}
REPAIRED_NOTE = "D01, D02"
WITHOUT = {}
OTHERS = ("cnn", "mlp")


def published(column: Column) -> dict[str, float]:
    """Percent of a family's jumps that are early, and their mean phase."""
    families = by_family(column.jumps)
    early = {f"early_percent_{f}": 100 * (timing(jumps["phase"]) == "early").mean() for f, jumps in families.items()}
    return {
        **early,
        **{f"mean_phase_{f}": jumps["phase"].mean() for f, jumps in families.items()},
        **{
            f"{early_percent(f)}_minus_transformer": early[early_percent(f)] - early[early_percent("transformer")]
            for f in OTHERS
        },
    }


repaired = published


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    jumps, found = draws.jumps, {}
    for family in FAMILIES:
        here = jumps.family == family
        found[f"early_percent_{family}"] = 100 * over(jumps.counts[:, 0, here].sum(axis=1), jumps.number(here))
        found[f"mean_phase_{family}"] = over(jumps.phases[:, here].sum(axis=1), jumps.number(here))
    for family in OTHERS:
        found[f"{early_percent(family)}_minus_transformer"] = (
            found[early_percent(family)] - found[early_percent("transformer")]
        )
    return {NO_JUMPS: found}


def early_percent(family: str) -> str:
    return f"early_percent_{family}"


def ours(tables: Tables) -> dict[str, Quantity]:
    return for_each_rule(tables, quantities)


def quantities(jumps: JumpRows) -> dict[str, Quantity]:
    families = by_family(jumps.rows)
    early = {family: percent(rows, "early", "jumps") for family, rows in families.items()}
    return {
        **{
            f"early_percent_{family}": Quantity(early[family], percent(rows, "early_expected", "jumps").value, UNIFORM)
            for family, rows in families.items()
        },
        **{
            f"mean_phase_{family}": Quantity(
                within(ratio(rows, "phase_sum", "jumps", kind=CHANGE), 0.0, 1.0),
                ratio(rows, "phase_expected", "jumps").value,
                UNIFORM,
            )
            for family, rows in families.items()
        },
        **{
            f"early_percent_{family}_minus_transformer": Quantity(
                difference(early[family], early["transformer"]), 0.0, "no difference: 0, range over runs"
            )
            for family in OTHERS
        },
    }
