"""The default detector: level shifts against a null fitted to the series itself.

The increments are modelled as smooth trend + local scale * autoregression (`surrogates.IncrementModel`).
Under that model a level shift of size w at t adds w / scale * ar_k to innovation t + k, and the matched
filter of that signature is the likelihood-ratio statistic of a level shift (Tsay 1988; Chen & Liu 1993). One
statistic serves white noise of the level (where it compares means before and after), autocorrelated noise and
random walks (where it is the increment itself). Its threshold is not taken from a table: the same statistic,
trend, scale and autoregression re-estimated, is computed on surrogates of the fitted model, and the largest
over the series is compared with theirs.
"""

from typing import NamedTuple

import numpy as np

from repdyn.detectors.checks import evaluable, searchable, unrounded
from repdyn.detectors.fast_change import smooth_alternative
from repdyn.errors import StudyError
from repdyn.statistics.fdr import benjamini_hochberg
from repdyn.timeseries.single_steps import MINIMUM_EFFECT
from repdyn.timeseries.surrogates import (
    MEDIAN_MOMENT,
    IncrementModel,
    draw_increments,
    fit_increments,
    moving_mean,
    tail_weight,
    whiten,
)  # fmt: skip

Array = np.ndarray
Generator = np.random.Generator

SURROGATES = 1000
CLEAN = 6.0  # |statistic| from which a shift is taken out before trend, scale and spectrum are fitted
SEPARATION = 3  # measurements within which the larger of two candidates stands for both
LIMIT = 100  # jumps looked for in one series
ALIKE = 4  # places within a quarter of the distance to the nearer end are alike
SCREEN = 200  # surrogates after which a series without a candidate near alpha is given up


class Shifts(NamedTuple):
    """Candidate level shifts of one series, by index.

    before (K,) last measurement before each shift, size (K,) signed, in units of the series, statistic (K,),
    p (K,) familywise over the series (never below 1 / (surrogates + 1)).
    """

    before: Array
    size: Array
    statistic: Array
    p: Array


NO_SHIFTS = Shifts(np.empty(0, dtype=np.int64), *np.empty((3, 0)))


def detect(values: Array, alpha: float, surrogates: int = SURROGATES, rng: Generator | None = None) -> Array:
    """Level shifts of one series at familywise error `alpha`: values (T,) -> indices (K,).

    alpha: chance of any jump in a series without one (0.05: about 0.15 false positives per 1,000 points).
    rng: source of the surrogates, by default a fixed seed, so that a series has one answer.
    """
    shifts = find_shifts(values, alpha, surrogates, rng)
    return np.sort(shifts.before[shifts.p <= alpha])


def search_layers(
    values: Array, alpha: float, surrogates: int = SURROGATES, rng: Generator | None = None
) -> list[Shifts]:
    """Significant level shifts of many layers, corrected for their number: values (T, L) -> L `Shifts`, by index.

    Layers are selected by Benjamini-Hochberg on their smallest p, and a selected layer is searched at alpha *
    selected / evaluable layers (Benjamini & Bogomolov 2014): the expected share of false jumps, averaged over
    the selected layers, is at most alpha. Raises StudyError if there are too few surrogates to reach alpha /
    L.
    """
    values = np.asarray(values, dtype=np.float64)
    layers = np.flatnonzero(evaluable(values))
    if len(layers) > alpha * (surrogates + 1):
        raise StudyError(f"{len(layers)} layers at alpha {alpha} need {int(len(layers) / alpha)} surrogates")
    shifts = {i: find_shifts(values[:, i], alpha, surrogates, rng) for i in layers}
    smallest = np.array([shifts[i].p.min(initial=1.0) for i in layers])
    selected = benjamini_hochberg(smallest) <= alpha
    level = alpha * selected.sum() / max(len(layers), 1)
    found = [NO_SHIFTS] * values.shape[1]
    for i in layers[selected]:
        order = np.argsort(shifts[i].before)
        order = order[shifts[i].p[order] <= level]
        found[i] = Shifts(*(column[order] for column in shifts[i]))
    return found


