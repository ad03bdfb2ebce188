"""How many classes a linear read-out can tell apart per weight, by trying: simulated capacity of class manifolds."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

from repdyn.errors import StudyError
from repdyn.geometry.neighbours import distinct, points

# Residual of the least squares up to which a combination is 0. Rows that can be separated leave more than 1e-4 as a rule.
MARGIN = 1e-7
# Share of the largest singular value up to which a direction is rounding of float32 activations.
ROUNDING = 1e-6


class Capacity(NamedTuple):
    """P / N at which half of all dichotomies are separable (NaN if never), and the least P / N that these rows can show."""

    value: float
    floor: float


def capacity(x: np.ndarray, labels: np.ndarray, draws: int, rng: np.random.Generator) -> Capacity:
    """Simulated capacity of the classes of (n, d), labels (n,): classes P over the weights N that half of all draws need.

    As Chung, Lee & Sompolinsky (2018, Phys. Rev. X 8, 031003) simulate it: P objects, each the cloud of its rows, get
    random sides and are projected onto random directions, and a read-out of N weights, threshold included, either
    separates them or not. 2 for points (Cover 1965), about 2 / M for classes of M rows without structure, where both are
    many. Between whole N the share of separable draws is taken as linear. NaN where more than half of the draws are not
    separable in all r directions that the rows span: the capacity is then below `floor`, P / (r + 1). Both are NaN where all
    rows are the same: what passes for a separable draw there is one with all classes on one side. Raises StudyError for
    fewer than two classes.
    """
    x, labels = _checked(x, labels)
    if len(distinct(x)) < 2:
        return Capacity(np.nan, np.nan)
    needed, most = weights_needed(x, labels, draws, rng)
    classes = len(np.unique(labels))
    share = (needed[:, None] <= np.arange(most + 1)).mean(0)
    if share[-1] < 0.5:
        return Capacity(np.nan, classes / most)
    above = int(np.argmax(share >= 0.5))
    between = (0.5 - share[above - 1]) / (share[above] - share[above - 1])
    return Capacity(float(classes / (above - 1 + between)), classes / most)


def separable(x: np.ndarray, sign: np.ndarray) -> bool:
    """Whether a hyperplane through the origin has the rows of (n, d) strictly on the side of their sign (n,), -1 or 1.

    It has unless some convex combination of the rows times their signs is 0 (Gordan 1873). Non-negative least squares
    (Lawson & Hanson 1974) seeks one, rows taken at unit length, and leaves a residual where there is none. Never where a
    row is 0.
    """
    x = points(x)
    if sign.shape != (len(x),) or not np.isin(sign, (-1, 1)).all():
        raise StudyError(f"{len(x)} rows need as many signs, -1 or 1, found shape {sign.shape}")
    lengths = np.linalg.norm(x, axis=1)
    if (lengths == 0).any():
        return False
    combination = np.vstack([(x * (sign / lengths)[:, None]).T, np.ones(len(x))])
    residual = nnls(combination, np.eye(len(combination))[-1], maxiter=100 * len(x))[1]
    return bool(residual > MARGIN)


def weights_needed(x: np.ndarray, labels: np.ndarray, draws: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """The fewest weights that separate each random dichotomy of classes, (draws,), maybe infinite; and the most there are.

    Directions of a draw come one after the other, N weights see the first N - 1 of them and have a threshold: what N
    separate, N + 1 do too. The most are one more than (n, d) has directions.
    """
    x, labels = _checked(x, labels)
    classes, member = np.unique(labels, return_inverse=True)
    # In coordinates of the span of the rows: more directions than these say nothing new.
    left, scale, _ = np.linalg.svd(x - x.mean(0), full_matrices=False)
    kept = scale > ROUNDING * scale[0]
    span = left[:, kept] * scale[kept]
    needed = np.empty(draws)
    for draw in range(draws):
        sides = rng.choice((-1.0, 1.0), len(classes))
        projected = span @ rng.standard_normal((span.shape[1], span.shape[1]))
        # Another basis of the same leading columns separates the same rows, and an orthonormal one is easy to solve for.
        seen = np.linalg.qr(np.column_stack([np.ones(len(x)), projected]))[0]
        # Draws need about as many each.
        start = int(min(needed[draw - 1], seen.shape[1])) if draw else 1
        needed[draw] = _fewest(seen, sides[member], start)
    return needed, span.shape[1] + 1


def _checked(x: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, labels = points(x), np.asarray(labels)
    if labels.shape != (len(x),) or len(np.unique(labels)) < 2:
        raise StudyError(f"{len(x)} rows need as many labels, of two classes or more, found {labels.shape}")
    return x, labels


def _fewest(rows: np.ndarray, sign: np.ndarray, start: int) -> float:
    """The fewest leading columns of (n, N) in which the rows are separable: from a start outwards, then by bisection."""
    most = rows.shape[1]
    low, high, step = 0, most + 1, 1  # not separable in low; separable in high, or in none
    at = min(start, most)
    while high - low > 1:
        low, high = (low, at) if separable(rows[:, :at], sign) else (at, high)
        if low == 0:
            at, step = max(1, high - step), 2 * step
        elif high > most:
            at, step = min(most, low + step), 2 * step
        else:
            at = (low + high) // 2
    return high if high <= most else np.inf
