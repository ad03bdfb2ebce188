"""The energy of a cloud of points, -ln of its density: a picture of where rows gather, in few dimensions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError

SHIFTS = 500  # steps of the descent, at most
SETTLED = 1e-4  # of the bandwidth: a shorter step has arrived
SAME = 1.0  # bandwidths within which two ends are one minimum


class Density(NamedTuple):
    """Normals of deviation `bandwidth` around centres (n, d)."""

    centres: np.ndarray
    bandwidth: float


class Minima(NamedTuple):
    """states (k, d), those that most starts came to first; starts (k,): the share of starts that did."""

    states: np.ndarray
    starts: np.ndarray


def density(fitted: np.ndarray, held_out: np.ndarray, bandwidths: Sequence[float]) -> Density:
    """The density around the rows fitted (n, d) whose bandwidth gives held-out rows (m, d) the highest likelihood.

    Silverman 1986, section 3.4.4, with rows of their own in the place of leaving one out. Of a series the rows held out
    must be another stretch of it, not neighbours in time. A bandwidth that is too large flattens barriers: of 2 that of
    .3 leaves about 1.3. StudyError for rows that do not fit, and where the best bandwidth is the smallest or the largest
    that was tried.
    """
    fitted, held_out = as_points(fitted), as_points(held_out)
    tried = sorted(bandwidths)
    if fitted.shape[1] != held_out.shape[1] or len(tried) < 3 or not tried[0] > 0:
        raise StudyError(
            f"rows of the same dimensions and three or more bandwidths above 0 are needed, found {fitted.shape},"
            f" {held_out.shape} and {tried}"
        )
    squares = _squares(held_out, fitted)
    likelihood = [-_energy(squares, each, fitted.shape[1]).mean() for each in tried]
    best = int(np.argmax(likelihood))
    if best in (0, len(tried) - 1):
        raise StudyError(
            f"the bandwidth of the highest held-out likelihood, {tried[best]:.3g}, is at the end of those tried,"
            f" {tried[0]:.3g} to {tried[-1]:.3g}: rows that repeat want none, few or scattered rows want more"
        )
    return Density(fitted, tried[best])


def energy(of: Density, at: np.ndarray) -> np.ndarray:
    """-ln density at points (m, d): (m,)."""
    return _energy(_squares(as_points(at), of.centres), of.bandwidth, of.centres.shape[1])


def gradient(of: Density, at: np.ndarray) -> np.ndarray:
    """Slope of the energy at points (m, d): (m, d), from the mean of the centres around each."""
    at = as_points(at)
    return (at - _shifted(of, at)) / of.bandwidth**2


def minima(of: Density, starts: np.ndarray) -> Minima:
    """Where descent of the energy from points (m, d) ends, each step to the mean of the centres around it.

    Mean shift (Comaniciu & Meer 2002), which never climbs. Ends within SAME bandwidths of another are one. A cloud has
    small minima in its tails, around single rows: the share of starts tells them from basins.
    """
    at = as_points(starts).copy()
    moving = np.arange(len(at))
    for _ in range(SHIFTS):
        new = _shifted(of, at[moving])
        far = np.abs(new - at[moving]).max(1) > SETTLED * of.bandwidth
        at[moving] = new
        moving = moving[far]
        if not len(moving):
            break
    # The deepest first, so that a minimum is named by its lowest end.
    at = at[np.argsort(energy(of, at), kind="stable")]
    states: list[np.ndarray] = []
    counts: list[int] = []
    for end in at:
        near = [i for i, state in enumerate(states) if np.linalg.norm(end - state) < SAME * of.bandwidth]
        if near:
            counts[near[0]] += 1
        else:
            states.append(end)
            counts.append(1)
    order = np.argsort(-np.array(counts), kind="stable")
    return Minima(np.array(states)[order], np.array(counts)[order] / len(at))


def as_points(rows: np.ndarray) -> np.ndarray:
    """Finite rows (n, d) as float64. StudyError for anything else."""
    rows = np.asarray(rows, dtype=np.float64)
    if rows.ndim != 2 or not len(rows) or not rows.shape[1] or not np.isfinite(rows).all():
        raise StudyError(f"finite points (n, d) are needed, found shape {rows.shape}")
    return rows


def _squares(at: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Squared distances (m, n)."""
    return np.maximum((at**2).sum(1)[:, None] + (centres**2).sum(1) - 2 * at @ centres.T, 0)


def _energy(squares: np.ndarray, bandwidth: float, d: int) -> np.ndarray:
    constant = np.log(squares.shape[1]) + d * np.log(np.sqrt(2 * np.pi) * bandwidth)
    nearest = squares.min(1)
    # Not scipy's logsumexp, which takes four times as long.
    weights = np.exp((nearest[:, None] - squares) / (2 * bandwidth**2)).sum(1)
    return constant + nearest / (2 * bandwidth**2) - np.log(weights)


def _shifted(of: Density, at: np.ndarray) -> np.ndarray:
    squares = _squares(at, of.centres)
    weight = np.exp((squares.min(1, keepdims=True) - squares) / (2 * of.bandwidth**2))
    return weight @ of.centres / weight.sum(1, keepdims=True)
