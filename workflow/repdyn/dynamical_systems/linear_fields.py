"""The linear vector field that carries a series on: how it shrinks volumes, and how much of it turns."""

import numpy as np

from repdyn.dynamical_systems.modes import SUPPORTED, as_trials
from repdyn.errors import StudyError


def linear_field(series: np.ndarray, dt: float) -> np.ndarray:
    """A (d, d) of dx/dt = A (x - c) from a series (T, d) or (trials, T, d): the logarithm of the map of a step.

    Exact for linear systems, whatever dt, below the Nyquist frequency. StudyError where the series does not span its
    dimensions, or the map has no real logarithm: dt is then too long, or the system is not a field's.
    """
    from scipy.linalg import logm

    trials = as_trials(series)
    d = trials.shape[2]
    before, after = (part.reshape(-1, d) for part in (trials[:, :-1], trials[:, 1:]))
    values = np.linalg.svd(before - before.mean(0), compute_uv=False)
    if len(values) < d or not values[-1] > SUPPORTED * values[0]:
        raise StudyError(f"{len(before)} pairs of states do not span their {d} dimensions")
    step = np.linalg.lstsq(before - before.mean(0), after - after.mean(0), rcond=None)[0].T
    eigenvalues = np.linalg.eigvals(step)
    if (np.isreal(eigenvalues) & (eigenvalues.real <= 0)).any():
        raise StudyError("the map of one time step to the next has no real logarithm: its states change sign at once")
    return np.real(logm(step)) / dt


def divergence_of(field: np.ndarray) -> float:
    """Rate at which a linear field A (d, d) makes volumes grow: its trace, the sum of its Lyapunov exponents."""
    return float(np.trace(field))


def turning_share(field: np.ndarray, covariance: np.ndarray) -> float:
    """Share of a linear field A (d, d), of states with this covariance, that turns without change of length, 0 to 1.

    |antisymmetric part|^2 / |A|^2 in whitened coordinates: 1 for an oscillator without friction, however it is scaled, 0
    for a gradient. NaN for a field of zeros. StudyError for a covariance without an inverse.
    """
    values, vectors = np.linalg.eigh(covariance)
    if not values[0] > 1e-12 * values[-1]:
        raise StudyError("the covariance of the states has no inverse: take fewer dimensions")
    root = vectors * np.sqrt(values) @ vectors.T
    whitened = np.linalg.solve(root, field @ root)
    total = (whitened**2).sum()
    return float((((whitened - whitened.T) / 2) ** 2).sum() / total) if total else float("nan")
