"""Phases of a learning curve: where it changes from one measurement to the next by more than its own increments allow.

A curve that slows down or speeds up smoothly has no phases, however steep it is; piecewise models cut it into pieces all the
same. The null is in steps: increments between evenly spaced measurements are a smooth trend plus a local scale times an
autoregression, which holds white noise around any smooth curve, a random walk, and noise that shrinks with the loss. It
is the null, and the test, of `detectors.levelshift`, at every measurement of the training rather than at a few
checkpoints, between which increments are as unequal as the gaps.
"""

from typing import NamedTuple

import numpy as np

from repdyn.detectors.checks import MINIMUM, evaluable
from repdyn.detectors.levelshift import find_shifts
from repdyn.errors import StudyError

EDGE = 3  # measurements within which a planted step counts as found
SURROGATES = 299
ALPHA = 0.05
LEAST = 0.05  # size of a change, as a share of the range of the curve


class Phases(NamedTuple):
    """before: indices (k,) of the last measurement before each change, ascending. p: of the largest change, familywise over
    the curve; 1 where none comes near ALPHA, NaN if not evaluable. A change that takes several measurements may be found as
    two, or, where it takes many, not at all: then it is smooth."""

    before: np.ndarray
    p: float


def change_points(times: np.ndarray, values: np.ndarray, rng: np.random.Generator) -> Phases:
    """Change points of a curve at familywise level ALPHA: times (n,) evenly spaced, values (n,).

    Of positive values a change has to be one of their logarithm too: noise in proportion to a loss that falls is largest at
    the very start, where no scale can be told from a change, and is the same everywhere on that scale.
    Not evaluable (p NaN) with fewer than MINIMUM measurements, for a constant curve, and where values are missing. Raises
    StudyError for times that are not ascending, or not evenly spaced: between checkpoints with unequal gaps there is no null
    in steps, and a smooth curve would have phases where a gap grows.
    """
    times, values = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
    gaps = np.diff(times)
    if times.ndim != 1 or times.shape != values.shape or (gaps <= 0).any():
        raise StudyError(f"a curve needs values at ascending times, found shapes {times.shape} and {values.shape}")
    if len(gaps) and not np.allclose(gaps, gaps[0]):
        raise StudyError(f"phases need evenly spaced measurements, found gaps from {gaps.min():g} to {gaps.max():g}")
    if not evaluable(values[:, None], MINIMUM)[0]:
        return Phases(np.empty(0, dtype=np.int64), np.nan)
    shifts = find_shifts(values, ALPHA, SURROGATES, rng)
    kept = (shifts.p <= ALPHA) & (np.abs(shifts.size) >= LEAST * np.ptp(values))
    before, p = shifts.before[kept], shifts.p[kept]
    if len(before) and values.min() > 0:
        other = find_shifts(np.log(values), ALPHA, SURROGATES, rng)
        places = other.before[other.p <= ALPHA]
        there = np.array([(np.abs(places - place) <= EDGE).any() for place in before], dtype=bool)
        before, p = before[there], p[there]
    return Phases(np.sort(before), float(p.min(initial=1.0)))


def power(times: np.ndarray, values: np.ndarray, size: float, places: int, rng: np.random.Generator) -> float:
    """Share of `places` at random at which `change_points` finds a step of `size` planted into the curve, EDGE or closer.

    NaN where the curve is not evaluable.
    """
    if np.isnan(change_points(times, values, rng).p):
        return np.nan
    found = 0
    for place in rng.integers(len(times) // 8, len(times) - len(times) // 8, places):
        planted = values + size * (np.arange(len(times)) > place)
        found += bool((np.abs(change_points(times, planted, rng).before - place) <= EDGE).any())
    return found / places
