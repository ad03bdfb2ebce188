"""C05: there are five types of jump."""

import numpy as np
import pandas as pd

from repdyn.audit.definitions import Column
from repdyn.audit.draws import Draws
from repdyn.audit.estimates import Estimate
from repdyn.audit.picks import five_types
from repdyn.audit.quantities import JumpRows, Quantity, Tables, for_each_rule
from repdyn.errors import StudyError
from repdyn.seeds import derive
from repdyn.timeseries.jump_types import choose_k, jump_features, type_sizes

PUBLISHED_NOTES = {}
REPAIRED_NOTE = "D01, D02"
FEATURES = ["phase", "magnitude", "speed"]
BLOBS = 10
BLOB = f"{BLOBS} single normal blobs"
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
    k, p = types_found(jumps.found, jumps.label)
    null = f"single blobs of the same spread: 1; p = {p:.2g}" if k else "too few jumps"
    estimate = Estimate(k or np.nan, np.nan, np.nan, jumps.searched if k else 0)
    return {"types_found": Quantity(estimate, 1.0 if k else np.nan, null)}


def types_found(jumps: pd.DataFrame, label: str, sample: int = 500) -> tuple[int, float]:
    """Number of jump types by silhouette against single blobs, and p of a single blob; 0, NaN if there are too few."""
    if len(jumps) == 0:
        return 0, np.nan
    try:
        features = jump_features(jumps)
    except StudyError:
        return 0, np.nan
    found = choose_k(features, np.random.default_rng(derive("audit", label, "types")), sample=sample)
    return found.k, found.p
