"""C16: how much the filters of a network's first convolution change after the first twentieth of training."""

import numpy as np
import pandas as pd

from repdyn.audit.estimates import Estimate, ratio, within
from repdyn.audit.phases import FILTER_PHASES
from repdyn.study.event_windows import nearest_steps

FIRST = "blocks.0.conv"


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


def filter_quantities(cosines: pd.DataFrame) -> dict[tuple[str, str], Estimate]:
    """Means over runs. cosines: one row per CNN run with architecture, experiment, seed and the columns of FILTER_PHASES."""
    table = cosines.assign(one=1)
    deep = table[table["architecture"] == "cnn_deep"]
    return {
        ("C16", name + suffix): within(ratio(part, name), -1.0, 1.0)
        for suffix, part in (("", deep), ("_all_cnn", table))
        for name in FILTER_PHASES
    }
