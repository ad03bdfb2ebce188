"""A cell whose synapses compete for what makes it fire: Song, Miller & Abbott 2000, Nat. Neurosci. 3:919."""

from typing import NamedTuple

import numpy as np

from repdyn.biophysics.checks import require_positive
from repdyn.biophysics.plasticity import SONG, PairRule
from repdyn.errors import StudyError

EXCITATORY, INHIBITORY = 1000, 200  # synapses
INHIBITORY_RATE = 10.0  # Hz
REST, THRESHOLD, RESET, EXCITED = -70.0, -54.0, -60.0, 0.0  # mV; inhibition pulls to REST
MEMBRANE, OPEN = 20.0, 5.0  # ms
STRONGEST, INHIBITION = 0.015, 0.05  # of a synapse, in units of the leak
STEP = 1.0  # ms
BLOCK = 1000  # steps drawn at a time
SHARED = 20  # steps for which the rate of the first half of the synapses is up or down


class Competition(NamedTuple):
    """weights (1000,) at the end, as shares of the strongest; rates (blocks,) of the cell in Hz, second by second."""

    weights: np.ndarray
    rates: np.ndarray


def compete(
    rate: float,
    seconds: int,
    rng: np.random.Generator,
    rule: PairRule = SONG,
    together: float = 0.0,
    unheard: float | None = None,
) -> Competition:
    """A cell under Poisson spikes at `rate` Hz, its weights between 0 and the strongest changed by pairs of spikes.

    together: how far, as a share, the rates of the first half of the excitatory synapses go up and down together, for SHARED
    steps at a time. unheard: the null, in which the cell fires at this rate (Hz) whatever comes in, so that its synapses
    have nothing to compete for. The order of what happens within a step is that of `plasticity.pair_changes`. StudyError for
    rates and times that are not above 0, and a share outside 0 to 1.
    """
    require_positive(rate=rate, seconds=seconds)
    if not 0 <= together <= 1:
        raise StudyError(f"the share that goes up and down together is {together:g}; 0 to 1 is needed")
    grow, shrink = np.exp(-STEP / rule.growth_time), np.exp(-STEP / rule.shrinking_time)
    closing = np.exp(-STEP / OPEN)
    weights, traces = rng.uniform(0, 1, EXCITATORY), np.zeros(EXCITATORY)
    v, excitation, inhibition, counter = REST, 0.0, 0.0, 0.0
    rates = []
    for _ in range(int(seconds * 1000 / STEP / BLOCK)):
        chance = np.full((BLOCK, EXCITATORY), rate * STEP / 1000, dtype=np.float32)
        shared = rng.choice([-together, together], BLOCK // SHARED).repeat(SHARED)
        chance[:, : EXCITATORY // 2] *= 1 + shared[:, None]
        arrived = rng.random((BLOCK, EXCITATORY), dtype=np.float32) < chance
        places = np.split(arrived.nonzero()[1], np.cumsum(arrived.sum(1))[:-1])
        inhibited = INHIBITION * rng.binomial(INHIBITORY, INHIBITORY_RATE * STEP / 1000, BLOCK)
        chances = rng.random(BLOCK)
        fired = 0
        for step, now in enumerate(places):
            traces *= grow
            counter *= shrink
            excitation = excitation * closing + STRONGEST * weights[now].sum()
            inhibition = inhibition * closing + inhibited[step]
            total = 1 + excitation + inhibition
            target = (REST * (1 + inhibition) + EXCITED * excitation) / total
            v = target + (v - target) * np.exp(-STEP * total / MEMBRANE)
            weights[now] = np.maximum(weights[now] - rule.shrinking * counter, 0)
            if v >= THRESHOLD if unheard is None else chances[step] < unheard * STEP / 1000:
                np.minimum(weights + rule.growth * traces, 1, out=weights)
                v, counter, fired = RESET, counter + 1, fired + 1
            traces[now] += 1
        rates.append(fired * 1000 / (BLOCK * STEP))
    return Competition(weights, np.array(rates))


def at_the_ends(weights: np.ndarray) -> tuple[float, float]:
    """Shares of weights (n,) in the lowest and in the highest fifth of 0 to 1: .2 and .2 where they are even."""
    weights = np.asarray(weights, dtype=np.float64)
    return float((weights < 0.2).mean()), float((weights > 0.8).mean())
