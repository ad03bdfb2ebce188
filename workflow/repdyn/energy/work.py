"""The work of a driven process, and the free energy in it: of systems with a heat bath, which no layer has."""

import numpy as np
from scipy.constants import Boltzmann
from scipy.optimize import brentq
from scipy.special import expit, logsumexp

from repdyn.errors import StudyError


def trap_work(
    centres: np.ndarray, stiffnesses: np.ndarray, dt: float, paths: int, rng: np.random.Generator
) -> np.ndarray:
    """Work (paths,), in units of the temperature, on a particle in a trap k (x - c)^2 / 2 that is moved and stiffened.

    centres, stiffnesses (s,): of the trap at s times, dt apart; it changes at once, then the particle, of mobility 1,
    moves for dt, exactly. It starts in equilibrium. StudyError for protocols that do not fit or a stiffness that is not
    above 0.
    """
    centres, stiffnesses = (np.asarray(each, dtype=np.float64) for each in (centres, stiffnesses))
    if centres.ndim != 1 or centres.shape != stiffnesses.shape or len(centres) < 2 or not (stiffnesses > 0).all():
        raise StudyError(
            f"a protocol has centres and stiffnesses (s,), above 0, of two times or more; found {centres.shape} and"
            f" {stiffnesses.shape}"
        )
    x = centres[0] + rng.standard_normal(paths) / np.sqrt(stiffnesses[0])
    work = np.zeros(paths)
    for c, k, before, softer in zip(centres[1:], stiffnesses[1:], centres, stiffnesses, strict=False):
        work += (k * (x - c) ** 2 - softer * (x - before) ** 2) / 2
        fall = np.exp(-k * dt)
        x = c + (x - c) * fall + np.sqrt((1 - fall**2) / k) * rng.standard_normal(paths)
    return work


def jarzynski(work: np.ndarray) -> float:
    """Free-energy difference from work (n,) in units of the temperature: -ln <exp(-W)> (Jarzynski 1997, equation 2).

    Of few draws it is too high where work varies by more than a few units: rare small values decide it.
    """
    work = _works(work)
    return float(np.log(len(work)) - logsumexp(-work))


def crooks(forward: np.ndarray, backward: np.ndarray) -> float:
    """Free-energy difference from work (n,) of a process and (m,) of its reverse: where P(W) = P_reverse(-W).

    By Crooks 1999, P(W) / P_reverse(-W) = exp(W - dF); solved by the acceptance ratio of Bennett 1976, which has the least
    variance. Units of the temperature.
    """
    forward, backward = _works(forward), _works(backward)
    shift = np.log(len(forward) / len(backward))

    def excess(difference: float) -> float:
        return float(expit(difference - shift - forward).sum() - expit(-difference + shift - backward).sum())

    reach = max(np.abs(forward).max(), np.abs(backward).max()) + abs(shift) + 50
    return float(brentq(excess, -reach, reach))


def landauer(temperature: float) -> float:
    """The least heat in joules of erasing one bit at this temperature in kelvin: kT ln 2 (Landauer 1961)."""
    if not temperature > 0:
        raise StudyError(f"a temperature above 0 kelvin is needed, found {temperature}")
    return float(Boltzmann * temperature * np.log(2))


def _works(work: np.ndarray) -> np.ndarray:
    work = np.asarray(work, dtype=np.float64)
    if work.ndim != 1 or not len(work) or not np.isfinite(work).all():
        raise StudyError(f"finite work (n,) of one or more paths is needed, found shape {work.shape}")
    return work
