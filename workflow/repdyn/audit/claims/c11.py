"""C11: CNN jumps sit in the first convolution, MLP jumps are distributed.

Estimands: by how many percentage points the share of jumps in the first layer exceeds that of layers; published: 26 for CNNs
(51 % of the jumps of four layers), none for MLPs, which are said to be distributed.
Bounds: half of that, 13, above for CNNs, within either side for MLPs.
Null: jumps in all layers alike, 0.
Rule: two claims in one. CNNs: holds above the bound; MLPs: holds between the bounds; does not hold beyond them.
"""

import numpy as np

from repdyn.audit.definitions import Column
from repdyn.audit.draws import NO_JUMPS, Draws
from repdyn.audit.estimates import excess, percent
from repdyn.audit.quantities import BASE, JumpRows, Quantity, Tables, by_family, for_each_rule, of_architecture
from repdyn.audit.runs import CNN

PUBLISHED_NOTES = {}
REPAIRED_NOTE = "D01"
WITHOUT = {}
FIRST_CONVOLUTION = "conv_layers.0"


def published(column: Column) -> dict[str, float]:
    """Percent of cnn_deep_mnist's jumps in its first convolution, and the same over all CNN runs."""
    jumps = column.jumps
    one, family = jumps[jumps["run"] == CNN], jumps[jumps["family"] == "cnn"]
    return {
        "first_convolution_percent": 100 * (one["layer"] == FIRST_CONVOLUTION).mean(),
        "first_convolution_percent_all_cnn": 100 * (family["layer"] == FIRST_CONVOLUTION).mean(),
    }


repaired = published


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    jumps = draws.jumps
    first = jumps.layer == FIRST_CONVOLUTION
    return {
        NO_JUMPS: {
            "first_convolution_percent": jumps.percent(first, jumps.run == CNN),
            "first_convolution_percent_all_cnn": jumps.percent(first, jumps.family == "cnn"),
        }
    }


def ours(tables: Tables) -> dict[str, Quantity]:
    return for_each_rule(tables, quantities)


def quantities(jumps: JumpRows) -> dict[str, Quantity]:
    families = by_family(jumps.rows)
    cnn, mlp = families["cnn"], families["mlp"]
    return {
        "first_convolution_percent": Quantity(percent(of_architecture(jumps.rows, "cnn_deep"), "first", "jumps")),
        "first_convolution_percent_all_cnn": Quantity(
            percent(cnn, "first", "jumps"), percent(cnn, "first_expected", "jumps").value, "share of layers"
        ),
        "first_convolution_excess_percent": Quantity(excess(cnn, "first", "jumps", 100.0), 0.0, BASE),
        "first_layer_excess_percent_mlp": Quantity(excess(mlp, "first", "jumps", 100.0), 0.0, BASE),
    }
