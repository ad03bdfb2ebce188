"""Signs of connections: whether each unit excites or inhibits all that it reaches, and the diagram of the two kinds."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError

SHUFFLES = 200
ALPHA = 0.05
LAWFUL = 0.9  # least consistency of a network of which a diagram is drawn


class Signs(NamedTuple):
    """consistency: mean over units of |sum| / sum of |outgoing weights|, 1 under Dale's law; null_mean, null_sd: of the
    same with the signs of the weights in random order; p, one-sided. excites (n,) bool."""

    consistency: float
    null_mean: float
    null_sd: float
    p: float
    excites: np.ndarray


class Edges(NamedTuple):
    """median (k, l): of the weights from population j to population i, at [i, j]; null_mean, null_sd (k, l): of the same
    with signs in random order; p (k, l): how often that lies as far from its mean, two-sided."""

    median: np.ndarray
    null_mean: np.ndarray
    null_sd: np.ndarray
    p: np.ndarray


def sign_consistency(weights: np.ndarray, rng: np.random.Generator) -> Signs:
    """Signs of weights (n, n), [to, from], against SHUFFLES in which the signs are permuted over all entries.

    Dale's law: columns of one sign (Eccles 1976); rows, what a unit hears, may have both. Self-connections are left out.
    StudyError unless weights are square and finite, and every unit reaches another.
    """
    weights = _between(weights)
    n = len(weights)
    there = ~np.eye(n, dtype=bool)
    sizes, signs = np.abs(weights), np.sign(weights)

    def consistency(signs):
        return float((np.abs((sizes * signs).sum(0)) / sizes.sum(0)).mean())

    null = []
    for _ in range(SHUFFLES):
        shuffled = np.zeros_like(signs)
        shuffled[there] = rng.permutation(signs[there])
        null.append(consistency(shuffled))
    found = consistency(signs)
    p = (1 + (np.array(null) >= found).sum()) / (1 + SHUFFLES)
    return Signs(found, float(np.mean(null)), float(np.std(null, ddof=1)), float(p), weights.sum(0) > 0)


def edges(weights: np.ndarray, to: np.ndarray, of: np.ndarray, rng: np.random.Generator) -> Edges:
    """The edges between populations, of weights (n, m), [to, from], between units of populations to (n,) and of (m,).

    Populations are numbered from 0. NaN: no connection. Null: SHUFFLES orders of the signs over all connections, their
    sizes in place. StudyError for shapes that do not fit, infinite weights, and two populations without a connection.
    """
    weights, to, of = np.asarray(weights, dtype=np.float64), np.asarray(to), np.asarray(of)
    if weights.shape != (len(to), len(of)) or not weights.size or np.isinf(weights).any():
        raise StudyError(
            f"finite weights have a population per row and per column, found {weights.shape}, {to.shape}, {of.shape}"
        )
    there = np.isfinite(weights)
    blocks = [[there & (to == i)[:, None] & (of == j) for j in range(of.max() + 1)] for i in range(to.max() + 1)]
    if not all(block.any() for row in blocks for block in row):
        raise StudyError("an edge takes a connection or more between its two populations")

    def medians(weights):
        return np.array([[np.median(weights[block]) for block in row] for row in blocks])

    sizes, signs, null = np.abs(weights), np.sign(weights), []
    for _ in range(SHUFFLES):
        shuffled = np.full_like(signs, np.nan)
        shuffled[there] = rng.permutation(signs[there])
        null.append(medians(sizes * shuffled))
    found, mean = medians(weights), np.mean(null, axis=0)
    beyond = np.abs(np.array(null) - mean) >= np.abs(found - mean)
    return Edges(found, mean, np.std(null, axis=0, ddof=1), (1 + beyond.sum(0)) / (1 + SHUFFLES))


def diagram(weights: np.ndarray, rng: np.random.Generator) -> Edges:
    """The edges (2, 2) between excitatory (0) and inhibitory (1) units, of weights (n, n), [to, from], which say who is who.

    StudyError for a network that does not obey Dale's law to LAWFUL, and beyond chance: units of both signs have no
    diagram; and where there are not two units of both kinds.
    """
    signs = sign_consistency(weights, rng)
    if signs.consistency < LAWFUL:
        raise StudyError(
            f"units both excite and inhibit: the consistency of signs is {signs.consistency:.2f}, and a diagram takes"
            f" {LAWFUL:g} or more"
        )
    inhibits = (~signs.excites).astype(int)
    if not 2 <= inhibits.sum() <= len(inhibits) - 2:
        found = f"{signs.excites.sum()} and {inhibits.sum()}"
        raise StudyError(f"a diagram takes two units of each kind, found {found}")
    if signs.p > ALPHA:
        raise StudyError(f"signs are no more consistent than shuffled ones (p = {signs.p:.2f}): no diagram is drawn")
    between = _between(weights)
    np.fill_diagonal(between, np.nan)
    return edges(between, inhibits, inhibits, rng)


def _between(weights: np.ndarray) -> np.ndarray:
    weights = np.array(weights, dtype=np.float64)
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1] or len(weights) < 3 or not np.isfinite(weights).all():
        raise StudyError(f"weights between three units or more are square and finite, found shape {weights.shape}")
    np.fill_diagonal(weights, 0)
    if not np.abs(weights).sum(0).all():
        raise StudyError("a unit that reaches no other has no sign")
    return weights
