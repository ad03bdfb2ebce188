"""False-discovery control over many tests."""

import numpy as np

from repdyn.errors import StudyError


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Adjusted p values (Benjamini & Hochberg 1995): (n,) -> (n,); reject where <= alpha for a FDR of alpha.

    NaN (a test that was not evaluable) stays NaN and does not count as a test. Raises StudyError outside [0,
    1].
    """
    p = np.asarray(p, dtype=np.float64)
    tested = ~np.isnan(p)
    if p.ndim != 1 or ((p[tested] < 0) | (p[tested] > 1)).any():
        raise StudyError("p values must be a vector of numbers between 0 and 1 (or NaN)")
    adjusted = np.full(len(p), np.nan)
    order = np.flatnonzero(tested)[np.argsort(p[tested], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1)
    return adjusted
