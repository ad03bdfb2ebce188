"""Lyapunov exponents of a map, from tangent vectors."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from repdyn.dynamical_systems.maps import Map, as_states, linearised
from repdyn.errors import StudyError


class Spectrum(NamedTuple):
    """Exponents (d,), largest first, per unit of time; their standard errors (d,) over trajectories, NaN for one."""

    exponents: np.ndarray
    errors: np.ndarray


def lyapunov_spectrum(maps: Iterable[Map], start: np.ndarray, settle: int, dt: float = 1.0) -> Spectrum:
    """Exponents of the trajectories from start (n, d) through maps, one a time step dt; an autonomous system repeats one.

    Tangent vectors are carried along by the Jacobians and made orthonormal by QR after every step; the exponents are the
    mean logarithms of the diagonal (Benettin et al. 1980, Meccanica 15, 9; Eckmann & Ruelle 1985). The first `settle`
    steps bring states and vectors to the attractor and are not counted. Input-driven systems have a map per time step:
    then these are the exponents conditional on that input. StudyError for no step after `settle`, or a diverging system.
    """
    states = as_states(start)
    n, d = states.shape
    vectors = np.broadcast_to(np.eye(d), (n, d, d))
    logs, counted = np.zeros((n, d)), -settle
    for step in maps:
        states, jacobians = linearised(step, states)
        vectors, upper = np.linalg.qr(jacobians @ vectors)
        if counted >= 0:
            with np.errstate(divide="ignore"):
                logs += np.log(np.abs(np.diagonal(upper, axis1=1, axis2=2)))
        counted += 1
    if settle < 0 or counted <= 0:
        raise StudyError(f"exponents need time steps after the {settle} of settling, found {counted + settle} in all")
    found = logs / (counted * dt)
    order = np.argsort(-found.mean(0), kind="stable")
    with np.errstate(invalid="ignore"):
        errors = found.std(0, ddof=1) / np.sqrt(n) if n > 1 else np.full(d, np.nan)
    return Spectrum(found.mean(0)[order], errors[order])


def kaplan_yorke(exponents: np.ndarray) -> float:
    """Dimension of the attractor from its exponents (d,): j + sum of the first j over |the next|, the sum not negative.

    0 for a stable point, d where volumes do not shrink (Kaplan & Yorke 1979). StudyError for exponents that are NaN.
    """
    exponents = np.sort(np.asarray(exponents, dtype=np.float64))[::-1]
    if exponents.ndim != 1 or not exponents.size or np.isnan(exponents).any():
        raise StudyError(f"a dimension takes exponents (d,) that are numbers, found {exponents}")
    sums = np.cumsum(exponents)
    count = int((sums >= 0).sum()) if exponents[0] >= 0 else 0
    if not 0 < count < len(exponents):
        return float(count)
    return float(count + sums[count - 1] / -exponents[count])
