"""C16: filters of a network's first convolution barely change after the first twentieth of training.

Estimands: the cosine of the first convolution's weights between steps 100 and 1,000 and between 1,000 and 2,000, over
all CNNs; published: 0.985 and 0.996, of one network.
Bounds: twice the published 1 - cosine, 0.97 and 0.992. Deeper layers of the same checkpoints lie far below: 0.83 to 0.89 and
0.94 to 0.97.
Null: random directions, 0; no training at all gives 1.
Rule: holds above both bounds, does not hold below one.
"""

import numpy as np
import pandas as pd

from repdyn.audit.definitions import Column
from repdyn.audit.draws import Draws
from repdyn.audit.estimates import Estimate, interval, ratio, within
from repdyn.audit.phases import FILTER_PHASES
from repdyn.audit.quantities import Quantity, Tables, of_architecture
from repdyn.study.event_windows import nearest_steps

FIRST = "blocks.0.conv"
PUBLISHED_NOTES = dict.fromkeys(FILTER_PHASES, "from the published checkpoints of one separate run")
REPAIRED_NOTE = "from the published checkpoints of one separate run; interval over its filters"
WITHOUT = {}
DIRECTIONS = "random directions: 0; range over filters"


def published(column: Column) -> dict[str, float]:
    """Mean cosine of corresponding filters of the first convolution, and of every later layer."""
    if not column.filters:
        return dict.fromkeys(FILTER_PHASES, np.nan)
    return {name: float(np.mean(cosines)) for name, cosines in column.filters.items()}


def repaired(column: Column) -> dict[str, float]:
    return {}


def null(draws: Draws) -> dict[str, dict[str, np.ndarray]]:
    return {}


def ours(tables: Tables) -> dict[str, Quantity]:
    return quantities(tables.cosines) | of_filters(tables.filters)


def of_filters(filters: dict[str, np.ndarray]) -> dict[str, Quantity]:
    """Means over the filters of the one published network: filters, not runs, are their units."""
    found = {}
    for name, cosines in filters.items():
        n, se = len(cosines), float(np.std(cosines, ddof=1) / np.sqrt(len(cosines)))
        value = float(np.mean(cosines))
        found[name] = Quantity(Estimate(value, *interval(value, se, n - 1, False), n, se, n - 1.0), 0.0, DIRECTIONS)
    return found


def quantities(cosines: pd.DataFrame) -> dict[str, Quantity]:
    """Means over runs of cnn_deep and of all CNNs.

    cosines: one row per CNN run with architecture, dataset, experiment, seed and the columns of FILTER_PHASES. None for no
    rows.
    """
    if cosines.empty:
        return {}
    table = cosines.assign(one=1.0)
    return {
        name + suffix: Quantity(within(ratio(part, name), -1.0, 1.0))
        for suffix, part in (("", of_architecture(table, "cnn_deep")), ("_all_cnn", table))
        for name in FILTER_PHASES
    }


def filter_cosines(measurements: pd.DataFrame, measured: np.ndarray, total_steps: int) -> dict[str, float]:
    """Cosine of the first convolution's weights between the published phases, from one run's measurements.

    measurements: rows of quantity weight_cosine with layer, reference, step and value. measured: steps
    of the trajectory, of which those nearest to the phases are looked into (`event_windows`). NaN where one was not.
    """
    rows = measurements[(measurements["quantity"] == "weight_cosine") & (measurements["layer"] == FIRST)]
    found = rows.set_index(["reference", "step"])["value"]
    found = found[~found.index.duplicated()].to_dict()
    return {
        name: float(found.get(tuple(nearest_steps(phases, measured, total_steps)), np.nan))
        for name, phases in FILTER_PHASES.items()
    }
