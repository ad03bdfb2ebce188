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


def diagram(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Median weight (2, 2) between excitatory (0) and inhibitory (1) units, [to, from], of weights (n, n), [to, from].

    StudyError for a network that does not obey Dale's law to LAWFUL, and beyond chance: units of both signs have no
    diagram; and where there are not two units of both kinds.
    """
    signs = sign_consistency(weights, rng)
    if signs.consistency < LAWFUL:
        raise StudyError(
            f"units both excite and inhibit: the consistency of signs is {signs.consistency:.2f}, and a diagram takes"
            f" {LAWFUL:g} or more"
        )
    groups = np.nonzero(signs.excites)[0], np.nonzero(~signs.excites)[0]
    if min(map(len, groups)) < 2:
        raise StudyError(f"a diagram takes two units of each kind, found {len(groups[0])} and {len(groups[1])}")
    if signs.p > ALPHA:
        raise StudyError(f"signs are no more consistent than shuffled ones (p = {signs.p:.2f}): no diagram is drawn")
    between, off = _between(weights), ~np.eye(len(weights), dtype=bool)
    return np.array([[np.median(between[np.ix_(to, of)][off[np.ix_(to, of)]]) for of in groups] for to in groups])


def _between(weights: np.ndarray) -> np.ndarray:
    weights = np.array(weights, dtype=np.float64)
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1] or len(weights) < 3 or not np.isfinite(weights).all():
        raise StudyError(f"weights between three units or more are square and finite, found shape {weights.shape}")
    np.fill_diagonal(weights, 0)
    if not np.abs(weights).sum(0).all():
        raise StudyError("a unit that reaches no other has no sign")
    return weights
