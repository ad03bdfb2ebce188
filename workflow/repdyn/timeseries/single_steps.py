"""What a jump is: a change of a layer that happens within one training step.

Between two measurements lie several training steps, and a fast smooth change looks like a jump there. So the interval of
a candidate, and NEIGHBOURHOOD steps on both sides, are measured at every step. With d the changes of single steps, m the
median d of the neighbourhood (the smooth change at that place) and s the step of the interval at which d - m is largest
in the direction of the candidate, the candidate is a jump if

- d_s - m is at least SHARE of what the interval changes beyond m per step (five equal steps have a share of 0.2, a
  discontinuity of 1),
- d_s - m is at least MINIMUM_EFFECT of the range of the series, and
- |d_s - m| is at least STANDS_OUT times the largest |d - m| of the neighbourhood.

Every other candidate is a fast smooth change.
"""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError

NEIGHBOURHOOD = 10  # training steps on each side of the interval
SHARE = 0.5
MINIMUM_EFFECT = 0.01  # smallest jump, as a share of the range of the series
STANDS_OUT = 2.0


class SingleStep(NamedTuple):
    """The largest single step of an interval.

    step: training step after which it is first seen. change: signed, in units of the series. share: of the change of the
    interval, both beyond the smooth change; NaN where the interval changes in the other direction or not at all.
    beside: |change| over the largest of the neighbourhood, infinite where nothing else changes. jump: whether it is one.
    """

    step: int
    change: float
    share: float
    beside: float
    jump: bool


def single_step(steps: np.ndarray, values: np.ndarray, before: int, after: int, extent: float) -> SingleStep:
    """The largest single step between the measurements at steps `before` and `after`.

    steps (K,): consecutive training steps that hold both; values (K,), finite; extent: range of the whole series. Raises
    StudyError for other steps.
    """
    steps, values = np.asarray(steps), np.asarray(values, dtype=np.float64)
    if (np.diff(steps) != 1).any() or len(values) != len(steps) or not np.isin([before, after], steps).all():
        raise StudyError(f"every step around {before}..{after} must be measured once, found {steps.tolist()}")
    change = np.diff(values)
    inside = (steps[:-1] >= before) & (steps[:-1] < after)
    smooth = float(np.median(change[~inside])) if (~inside).any() else 0.0
    beyond = change - smooth
    total = beyond[inside].sum()
    toward = beyond * np.sign(total)
    at = int(np.flatnonzero(inside)[toward[inside].argmax()])
    size = abs(beyond[at])
    share = size / abs(total) if total and toward[at] > 0 else np.nan
    rest = np.abs(beyond[~inside]).max(initial=0.0)
    beside = size / rest if rest else np.inf
    jump = bool(share >= SHARE and size >= MINIMUM_EFFECT * extent and beside >= STANDS_OUT)
    return SingleStep(int(steps[at + 1]), float(beyond[at]), float(share), float(beside), jump)


def steps_around(before: int, after: int, last: int) -> range:
    """The training steps at which a candidate is measured, within 0..last."""
    return range(max(before - NEIGHBOURHOOD, 0), min(after + NEIGHBOURHOOD, last) + 1)
