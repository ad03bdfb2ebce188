"""A method tried where the truth is known: what it found, what it should have found, and how far off it may be."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from repdyn.errors import StudyError


class Trial(NamedTuple):
    """system: what was measured; quantity: what of it. estimates, nulls: one per independent draw. The null is the same
    method where there is nothing to find; a null_truth of NaN says that it must be "not evaluable" there."""

    system: str
    quantity: str
    truth: float
    tolerance: float
    estimates: Sequence[float]
    null_system: str
    null_truth: float
    null_tolerance: float
    nulls: Sequence[float]


def attempted(method: Callable[..., Any], *arguments: Any) -> float:
    """A method's answer as a number; NaN, not evaluable, where it refuses with a StudyError."""
    try:
        return float(method(*arguments))
    except StudyError:
        return float("nan")


def within(found: float, truth: float, tolerance: float) -> bool:
    """Whether a number is what it should be: within the tolerance, or NaN where the truth is NaN."""
    if np.isnan(truth):
        return bool(np.isnan(found))
    return bool(abs(found - truth) <= tolerance)
