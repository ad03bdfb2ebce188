"""Synapses that change with the times of spikes: by pairs for good, and for a moment by use."""

from typing import NamedTuple

import numpy as np

from repdyn.biophysics.checks import require_positive, trains
from repdyn.errors import StudyError


class PairRule(NamedTuple):
    """Changes of a weight for a pair of spikes at the same time, and times (ms) over which they fall: of growth where the
    presynaptic cell fires first, of shrinking where it fires last. Those of Song, Miller & Abbott 2000.
    """

    growth: float = 0.005
    shrinking: float = 0.00525
    growth_time: float = 20.0
    shrinking_time: float = 20.0


SONG = PairRule()


def window(delay: np.ndarray, rule: PairRule = SONG) -> np.ndarray:
    """Change of a weight by one pair, of the delay (ms) from the presynaptic to the postsynaptic spike; 0 of none."""
    delay = np.asarray(delay, dtype=np.float64)
    size = np.abs(delay)
    grown = rule.growth * np.exp(-size / rule.growth_time)
    return np.where(delay > 0, grown, np.where(delay < 0, -rule.shrinking * np.exp(-size / rule.shrinking_time), 0.0))


def drift(before: float, after: float, rule: PairRule = SONG) -> float:
    """Mean change of a weight per second between independent Poisson cells of these rates (Hz): Kempter 1999, equation 7."""
    area = rule.growth * rule.growth_time - rule.shrinking * rule.shrinking_time
    return before * after * area / 1000


def pair_changes(before: np.ndarray, after: np.ndarray, dt: float, rule: PairRule = SONG) -> np.ndarray:
    """Changes (n,) of n unbounded weights by all pairs of spikes before (steps, n) and after (steps, n) the synapse.

    Inside a step, first what shrinks, then what grows, then the traces of both rise: spikes in the same step are no pair.
    Counted as the presynaptic first, they made a cell of Song et al. fire five times faster. StudyError for trains of other
    shapes, times that are not above 0, and negative changes.
    """
    before, after = trains(before), trains(after)
    require_positive(dt=dt, growth_time=rule.growth_time, shrinking_time=rule.shrinking_time)
    if before.shape != after.shape or rule.growth < 0 or rule.shrinking < 0:
        raise StudyError(
            f"trains of one shape and changes of 0 or more are needed, found {before.shape}, {after.shape}, {rule}"
        )
    grow, shrink = np.exp(-dt / rule.growth_time), np.exp(-dt / rule.shrinking_time)
    trace, counter, change = (np.zeros(before.shape[1]) for _ in range(3))
    for pre, post in zip(before, after, strict=True):
        trace, counter = trace * grow, counter * shrink
        change += rule.growth * post * trace - rule.shrinking * pre * counter
        trace, counter = trace + pre, counter + post
    return change


def efficacies(times: np.ndarray, use: float, recovery: float, facilitation: float) -> np.ndarray:
    """What each of the spikes at times (k,) ms, rising, releases: u R (k,), 1 is all.

    use: U, the share released by a rested synapse; recovery, facilitation: ms. Tsodyks & Markram 1997; Tsodyks, Pawelzik &
    Markram 1998, equations 1 and 2. StudyError for times that do not rise, and constants outside their range.
    """
    times = np.asarray(times, dtype=np.float64)
    require_positive(use=use, recovery=recovery, facilitation=facilitation)
    if use > 1 or times.ndim != 1 or not len(times) or not (np.diff(times) > 0).all():
        raise StudyError(
            f"a use of 1 or less and times of spikes that rise are needed, found {use:g} and {len(times)} times"
        )
    released = np.empty(len(times))
    level, store = use, 1.0
    for spike, gap in enumerate(np.diff(times, append=np.inf)):
        released[spike] = level * store
        store = 1 - (1 - store * (1 - level)) * np.exp(-gap / recovery)
        level = use + level * (1 - use) * np.exp(-gap / facilitation)
    return released


def steady_efficacy(rate: np.ndarray | float, use: float, recovery: float, facilitation: float) -> np.ndarray:
    """u R of a synapse that has been used at a rate (Hz, any shape) for long, in closed form."""
    require_positive(use=use, recovery=recovery, facilitation=facilitation)
    gap = 1000 / np.asarray(rate, dtype=np.float64)
    left, filled = np.exp(-gap / facilitation), 1 - np.exp(-gap / recovery)
    level = use / (1 - (1 - use) * left)
    return level * filled / (1 - (1 - level) * (1 - filled))
