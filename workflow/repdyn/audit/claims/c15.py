"""C15: early jumps are escape from initialisation, late jumps acquisition of capabilities.

Estimands: by how much more the variance inside the subspace of initialisation falls at early jumps than at their matched
controls and in placebos (hypothesis H4), and by how much more classes are newly recognised at late jumps than at their
controls (H5), in standard deviations of the family; "strongly supported" stands for 0.8, a large effect (Cohen 1988).
Bounds: half of that, 0.4.
Null: placebos of runs that do not jump, 0; late windows have none. That no late jump was seen follows from the phase
alone (D02).
Rule: two claims in one, each holds above its bound and does not hold below it.
"""

import numpy as np
import pandas as pd

from repdyn.audit.definitions import Column
from repdyn.audit.draws import NO_JUMPS, Draws
from repdyn.audit.estimates import difference, percent, ratio, total
from repdyn.audit.quantities import UNIFORM, JumpRows, Quantity, Tables, for_each_rule
from repdyn.audit.timing import timing

PUBLISHED_NOTES = {}
REPAIRED_NOTE = "D01, D02"
WITHOUT = {}
# Quantity: hypothesis, and the sign under which the claim is positive.
TESTED = {"escape": ("H4", -1.0), "acquisition": ("H5", 1.0)}
NULLS = {
    "escape": "placebos of runs that do not jump, subtracted: 0",
    "acquisition": "matched controls, subtracted: 0; late jumps have no placebos",
}


def published(column: Column) -> dict[str, float]:
    """The count on which both verdicts of the published study rest: jumps after 50 % of training."""
    return {"late_jumps": int((timing(column.jumps["phase"]) == "late").sum())}


repaired = published


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    return {NO_JUMPS: {"late_jumps": draws.jumps.timed()["late"]}}


def ours(tables: Tables) -> dict[str, Quantity]:
    return for_each_rule(tables, quantities) | standardised(tables.contrasts)


def quantities(jumps: JumpRows) -> dict[str, Quantity]:
    rows = jumps.rows
    return {
        "late_jumps": Quantity(total(rows, "late")),
        "late_percent": Quantity(
            percent(rows, "late", "jumps"), percent(rows, "late_expected", "jumps").value, UNIFORM
        ),
    }


def standardised(contrasts: pd.DataFrame) -> dict[str, Quantity]:
    """Contrasts of jumps, of early ones less those of placebos, in standard deviations of the family; {} for none.

    contrasts: hypothesis, family, experiment, architecture, dataset, kind (jump or placebo), contrast.
    """
    if contrasts.empty:
        return {}
    found = {}
    for name, (hypothesis, sign) in TESTED.items():
        own = contrasts[contrasts["hypothesis"] == hypothesis]
        group = own.groupby(["family", "kind"])["contrast"]
        spread = np.sqrt(group.transform("var").groupby(own["family"]).transform("mean"))
        table = own.assign(one=1.0, seed=0, scaled=sign * own["contrast"] / spread.where(spread > 0))
        jump, placebo = (ratio(table[table["kind"] == kind], "scaled") for kind in ("jump", "placebo"))
        estimate = difference(jump, placebo) if name == "escape" else jump
        found[name] = Quantity(estimate, 0.0, NULLS[name])
    return found