def find_shifts(values: Array, alpha: float, surrogates: int = SURROGATES, rng: Generator | None = None) -> Shifts:
    """All candidates up to familywise p = alpha, largest first, each tested with the larger ones taken out.

    A candidate must reach MINIMUM_EFFECT of the range of the series and the size of the smooth change at its
    place: what merely continues a steep curve is not a jump. Empty if the series is not evaluable.
    """
    values = searchable(values)
    if values is None:
        return NO_SHIFTS
    rng = np.random.default_rng(0) if rng is None else rng
    values = unrounded(values, rng)
    increments = np.diff(values)[None]
    model, cleaned = fit_without_shifts(increments)
    freedom = innovation_tail(increments, cleaned, model)
    u = (increments - model.trend) / model.scale
    smallest = np.maximum(MINIMUM_EFFECT * np.ptp(values), np.abs(model.trend[0]))
    null = null_statistic(draw_increments(model, freedom, rng, min(SCREEN, surrogates)))
    unit, largest = null_maxima(null)
    size, statistic = matched_filter(u, model)
    score = np.where(np.abs(size * model.scale) < smallest, 0, np.abs(statistic) / unit)
    # Were the p value alpha, more than 4 alpha of SCREEN surrogates would practically never reach the candidate.
    if (largest >= score.max()).mean() > 4 * alpha:
        return NO_SHIFTS
    if surrogates > SCREEN:
        more = null_statistic(draw_increments(model, freedom, rng, surrogates - SCREEN))
        unit, largest = null_maxima(np.concatenate([null, more]))
    found = []
    open_ = np.ones(u.shape[1], dtype=bool)
    for _ in range(LIMIT):
        size, statistic = matched_filter(u, model)
        score = np.abs(statistic[0]) / unit
        score[~open_ | (np.abs(size[0] * model.scale[0]) < smallest)] = 0
        at = int(score.argmax())
        p = (1 + surrogates - np.searchsorted(largest, score[at])) / (surrogates + 1)
        if p > alpha:
            break
        smooth = smooth_alternative(u, at, model)
        if smooth is None:
            found.append((at, size[0, at] * model.scale[0, at], score[at], p))
            u[0, at] -= size[0, at]
        else:
            u[0] -= smooth
        open_[max(0, at - SEPARATION) : at + SEPARATION + 1] = False
    before, *rest = np.array(found).reshape(-1, 4).T
    return Shifts(before.astype(np.int64), *rest)


def matched_filter(u: Array, model: IncrementModel) -> tuple[Array, Array]:
    """Least-squares size (in units of u) of a level shift at every increment, and its z: (S, n) twice."""
    e = whiten(u, model.ar)
    matched, power = e.copy(), np.ones_like(e)
    for k in range(1, model.ar.shape[1]):
        matched[:, :-k] += model.ar[:, k : k + 1] * e[:, k:]
        power[:, :-k] += model.ar[:, k : k + 1] ** 2
    return matched / power, matched / np.sqrt(model.variance[:, None] * power)


def fit_without_shifts(increments: Array) -> tuple[IncrementModel, Array]:
    """`fit_increments` of (S, n), repeated without the clear shifts (|z| > CLEAN, locally largest).

    Returns the model and the increments without those shifts (S, n). A large shift inflates scale and spectrum and hides
    the smaller ones. CLEAN is above what series without shifts reach: taking out their largest values would raise z of what
    is taken out, and with it the threshold.
    """
    model = fit_increments(increments)
    size, z = matched_filter((increments - model.trend) / model.scale, model)
    z = np.abs(z)
    padded = np.pad(z, ((0, 0), (SEPARATION, SEPARATION)))
    highest = np.max([padded[:, i : i + z.shape[1]] for i in range(2 * SEPARATION + 1)], axis=0)
    clear = (z > CLEAN) & (z >= highest)
    cleaned = np.where(clear, increments - size * model.scale, increments)
    again = clear.any(axis=1)
    if again.any():
        better = fit_increments(cleaned[again])
        model = IncrementModel(*(_replaced(old, again, new) for old, new in zip(model, better, strict=True)))
    return model, cleaned


def _replaced(old: Array, rows: Array, new: Array) -> Array:
    old = old.copy()
    old[rows] = new
    return old


def innovation_tail(increments: Array, cleaned: Array, model: IncrementModel) -> float:
    """`tail_weight` of the innovations of (1, n), each clear shift counted once, at its own increment.

    Left in, a shift would leave its signature in ORDER + 1 innovations and pass for a heavy tail; left out
    altogether, a heavy tail would pass for shifts.
    """
    e = whiten((cleaned - model.trend) / model.scale, model.ar)[0]
    with_shifts = whiten((increments - model.trend) / model.scale, model.ar)[0]
    return tail_weight(np.where(cleaned[0] != increments[0], with_shifts, e))


def null_statistic(increments: Array) -> Array:
    """The statistic at every increment of series without shifts, everything re-estimated: (S, n) -> z (S, n)."""
    model, _ = fit_without_shifts(increments)
    return matched_filter((increments - model.trend) / model.scale, model)[1]


def null_maxima(z: Array) -> tuple[Array, Array]:
    """`null_statistic` (S, n) -> its scale at every increment (n,), and the largest standardised |value| of each
    surrogate, ascending (S,).

    The scale is taken place by place because at the ends less is seen of a shift, of the trend and of the noise. It is
    that of the median, which a surrogate's own largest value does not move, averaged over places that are alike.
    """
    n = z.shape[1]
    median = np.median(np.abs(z), axis=0) / MEDIAN_MOMENT
    at = np.arange(n)
    unit = np.maximum(moving_mean(median[None], at, np.minimum(at, n - 1 - at) // ALIKE)[0], 1e-9)
    return unit, np.sort(np.abs(z / unit).max(axis=1))
