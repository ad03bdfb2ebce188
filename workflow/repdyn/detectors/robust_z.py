"""Robust z-scores of the differences: median and MAD instead of mean and standard deviation."""

import numpy as np

from repdyn.detectors.checks import NONE, searchable


def detect(values: np.ndarray, threshold: float = 3.5) -> np.ndarray:
    """Indices where |difference - median| exceeds `threshold` * 1.4826 MAD: values (T,) -> (K,).

    Threshold of Iglewicz & Hoaglin (1993). A series of which more than half the differences are equal has MAD
    0 and no scale to measure against: no indices.
    """
    values = searchable(values)
    if values is None:
        return NONE
    away = np.abs(np.diff(values) - np.median(np.diff(values)))
    scale = 1.482602218505602 * np.median(away)
    return np.flatnonzero(away > threshold * scale) if scale > 0 else NONE
