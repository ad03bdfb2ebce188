"""How irreversible a stationary series is: the rate at which it produces entropy, in nats per unit of time."""

from typing import NamedTuple

import numpy as np

from repdyn.dynamical_systems.linear_fields import linear_field
from repdyn.dynamical_systems.modes import as_trials
from repdyn.errors import StudyError

SUPPORTED = 1e-9  # of the largest eigenvalue: below it a diffusion has no inverse
WINDOWS = 8  # of a half at the least, for the variance of a current


class Production(NamedTuple):
    """rate: of the linear model; bound: what the currents show at the least, without a model."""

    rate: float
    bound: float


def linear_production(field: np.ndarray, diffusion: np.ndarray) -> float:
    """Entropy production of dx/dt = A x + noise of diffusion D, from A (d, d) stable and D (d, d): tr(V' D^-1 V S).

    S is the stationary covariance, A S + S A' + 2 D = 0; V = A + D S^-1 turns the current velocity V x, 0 at equilibrium
    (Seifert 2012, Rep. Prog. Phys. 75, 126001, section 2; Godreche & Luck 2019). StudyError for a field that is not stable.
    """
    from scipy.linalg import solve_continuous_lyapunov

    field, diffusion = (np.asarray(each, dtype=np.float64) for each in (field, diffusion))
    if field.ndim != 2 or field.shape != diffusion.shape or not np.linalg.eigvals(field).real.max() < 0:
        raise StudyError(
            f"a stable field (d, d) and a diffusion (d, d) are needed, found {field.shape}, {diffusion.shape}"
        )
    covariance = solve_continuous_lyapunov(field, -2 * diffusion)
    velocity = field + diffusion @ np.linalg.inv(covariance)
    return float(np.trace(velocity.T @ np.linalg.solve(diffusion, velocity) @ covariance))


def entropy_production(series: np.ndarray, dt: float, window: int = 1) -> Production:
    """Entropy production of a stationary series (T, d) or (trials, T, d), sampled every dt.

    rate: `linear_production` with A from regression on the value before and D from A and the covariance; V of one half
    times V of the other, so that chance does not make it positive: about 0, on either side, at equilibrium. bound: the
    thermodynamic uncertainty relation, 2 <J>^2 / (var J x time), of the current J that serves best on one half, read on
    the other, both ways (Barato & Seifert 2015; Li 2019, Nat. Commun. 10, 1666); J are sums of x_i o dx_j over `window`
    steps, and of a linear diffusion the shortest window bounds best. Halves are of the trials, of one series of its time.
    Not for a series with a trend: what drifts is irreversible anyway. StudyError for too short a series, one dimension,
    and one that no linear diffusion gives.
    """
    trials = as_trials(series)
    if len(trials) > 1:
        halves = trials[: len(trials) // 2], trials[len(trials) // 2 :]
    else:
        middle = trials.shape[1] // 2
        halves = trials[:, :middle], trials[:, middle:]
    d = trials.shape[2]
    if d < 2 or not dt > 0 or window < 1 or len(halves[0]) * ((halves[0].shape[1] - 1) // window) < WINDOWS:
        raise StudyError(
            f"two or more coordinates and {2 * WINDOWS} windows of {window} steps are needed, found a series"
            f" {np.shape(series)}; in one dimension a stationary process turns nowhere"
        )
    covariance, diffusion = _diffusion(trials, dt)
    velocities = []
    for half in halves:
        own, spread = _diffusion(half, dt)
        velocities.append(linear_field(half, dt) + spread @ np.linalg.inv(own))
    rate = np.trace(velocities[0].T @ np.linalg.solve(diffusion, velocities[1]) @ covariance)
    currents = [_currents(half, window) for half in halves]
    bounds = [_uncertainty(fit, read, window * dt) for fit, read in (currents, currents[::-1])]
    return Production(float(rate), float(np.mean(bounds)))


def _diffusion(trials: np.ndarray, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Covariance (d, d) of the states, and the diffusion that keeps it stationary: -(A S + S A') / 2."""
    states = trials.reshape(-1, trials.shape[2])
    covariance = np.cov(states.T)
    drift = linear_field(trials, dt) @ covariance
    diffusion = -(drift + drift.T) / 2
    values = np.linalg.eigvalsh(diffusion)
    if not values[0] > SUPPORTED * abs(values[-1]):
        raise StudyError(
            "the series is not that of a linear diffusion: its noise has no positive strength in some direction; take fewer"
            " coordinates, or those along which it varies"
        )
    return covariance, diffusion


def _currents(trials: np.ndarray, window: int) -> np.ndarray:
    """Sums (windows, d^2) over windows of each coordinate times each change, midpoint rule."""
    x = trials - trials.mean((0, 1))
    middle, step = (x[:, 1:] + x[:, :-1]) / 2, np.diff(x, axis=1)
    moved = (middle[..., :, None] * step[..., None, :]).reshape(*step.shape[:2], -1)
    count = moved.shape[1] // window
    return moved[:, : count * window].reshape(len(x) * count, window, -1).sum(1)


def _uncertainty(fit: np.ndarray, read: np.ndarray, time: float) -> float:
    weights = np.linalg.lstsq(np.cov(fit.T), fit.mean(0), rcond=None)[0]
    current = read @ weights
    # The square of a mean is too large by its variance.
    squared = current.mean() ** 2 - current.var(ddof=1) / len(current)
    return float(2 * squared / (current.var(ddof=1) * time))
