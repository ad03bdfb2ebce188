"""Does a series fall and rise again, beyond what a walk of its own noise does?

Nearly every noisy series has its minimum somewhere between its ends, so an interior minimum shows nothing. The null here
is any monotone drift, rising, falling or none, plus noise that may wander: a dip refutes both kinds of monotone drift. With
x = m + n, m never rising, the rise from any time to the end is at most that of the noise n alone, x_T - x_i <= n_T - n_i;
with m never falling, the fall from the start is, x_0 - x_i <= n_0 - n_i. So the largest rise and the largest fall of noise
without drift are the least favourable case of each, and a dip needs both to be exceeded (intersection-union test, Berger
1982): its p is the larger one. The noise is that of `timeseries.surrogates`: increments autoregressive around their trend,
with local scale and tails. Its long-run standard deviation is estimated too low where a trend was taken out, so both sizes
are divided by it, in each surrogate by that of a fit to the surrogate itself (bootstrap-t, Hall 1988). The cost is power:
noise that wanders gives large dips by itself, and a dip must be larger than those.
"""

from typing import NamedTuple

import numpy as np

from repdyn.timeseries.surrogates import IncrementModel, draw_increments, fit_increments, tail_weight, whiten


class Dip(NamedTuple):
    """The lowest value of a series (T,), the first of equal ones.

    at: its index. fall, rise: to it from the first value, and from it to the last, in units of the series. p: of the smaller
    of the two, one-sided, at least 1 / (surrogates + 1).
    """

    at: int
    fall: float
    rise: float
    p: float


def dip_test(values: np.ndarray, rng: np.random.Generator, surrogates: int = 199) -> Dip:
    """The dip of values (T,), finite and not constant. StudyError for fewer than 34 measurements."""
    values = np.asarray(values, dtype=np.float64)
    increments = np.diff(values)[None]
    model = fit_increments(increments)
    freedom = tail_weight(whiten((increments - model.trend) / model.scale, model.ar)[0])
    noise = draw_increments(model._replace(trend=np.zeros_like(model.trend)), freedom, rng, surrogates)
    walks = np.concatenate([np.zeros((surrogates, 1)), np.cumsum(noise, axis=1)], axis=1)
    sizes, unit = fall_and_rise(values[None]), spread(model)
    beyond = fall_and_rise(walks) / spread(fit_increments(noise)) >= sizes / unit
    p = (1 + beyond.sum(axis=1)) / (1 + surrogates)
    return Dip(int(values.argmin()), float(sizes[0, 0]), float(sizes[1, 0]), float(p.max()))


def fall_and_rise(values: np.ndarray) -> np.ndarray:
    """From the first value to the lowest, and from there to the last: (S, T) -> (2, S)."""
    return values[:, [0, -1]].T - values.min(axis=1)


def spread(model: IncrementModel) -> np.ndarray:
    """Standard deviation that the noise of a model gives the last value of a series: (S,)."""
    long_run = np.sqrt(model.variance) / model.ar.sum(axis=1)
    return long_run * np.sqrt(np.square(model.scale).sum(axis=1))
