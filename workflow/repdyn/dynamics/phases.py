"""Phases of a learning curve: where it departs from every smooth decay.

A curve that slows down smoothly has no phases, however steep its start; piecewise models cut it into pieces all the same.
The null is therefore a mixture of exponentials with a linear trend: by Bernstein's theorem such mixtures are all completely
monotone curves, power laws and stretched exponentials among them. A change point adds a step and a change of slope there
(segmented regression). How much of the squared residual that takes away is compared with curves drawn from the smooth fit
with a random walk around it. White noise would be the easier null: it looks less like steps than a walk does.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

from repdyn.errors import StudyError

MINIMUM = 12  # measurements
EDGE = 3  # measurements on each side of a change
SCALES = 24  # time constants, in equal ratios
DRAWS = 199  # of curves with a random walk
ALPHA = 0.05
LEAST = 0.01  # root mean square of a change, as a share of the range of the curve
MOST = 3  # change points


class Phases(NamedTuple):
    """before: indices (k,) of the last measurement before each change, ascending. p: of the first test, whether there is any
    change; NaN if not evaluable. smooth (n,): the smooth fit without changes. noise: standard deviation around the fit with
    those that were found. A change that takes several measurements may be found as two."""

    before: np.ndarray
    p: float
    smooth: np.ndarray
    noise: float


class Fit(NamedTuple):
    fitted: np.ndarray
    columns: np.ndarray


def change_points(times: np.ndarray, values: np.ndarray, rng: np.random.Generator) -> Phases:
    """Change points of a curve: times (n,) ascending, values (n,) finite; tested one after the other, at most MOST.

    Not evaluable (p NaN) with fewer than MINIMUM measurements, for a constant curve, and where values are missing. The first
    test has the level ALPHA; later ones are made only where the one before was passed.
    """
    times, values = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if times.ndim != 1 or times.shape != values.shape or (np.diff(times) <= 0).any():
        raise StudyError(f"a curve needs values at ascending times, found shapes {times.shape} and {values.shape}")
    nothing = np.empty(0, dtype=np.int64)
    if len(times) < MINIMUM or not np.isfinite(values).all() or np.ptp(values) == 0:
        return Phases(nothing, np.nan, np.full(values.shape, np.nan), np.nan)
    low, scale = values.min(), np.ptp(values)
    values = (values - low) / scale
    basis = smooth_basis(times)
    changes = change_basis(times)
    found: list[int] = []
    first = np.nan
    for _ in range(MOST):
        search = _search(basis, values, changes, found)
        p = _p_value(search, values, basis, changes, found, rng)
        first = p if np.isnan(first) else first
        if p > ALPHA:
            break
        found.append(search.before)
    smooth = _smooth(basis, values, changes, [])
    whole = _smooth(basis, values, changes, found)
    noise = np.sqrt(((values - whole.fitted) ** 2).sum() / _freedom(whole))
    return Phases(np.sort(np.array(found, dtype=np.int64)), first, low + scale * smooth.fitted, float(scale * noise))


def power(times: np.ndarray, phases: Phases, size: float, draws: int, rng: np.random.Generator) -> float:
    """Share of curves in which `change_points` finds a step of `size` planted in the middle measurement, EDGE or closer.

    The curves are the smooth fit of `phases` with white noise of its standard deviation. NaN if that was not evaluable.
    """
    if np.isnan(phases.p):
        return np.nan
    middle = len(times) // 2
    step = size * (np.arange(len(times)) > middle)
    found = 0
    for _ in range(draws):
        curve = phases.smooth + step + phases.noise * rng.standard_normal(len(times))
        found += bool((np.abs(change_points(times, curve, rng).before - middle) <= EDGE).any())
    return found / draws


def smooth_basis(times: np.ndarray) -> np.ndarray:
    """Columns of the smooth decays at times (n,): a level and a slope, whose weights are free, and exponentials from the
    shortest gap to twice the whole span, whose weights have one sign."""
    elapsed = times - times[0]
    scales = np.geomspace(np.diff(times).min() / 2, 2 * elapsed[-1], SCALES)
    free = np.column_stack([np.ones(len(times)), elapsed / elapsed[-1]])
    return np.column_stack([free, np.exp(-elapsed[:, None] / scales)])


def change_basis(times: np.ndarray) -> np.ndarray:
    """A step and a change of slope after each measurement that has EDGE on each side: (n - 2 EDGE + 1, n, 2)."""
    before = np.arange(EDGE - 1, len(times) - EDGE)
    after = np.arange(len(times)) > before[:, None]
    ramp = np.where(after, times - times[before][:, None], 0) / (times[-1] - times[0])
    return np.stack([after.astype(np.float64), ramp], axis=-1)


def _smooth(basis: np.ndarray, values: np.ndarray, changes: np.ndarray, found: list[int]) -> Fit:
    """The better fit of a fall and of a rise; the changes found so far are free. Its columns span what it can follow."""
    free = np.column_stack([basis[:, :2], *(changes[index - EDGE + 1] for index in found)])
    # What is free is taken out first: as columns of either sign it would make the search for weights go round in circles.
    q, r = np.linalg.qr(free)
    known = q[:, np.abs(np.diag(r)) > 1e-9]
    rest = basis[:, 2:] - known @ (known.T @ basis[:, 2:])
    length = np.linalg.norm(rest, axis=0)
    rest = rest[:, length > 1e-4] / length[length > 1e-4]
    level = known @ (known.T @ values)
    fits = []
    for sign in (1, -1):
        weights, _ = nnls(rest, sign * (values - level), maxiter=100 * rest.shape[1])
        fits.append(Fit(level + sign * (rest @ weights), np.column_stack([known, rest[:, weights > 0]])))
    return min(fits, key=lambda fit: ((values - fit.fitted) ** 2).sum())


class Search(NamedTuple):
    """The best next change: statistic, its place, the fit without it, and what two more changes leave (n,)."""

    statistic: float
    before: int
    fit: Fit
    left: np.ndarray


def _search(basis: np.ndarray, values: np.ndarray, changes: np.ndarray, found: list[int]) -> Search:
    """Squared residual that the best change takes away over what a second leaves: else two changes would hide each other."""
    fit = _smooth(basis, values, changes, found)
    gain, before, left = _best(values - fit.fitted, fit.columns, changes, found)
    if gain < LEAST**2 * len(values) * np.ptp(values) ** 2:
        return Search(0.0, before, fit, left)
    both = _smooth(basis, values, changes, [*found, before])
    _, _, left = _best(values - both.fitted, both.columns, changes, [*found, before])
    return Search(float(gain / max((left**2).sum(), 1e-12)), before, fit, left)


def _best(residual: np.ndarray, columns: np.ndarray, changes: np.ndarray, found: list[int]):
    """Squared residual that the best change takes away, the index before it, and what it leaves (n,).

    A change within EDGE of one that was found does not count.
    """
    u, singular, _ = np.linalg.svd(columns, full_matrices=False)
    known = u[:, singular > 1e-8 * singular[0]]
    new = changes - known @ (known.T @ changes)
    step = _unit(new[..., 0], changes[..., 0])
    ramp = _unit(new[..., 1] - step * (step * new[..., 1]).sum(1, keepdims=True), changes[..., 1])
    along = np.column_stack([step @ residual, ramp @ residual])
    gain = (along**2).sum(1)
    index = np.arange(len(changes)) + EDGE - 1
    for other in found:
        gain[np.abs(index - other) < EDGE] = 0
    best = int(gain.argmax())
    left = residual - (along[best, 0] * step[best] + along[best, 1] * ramp[best] if gain[best] > 0 else 0)
    return float(gain[best]), int(index[best]), left


def _unit(rows: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Rows of length 1; 0 where next to nothing of them was left."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    kept = length > 1e-6 * np.linalg.norm(before, axis=1, keepdims=True)
    return np.where(kept, rows / np.where(kept, length, 1), 0)


def _p_value(search: Search, values, basis, changes, found, rng: np.random.Generator) -> float:
    """Share of the smooth curves with a random walk around them whose best change does as well.

    Far above ALPHA it is a lower bound, itself above ALPHA.
    """
    if search.statistic == 0:
        return 1.0
    walks = np.cumsum(np.diff(search.left).std() * rng.standard_normal((DRAWS, len(values))), axis=1)
    reached = 0
    for curve in search.fit.fitted + walks:
        reached += _search(basis, curve, changes, found).statistic >= search.statistic
        # Whatever the rest do, p is far above ALPHA: this much of it is enough to know.
        if reached > 4 * ALPHA * DRAWS:
            break
    return (1 + reached) / (1 + DRAWS)


def _freedom(fit: Fit) -> int:
    return max(len(fit.fitted) - np.linalg.matrix_rank(fit.columns), 1)
