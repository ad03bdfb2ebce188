"""C12: CNNs jump more than MLPs.

Estimand: jumps per layer of CNNs over those of MLPs that are no deeper than the deepest CNN; published: 2.5, of two runs.
Bound: 1.58, half of the logarithm. Deeper MLPs would change the ratio more than the bound does.
Null: equal rates, 1. The published rule gives the ratio in surrogates without jumps.
Rule: holds above the bound, does not hold below it.
"""

import numpy as np
import pandas as pd

from repdyn.audit.definitions import Column
from repdyn.audit.draws import NO_JUMPS, Draws, over
from repdyn.audit.estimates import COUNT, Estimate, quotient, ratio, total
from repdyn.audit.quantities import JumpRows, Quantity, Tables, by_family, for_each_rule, of_architecture
from repdyn.audit.runs import CNN, MLP

PUBLISHED_NOTES = {}
REPAIRED_NOTE = "D01"
WITHOUT = {}
EQUAL = "equal rates: 1, range over runs"


def published(column: Column) -> dict[str, float]:
    """Jumps of cnn_deep_mnist over those of mlp_narrow_mnist, and what D10 misses: all runs, per layer."""
    jumps = column.jumps
    cnn, mlp = (jumps["run"] == CNN).sum(), (jumps["run"] == MLP).sum()
    total = {family: len(part) for family, part in by_family(jumps).items()}
    layers = {family: sum(len(run.layers) for run in column.runs if run.family == family) for family in total}
    return {
        "cnn_jumps": cnn,
        "mlp_jumps": mlp,
        "ratio": cnn / mlp,
        "ratio_all_runs": total["cnn"] / total["mlp"],
        "ratio_per_layer_all_runs": (total["cnn"] / layers["cnn"]) / (total["mlp"] / layers["mlp"]),
    }


repaired = published


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    jumps = draws.jumps
    cnn, mlp = jumps.number(jumps.run == CNN), jumps.number(jumps.run == MLP)
    of = {family: jumps.family == family for family in ("cnn", "mlp")}
    total = {family: jumps.number(chosen) for family, chosen in of.items()}
    rates = {family: total[family] / max(chosen.sum(), 1) for family, chosen in of.items()}
    return {
        NO_JUMPS: {
            "cnn_jumps": cnn,
            "mlp_jumps": mlp,
            "ratio": over(cnn, mlp),
            "ratio_all_runs": over(total["cnn"], total["mlp"]),
            "ratio_per_layer_all_runs": over(rates["cnn"], rates["mlp"]),
        }
    }


def ours(tables: Tables) -> dict[str, Quantity]:
    return for_each_rule(tables, quantities)


def quantities(jumps: JumpRows) -> dict[str, Quantity]:
    families = by_family(jumps.rows)
    cnn, mlp = families["cnn"], families["mlp"]
    deep, narrow = (
        ratio(of_architecture(jumps.rows, name), "jumps", kind=COUNT) for name in ("cnn_deep", "mlp_narrow")
    )
    matched = mlp[mlp["layers"] <= cnn["layers"].max()]

    def per_layer(rows: pd.DataFrame) -> Estimate:
        return ratio(rows, "jumps", "layers", kind=COUNT)

    return {
        "cnn_jumps": Quantity(deep),
        "mlp_jumps": Quantity(narrow),
        "ratio": Quantity(quotient(deep, narrow), 1.0, "equal numbers: 1"),
        "ratio_all_runs": Quantity(quotient(total(cnn, "jumps"), total(mlp, "jumps"))),
        "ratio_per_layer_all_runs": Quantity(quotient(per_layer(cnn), per_layer(mlp)), 1.0, EQUAL),
        "ratio_per_layer_same_depth": Quantity(quotient(per_layer(cnn), per_layer(matched)), 1.0, EQUAL),
    }
