"""C16: how much the filters of a network's first convolution change after the first twentieth of training."""

import numpy as np
import pandas as pd

from repdyn.audit.estimates import Estimate, ratio, within

# The published steps 100, 1,000 and 2,000 of 2,000, as phases.
PAIRS = {"cosine_100_1000": (0.05, 0.5), "cosine_1000_2000": (0.5, 1.0)}
FIRST = "blocks.0.conv"


def filter_cosines(measurements: pd.DataFrame, total_steps: int) -> dict[str, float]:
    """Cosine of the first convolution's weights between the published phases, from one run's measurements.

    measurements: rows of quantity weight_cosine with layer, reference, step and value. NaN where a phase was not measured.
    """
    rows = measurements[(measurements["quantity"] == "weight_cosine") & (measurements["layer"] == FIRST)]
    found = rows.set_index(["reference", "step"])["value"]
    found = found[~found.index.duplicated()].to_dict()
    return {
        name: float(found.get((round(first * total_steps), round(second * total_steps)), np.nan))
        for name, (first, second) in PAIRS.items()
    }


def filter_quantities(cosines: pd.DataFrame) -> dict[tuple[str, str], Estimate]:
    """Means over runs. cosines: one row per CNN run with architecture, experiment, seed and the columns of PAIRS."""
    table = cosines.assign(one=1)
    deep = table[table["architecture"] == "cnn_deep"]
    return {
        ("C16", name + suffix): within(ratio(part, name), -1.0, 1.0)
        for suffix, part in (("", deep), ("_all_cnn", table))
        for name in PAIRS
    }
