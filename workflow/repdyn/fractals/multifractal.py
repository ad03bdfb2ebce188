"""Width of a multifractal spectrum beside what tails and what correlations alone give."""

from typing import NamedTuple

import numpy as np

from repdyn.fractals.fluctuation import exponents
from repdyn.fractals.surrogates import amplitude_adjusted, shuffled

Q = np.arange(-5.0, 6.0)


class Width(NamedTuple):
    """width: h(-5) - h(5). shuffled, adjusted: the same of (number,) series in random order, and with its values and its
    spectrum. What of the width the shuffled have comes from heavy tails; beyond the adjusted, from correlations that a
    spectrum does not hold."""

    width: float
    shuffled: np.ndarray
    adjusted: np.ndarray


def multifractal_width(x: np.ndarray, scales: np.ndarray, number: int, rng: np.random.Generator) -> Width:
    """Width of h(q), q from -5 to 5, and two nulls. x (n,); `fluctuation.fluctuations` says what is raised."""
    ends = np.array([Q[0], Q[-1]])
    made = (shuffled(x, number, rng), amplitude_adjusted(x, number, rng))
    nulls = [np.array([_width(each, scales, ends) for each in series]) for series in made]
    return Width(_width(x, scales, ends), *nulls)


def singularities(h: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Strengths alpha and their dimensions f(alpha) from h(q), by the Legendre transform; all (len(q),).

    Source: Kantelhardt 2002, equations 13 and 14.
    """
    alpha = h + q * np.gradient(h, q)
    return alpha, q * (alpha - h) + 1


def _width(x: np.ndarray, scales: np.ndarray, ends: np.ndarray) -> float:
    low, high = exponents(x, scales, ends)
    return float(low - high)
