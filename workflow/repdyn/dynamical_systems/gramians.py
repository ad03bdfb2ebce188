"""What inputs can reach and outputs can see of a linear map x' = A x + B u, y = C x."""

import numpy as np

from repdyn.errors import StudyError

REACHED = 1e-10  # of the largest eigenvalue of a Gramian: below it a direction is not reached


def controllability(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Gramian (d, d) of A (d, d) stable and B (d, m): the sum over t of A^t B B' A'^t.

    Solves W = A W A' + B B' (Kailath 1980, section 6.2). StudyError for a map that is not square or not stable: the sum
    does not end there.
    """
    from scipy.linalg import solve_discrete_lyapunov

    a, b = (np.asarray(each, dtype=np.float64) for each in (a, b))
    if a.ndim != 2 or b.ndim != 2 or a.shape != (len(b), len(b)) or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise StudyError(f"a Gramian takes finite A (d, d) and B (d, m), found {a.shape} and {b.shape}")
    radius = np.abs(np.linalg.eigvals(a)).max()
    if not radius < 1:
        raise StudyError(f"a Gramian needs a stable map; the largest modulus of its eigenvalues is {radius:.4g}")
    return solve_discrete_lyapunov(a, b @ b.T)


def observability(a: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Gramian (d, d) of A (d, d) stable and C (p, d), the sum over t of A'^t C' C A^t: controllability of the transposes."""
    return controllability(np.asarray(a).T, np.asarray(c).T)


def reached(gramian: np.ndarray) -> int:
    """How many directions of a Gramian (d, d) are reached: its rank to REACHED of the largest eigenvalue."""
    values = np.linalg.eigvalsh(gramian)
    return int((values > REACHED * max(values.max(), np.finfo(float).tiny)).sum())


def minimum_energy(gramian: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The least sum of squared inputs that brings the state from 0 to each of (n, d): x' W^-1 x, (n,); infinite where
    a target has a part, beyond 1e-6 of its length, that no input reaches."""
    values, vectors = np.linalg.eigh(gramian)
    parts = np.atleast_2d(targets) @ vectors
    known = values > REACHED * max(values.max(), np.finfo(float).tiny)
    energy = (parts[:, known] ** 2 / values[known]).sum(1)
    missed = np.linalg.norm(parts[:, ~known], axis=1) > 1e-6 * np.linalg.norm(parts, axis=1)
    return np.where(missed, np.inf, energy)


def time_scales(jacobian: np.ndarray, dt: float = 1.0) -> np.ndarray:
    """Time (d,) in which the modes of a map with this Jacobian (d, d) fall to 1 / e, slowest first: -dt / ln |eigenvalue|.

    Infinite for modes that do not fall, 0 for those gone in a step. Of a gated network the Jacobian is that of the whole
    cell, gates included: the recurrent weights alone give other times. StudyError for a Jacobian that is not square.
    """
    jacobian = np.asarray(jacobian, dtype=np.float64)
    if jacobian.ndim != 2 or jacobian.shape[0] != jacobian.shape[1] or not np.isfinite(jacobian).all():
        raise StudyError(f"time scales take a finite, square Jacobian, found shape {jacobian.shape}")
    moduli = np.sort(np.abs(np.linalg.eigvals(jacobian)))[::-1]
    times = np.full(len(moduli), np.inf)
    falling = moduli < 1
    with np.errstate(divide="ignore"):
        times[falling] = -dt / np.log(moduli[falling])
    return times
