"""A passive cable, sealed at its ends, with current put in anywhere: an electrode, or light on channels."""

import numpy as np
from scipy.linalg import solve_banded

from repdyn.biophysics.checks import require_positive
from repdyn.errors import StudyError


def cable_voltage(current: np.ndarray, length: float) -> np.ndarray:
    """Steady voltage (n,) at n points, end to end, of a cable of `length` length constants under currents (n,) put in.

    V'' = V - I, ends sealed (V' = 0), in second differences; I is in units in which a half-infinite cable answers to 1 at
    its end with a voltage of 1. Rall 1962; Koch 1999, chapter 2. A cable's stimulus is a current here, whatever makes it.
    StudyError for fewer than three points, a length that is not above 0, and points so far apart that they do not meet
    (more than one length constant).
    """
    current = np.asarray(current, dtype=np.float64)
    require_positive(length=length)
    if current.ndim != 1 or len(current) < 3 or not np.isfinite(current).all():
        raise StudyError(f"finite currents at three points of a cable or more are needed, found shape {current.shape}")
    gap = length / (len(current) - 1)
    if gap > 1:
        raise StudyError(f"points {gap:.2g} length constants apart do not meet; at least {int(length) + 2} are needed")
    # A point stands for the membrane half way to its neighbours: half as much at the ends.
    membrane = np.full(len(current), gap)
    membrane[[0, -1]] /= 2
    joined = np.full(len(current), 2 / gap)
    joined[[0, -1]] /= 2
    bands = np.zeros((3, len(current)))
    bands[0, 1:] = bands[2, :-1] = -1 / gap
    bands[1] = membrane + joined
    return solve_banded((1, 1), bands, current)


def sealed_decay(x: np.ndarray | float, length: float) -> np.ndarray:
    """V(x) / V(0) of a sealed cable into whose end at 0 a current flows: cosh(length - x) / cosh(length)."""
    require_positive(length=length)
    return np.cosh(length - np.asarray(x, dtype=np.float64)) / np.cosh(length)
