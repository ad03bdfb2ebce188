"""How many classes a linear read-out can tell apart per weight, by trying: simulated capacity of class manifolds."""

from collections.abc import Callable
from copy import copy
from typing import NamedTuple, Self

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
    return capacity_and_null(x, labels, draws, 0, rng)[0]


def capacity_and_null(
    x: np.ndarray, labels: np.ndarray, draws: int, shuffles: int, rng: np.random.Generator
) -> tuple[Capacity, list[Capacity]]:
    """`capacity`, and that of shuffled labels, so many times: with sides of their own, in the same random directions."""
    x, labels = _checked(x, labels)
    if len(distinct(x)) < 2:
        unknown = Capacity(np.nan, np.nan)
        return unknown, [unknown] * shuffles
    drawn = Dichotomies(x, labels, draws, rng)
    found, near = search(drawn, _fewest(lambda weights: drawn.separates(0, weights), drawn.most, 1))
    null = []
    for _ in range(shuffles):
        # Shuffled labels have much the same capacity each time: the search starts where it ended.
        other, near = search(drawn.relabelled(rng.permutation(labels), rng), near)
        null.append(other)
    return found, null


def search(drawn: "Dichotomies", start: int) -> tuple[Capacity, int]:
    """The capacity, and the fewest weights that half of the draws need, sought from a start of so many."""
    above = _fewest(lambda weights: drawn.share(weights) >= 0.5, drawn.most, min(start, drawn.most))
    if above > drawn.most:
        return Capacity(np.nan, drawn.classes / drawn.most), above
    below, half = (drawn.share(weights) for weights in (above - 1, above))
    value = drawn.classes / (above - 1 + (0.5 - below) / (half - below))
    return Capacity(float(value), drawn.classes / drawn.most), above


def separable(x: np.ndarray, sign: np.ndarray) -> bool:
    """Whether a hyperplane through the origin has the rows of (n, d) strictly on the side of their sign (n,), -1 or 1.

    It has unless some convex combination of the rows times their signs is 0 (Gordan 1873). Non-negative least squares
    (Lawson & Hanson 1974) seeks one, rows taken at unit length, and leaves a residual where there is none. Never where a
    row is 0.
    """
    x = points(x)
    if sign.shape != (len(x),) or not np.isin(sign, (-1, 1)).all():
        raise StudyError(f"{len(x)} rows need as many signs, -1 or 1, found shape {sign.shape}")
    return _separable(x, sign)


def _separable(x: np.ndarray, sign: np.ndarray) -> bool:
    lengths = np.linalg.norm(x, axis=1)
    if (lengths == 0).any():
        return False
    combination = np.vstack([(x * (sign / lengths)[:, None]).T, np.ones(len(x))])
    residual = nnls(combination, np.eye(len(combination))[-1], maxiter=100 * len(x))[1]
    return bool(residual > MARGIN)


class Dichotomies:
    """Random dichotomies of classes, each with random directions, and how many are separable in so many weights.

    Directions of a draw come one after the other, N weights see the first N - 1 of them and have a threshold: what N
    separate, N + 1 do too, and what is known of a draw is not tried again. most: weights, one more than (n, d) has
    directions.
    """

    def __init__(self, x: np.ndarray, labels: np.ndarray, draws: int, rng: np.random.Generator):
        x, labels = _checked(x, labels)
        member = np.unique(labels, return_inverse=True)[1]
        self.classes = int(member.max()) + 1
        # In coordinates of the span of the rows: more directions than these say nothing new.
        left, scale, _ = np.linalg.svd(x - x.mean(0), full_matrices=False)
        kept = scale > ROUNDING * scale[0]
        span = left[:, kept] * scale[kept]
        self.most = span.shape[1] + 1
        self.seen, self.sides = [], []
        for _ in range(draws):
            self.sides.append(rng.choice((-1.0, 1.0), self.classes)[member])
            projected = span @ rng.standard_normal((span.shape[1], span.shape[1]))
            # Another basis of the same leading columns separates the same rows, and an orthonormal one is easy to solve for.
            self.seen.append(np.linalg.qr(np.column_stack([np.ones(len(x)), projected]))[0])
        self._nothing_tried()

    def _nothing_tried(self) -> None:
        # Not separable in so few weights; separable in so many, or in none.
        self.too_few, self.enough = np.zeros(len(self.seen), dtype=int), np.full(len(self.seen), self.most + 1)

    def relabelled(self, labels: np.ndarray, rng: np.random.Generator) -> Self:
        """Other labels (n,) of the rows, as many classes: other sides, the same directions."""
        other = copy(self)
        member = np.unique(labels, return_inverse=True)[1]
        other.sides = [rng.choice((-1.0, 1.0), self.classes)[member] for _ in self.seen]
        other._nothing_tried()
        return other

    def separates(self, draw: int, weights: int) -> bool:
        """Whether so many weights, 0 to most, separate a draw."""
        if self.too_few[draw] < weights < self.enough[draw]:
            found = _separable(self.seen[draw][:, :weights], self.sides[draw])
            (self.enough if found else self.too_few)[draw] = weights
        return bool(weights >= self.enough[draw])

    def share(self, weights: int) -> float:
        """The share of the draws that so many weights separate."""
        return float(np.mean([self.separates(draw, weights) for draw in range(len(self.seen))]))


def _checked(x: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, labels = points(x), np.asarray(labels)
    if labels.shape != (len(x),) or len(np.unique(labels)) < 2:
        raise StudyError(f"{len(x)} rows need as many labels, of two classes or more, found {labels.shape}")
    return x, labels


def _fewest(enough: Callable[[int], bool], most: int, start: int) -> int:
    """The smallest of 1..most for which it is enough, most + 1 if none is: from a start outwards, then by bisection."""
    low, high, step = 0, most + 1, 1  # low is not enough; high is, or none
    at = start
    while high - low > 1:
        low, high = (low, at) if enough(at) else (at, high)
        if low == 0:
            at, step = max(1, high - step), 2 * step
        elif high > most:
            at, step = min(most, low + step), 2 * step
        else:
            at = (low + high) // 2
    return high
