"""The information bottleneck: the least that must be kept of one variable to know as much as possible of another."""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp, xlogy

from repdyn.errors import StudyError
from repdyn.information.closed_forms import as_joint, table_information

SWEEPS = 20000  # at most
SETTLED = 1e-12  # change of the encoder below which it has converged


class Compression(NamedTuple):
    """kept: I(X; T), told: I(T; Y), nats. encoder (x, t): p(t | x)."""

    kept: float
    told: float
    encoder: np.ndarray


def bottleneck(joint: np.ndarray, beta: float, rng: np.random.Generator, codes: int | None = None) -> Compression:
    """The encoder p(t | x) that minimises I(X; T) - beta I(T; Y), for a table p(x, y) of probabilities or counts (x, y).

    The self-consistent equations of Tishby, Pereira & Bialek (1999, arXiv:physics/0004057, equations 28 to 31), swept
    from an encoder that keeps nearly everything: from one that keeps nothing they do not move. codes: values of T, as
    many as of X if not given. A local minimum. StudyError for a table that is none, beta below 0, and one that has not
    settled in SWEEPS.
    """
    joint = as_joint(joint)
    joint = joint[joint.sum(1) > 0]
    if beta < 0 or codes is not None and codes < 1:
        raise StudyError(f"beta of 0 or more and one code or more are needed, found {beta} and {codes}")
    px = joint.sum(1)
    given = joint / px[:, None]
    codes = len(px) if codes is None else codes
    encoder = 0.9 * np.eye(len(px), codes) + 0.1 * rng.dirichlet(np.ones(codes), len(px))
    encoder /= encoder.sum(1, keepdims=True)
    for _ in range(SWEEPS):
        pt = px @ encoder
        told = (encoder * px[:, None]).T @ given / np.maximum(pt, 1e-300)[:, None]
        with np.errstate(divide="ignore"):
            divergence = xlogy(given, given).sum(1)[:, None] - given @ np.log(np.maximum(told, 1e-300)).T
            weight = np.log(pt) - beta * divergence
        new = np.exp(weight - logsumexp(weight, axis=1, keepdims=True))
        change = np.abs(new - encoder).max()
        encoder = new
        if change < SETTLED:
            break
    else:
        raise StudyError(f"the bottleneck of beta {beta} has not settled in {SWEEPS} sweeps: it lies near a transition")
    together = encoder * px[:, None]
    return Compression(table_information(together), table_information(together.T @ given), encoder)
