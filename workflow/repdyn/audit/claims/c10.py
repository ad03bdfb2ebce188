"""C10: transformer jumps sit in the attention output projections.

Estimand: the percentage of transformer jumps in attention outputs; published: 100.
Bound: 62.5, half way from the share of these layers to all of them.
Null: a quarter of the layers measured are attention outputs. The published logs have none (D08) and cannot tell.
Rule: holds above the bound, does not hold below it.
"""

import numpy as np
import pandas as pd

from repdyn.audit.definitions import Column
from repdyn.audit.draws import NO_JUMPS, Draws
from repdyn.audit.estimates import excess, percent
from repdyn.audit.picks import FIVE, over_picks, picked_jumps
from repdyn.audit.quantities import BASE, JumpRows, Quantity, Tables, for_each_rule
from repdyn.audit.runs import TRANSFORMER

PUBLISHED_NOTES = {
    "linear2_percent": f"{FIVE} and known from the published plan; other draws give 80 or 100",
    "linear1_percent": f"{FIVE}; 0 whatever the draw",
}
REPAIRED_NOTE = "D01"
WITHOUT = {}
# Both are halves of the feed-forward block; no attention output was ever measured (D08).
LAYERS = ("linear2", "linear1")


def published(column: Column) -> dict[str, float]:
    return picked_percent(picked_jumps(column.jumps)) | repaired(column)


def picked_percent(picked: pd.DataFrame) -> dict[str, float]:
    """Percent of the five picked jumps in `linear2` and in `linear1`: n = 5 (D08)."""
    kind = last_part(picked["layer"])
    return {f"{layer}_percent": 100 * over_picks(kind == layer, picked) for layer in LAYERS}


def repaired(column: Column) -> dict[str, float]:
    """Percent of jumps in `linear2` and `linear1`, over all jumps of transformer_deep_mnist and its family."""
    jumps, shares = column.jumps, {}
    for label, part in (
        ("run", jumps[jumps["run"] == TRANSFORMER]),
        ("family", jumps[jumps["family"] == "transformer"]),
    ):
        kind = last_part(part["layer"])
        for layer in LAYERS:
            shares[f"{layer}_percent_all_jumps_{label}"] = 100 * (kind == layer).mean()
    return shares


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    jumps = draws.jumps
    kind = last_part(pd.Series(jumps.layer)).to_numpy()
    parts = {"run": jumps.run == TRANSFORMER, "family": jumps.family == "transformer"}
    return {
        NO_JUMPS: {
            f"{layer}_percent_all_jumps_{label}": jumps.percent(kind == layer, part)
            for label, part in parts.items()
            for layer in LAYERS
        }
    }


def ours(tables: Tables) -> dict[str, Quantity]:
    return for_each_rule(tables, quantities)


def quantities(jumps: JumpRows) -> dict[str, Quantity]:
    """Jumps of attention outputs, which we do measure, beside their share of all layers."""
    transformer = jumps.rows[jumps.rows["family"] == "transformer"]
    return {
        "attention_percent": Quantity(
            percent(transformer, "attention", "jumps"),
            percent(transformer, "attention_expected", "jumps").value,
            "share of attention outputs among layers",
        ),
        "attention_excess_percent": Quantity(excess(transformer, "attention", "jumps", 100.0), 0.0, BASE),
    }


def last_part(layers: pd.Series) -> pd.Series:
    return layers.str.rpartition(".")[2]
