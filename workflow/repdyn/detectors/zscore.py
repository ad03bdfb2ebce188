"""The published detector: z-scores of a series' own differences. It has no null (D04)."""

import numpy as np

from repdyn.detectors.checks import NONE, searchable
from repdyn.timeseries.jumps import change_zscores


def detect(values: np.ndarray, threshold: float = 2.0) -> np.ndarray:
    """Indices where |z| of the first difference exceeds `threshold` (strictly): values (T,) -> (K,)."""
    values = searchable(values)
    if values is None:
        return NONE
    return np.flatnonzero(np.abs(change_zscores(values[:, None])[:, 0]) > threshold)
