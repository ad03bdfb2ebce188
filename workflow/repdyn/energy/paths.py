"""The path of least energy between two points of a landscape, and the barrier on it."""

from collections.abc import Callable

import numpy as np

from repdyn.energy.landscape import as_points
from repdyn.errors import StudyError

Field = Callable[[np.ndarray], np.ndarray]

SWEEPS = 4000  # at most
BENT = 0.05  # of the straight line: how far the first path is from it
SETTLED = 1e-3  # of the steepest slope at first: what may be left of it across the path


def lowest_path(gradient: Field, start: np.ndarray, end: np.ndarray, rate: float, images: int = 41) -> np.ndarray:
    """Points (images, d), evenly spaced, of the path of least energy from start (d,) to end (d,).

    The simplified string method (E, Ren & Vanden-Eijnden 2007, J. Chem. Phys. 126, 164103): every image descends by rate
    x gradient(points (m, d)), then all are spread evenly along the path; the ends descend too. It starts on the straight
    line, a little bent, that it can leave a line of symmetry; of several paths it finds one. StudyError where it does not
    converge: the rate is too high, or the landscape flat.
    """
    start, end = (np.asarray(each, dtype=np.float64) for each in (start, end))
    if start.ndim != 1 or start.shape != end.shape or np.array_equal(start, end) or images < 3 or not rate > 0:
        raise StudyError(
            f"a path has two different ends (d,), three or more images and a rate above 0; found ends {start.shape} and"
            f" {end.shape}, {images} images, rate {rate}"
        )
    along = np.linspace(0, 1, images)
    path = start + along[:, None] * (end - start) + BENT * np.sin(np.pi * along)[:, None] * _across(end - start)
    steepest = np.linalg.norm(gradient(path), axis=1).max()
    for _ in range(SWEEPS):
        with np.errstate(over="ignore", invalid="ignore"):
            moved = path - rate * gradient(path)
        if not np.isfinite(moved).all():
            raise StudyError(f"the path of least energy ran away: a rate of {rate} is too high for this landscape")
        moved = spread(moved)
        left = np.linalg.norm(moved - path, axis=1).max() / rate
        path = moved
        if left <= SETTLED * steepest:
            return path
    raise StudyError(
        f"the path of least energy has not converged in {SWEEPS} sweeps: a slope of {left:.2g} is left across it, of"
        f" {steepest:.2g} at first; take another rate than {rate}"
    )


def spread(path: np.ndarray) -> np.ndarray:
    """As many points (m, d) evenly spaced along the broken line through a path (m, d)."""
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    at = np.concatenate([[0], np.cumsum(steps)])
    even = np.linspace(0, at[-1], len(path))
    return np.stack([np.interp(even, at, column) for column in path.T], 1)


def length(path: np.ndarray) -> float:
    """Length of the broken line through points (m, d)."""
    return float(np.linalg.norm(np.diff(as_points(path), axis=0), axis=1).sum())


def barrier(energies: np.ndarray) -> tuple[float, float]:
    """How far a path of energies (m,) climbs from its first point, and from its last."""
    energies = np.asarray(energies, dtype=np.float64)
    if energies.ndim != 1 or len(energies) < 2 or not np.isfinite(energies).all():
        raise StudyError(f"finite energies (m,) along a path are needed, found {energies.shape}")
    return float(energies.max() - energies[0]), float(energies.max() - energies[-1])


def _across(line: np.ndarray) -> np.ndarray:
    """A direction at a right angle to a line (d,), as long; 0 in one dimension."""
    if len(line) == 1:
        return np.zeros(1)
    turned = np.zeros_like(line)
    i, j = np.argsort(-np.abs(line), kind="stable")[:2]
    turned[i], turned[j] = -line[j], line[i]
    return turned / max(np.linalg.norm(turned), 1e-300) * np.linalg.norm(line)
