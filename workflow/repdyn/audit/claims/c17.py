"""C17: threshold and change-point (PELT) detectors disagree.

Estimand: the correlation of both detectors' indicators over the largest that two indicators of these frequencies can have;
published: -0.029, so none.
Bound: half of the largest.
Null: independent detectors, 0.
Rule: holds below the bound, does not hold above it.
"""

import numpy as np

from repdyn.audit.definitions import Column
from repdyn.audit.draws import Draws
from repdyn.audit.estimates import ratio, total
from repdyn.audit.quantities import Quantity, Tables

PUBLISHED_NOTES = dict.fromkeys(
    ("correlation", "measurements"),
    "not derivable: from the authors' later version, whose detector settings were not published",
)
REPAIRED_NOTE = "|z| > 2 against penalised change points (PELT), all points of all layers; mean over runs"
INDEPENDENT = "independent detectors: 0, range over runs"
WITHOUT = {"measurements": "none: a count of points"}


def published(column: Column) -> dict[str, float]:
    return dict.fromkeys(("correlation", "measurements"), np.nan)


def repaired(column: Column) -> dict[str, float]:
    return {}


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    return {}


def ours(tables: Tables) -> dict[str, Quantity]:
    """Mean over runs of the correlation of both detectors' indicators, and the points of a study."""
    return {
        "correlation": Quantity(ratio(tables.runs, "agreement"), 0.0, INDEPENDENT),
        "correlation_of_possible": Quantity(ratio(tables.runs, "agreement_of_possible"), 0.0, INDEPENDENT),
        "measurements": Quantity(total(tables.runs, "points")),
    }
