"""C05: there are five types of jump.

Estimand: the number of clusters of jumps, one being a possible answer, as everywhere in the study
(`jump_types.count_types`).
Bound: none; it is five or it is not.
Null: single blobs with the very tails of the jumps' features. The published method finds five in anything: five is its
input.
Rule: holds for five types, does not hold for another number; not evaluable with fewer than 40 jumps, and where types of
the published sizes would not be found (`type_errors`).
"""

import numpy as np
import pandas as pd

from repdyn.audit.definitions import Column
from repdyn.audit.draws import Draws
from repdyn.audit.estimates import Estimate, total
from repdyn.audit.picks import five_types
from repdyn.audit.quantities import JumpRows, Quantity, Tables, for_each_rule
from repdyn.seeds import derive
from repdyn.timeseries.jump_types import count_types, type_sizes

PUBLISHED_NOTES = {}
REPAIRED_NOTE = "D01, D02"
FEATURES = ["phase", "magnitude", "speed"]
BLOBS = 10
BLOB = "single normal blobs"
WITHOUT = {
    f"size_{rank}": "none: k = 5 is an input (D15); the number of types is tested instead" for rank in range(1, 6)
}


def published(column: Column) -> dict[str, float]:
    """Sizes of five k-means clusters of (phase, magnitude, speed), largest first (k is an input: D15)."""
    sizes = type_sizes(five_types(column.jumps))
    return {f"size_{rank}": size for rank, size in enumerate(sizes, start=1)} | {"types": len(sizes)}


repaired = published


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    """The number of clusters in single blobs: that which k-means is told to find."""
    rng = np.random.default_rng(derive("audit", "one blob"))
    blobs = [pd.DataFrame(rng.standard_normal((500, 3)), columns=FEATURES) for _ in range(BLOBS)]
    return {BLOB: {"types": np.array([len(np.unique(five_types(blob))) for blob in blobs], dtype=np.float64)}}


def ours(tables: Tables) -> dict[str, Quantity]:
    return for_each_rule(tables, quantities)


def quantities(jumps: JumpRows) -> dict[str, Quantity]:
    """The number of types of jumps; without an interval."""
    found, _ = count_types(jumps.found)
    null = f"single blobs of the same spread and skewness: 1; p = {found.p:.2g}" if found.k else "too few jumps"
    rests_on = total(jumps.rows, "jumps").ratios
    estimate = Estimate(found.k or np.nan, np.nan, np.nan, jumps.searched if found.k else 0, ratios=rests_on)
    return {"types_found": Quantity(estimate, 1.0 if found.k else np.nan, null)}
