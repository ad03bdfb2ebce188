"""False-discovery control over many tests."""

import numpy as np

from repdyn.errors import StudyError


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Adjusted p values (Benjamini & Hochberg 1995): (n,) -> (n,); reject where <= alpha for a FDR of alpha.

    NaN (a test that was not evaluable) stays NaN and does not count as a test. Raises StudyError outside [0,
    1].
    """
    from scipy.stats import false_discovery_control

    p = np.asarray(p, dtype=np.float64)
    tested = ~np.isnan(p)
    if p.ndim != 1 or ((p[tested] < 0) | (p[tested] > 1)).any():
        raise StudyError("p values must be a vector of numbers between 0 and 1 (or NaN)")
    adjusted = np.full(len(p), np.nan)
    if tested.any():
        adjusted[tested] = false_discovery_control(p[tested])
    return adjusted
