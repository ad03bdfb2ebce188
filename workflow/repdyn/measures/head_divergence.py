"""How much the heads of a layer differ in where they attend: Jensen-Shannon divergences, and their null."""

from itertools import combinations

import numpy as np

from repdyn.measures.attention_queries import Keys, mean_over_queries, patterns_of, queries_of, read

DRAWS = 20
# Probabilities of a head that are worked on at a time: few enough that those of all heads stay in the cache.
BLOCK = 2**14
# What stands for a probability of zero, so that it has a logarithm; nothing is added to a sum in which anything else is.
TINY = 1e-300


def query_entropy(probabilities: np.ndarray, axis: int = -1) -> np.ndarray:
    """-sum p ln p in nats over an axis: (..., T) probabilities to (...); uniform over k keys gives ln k, one-hot gives 0."""
    terms = np.where(probabilities > 0, probabilities, 1)
    np.log(terms, out=terms)
    terms *= probabilities
    return -terms.sum(axis)


def specialisation(probabilities: np.ndarray, valid: np.ndarray | None = None) -> float:
    """Generalised Jensen-Shannon divergence (Lin 1991) of the H heads of a layer with equal weights, over ln H.

    H(mean of heads) - mean of H(head) for each query, averaged over all queries: 0 where the heads attend alike, 1 where
    they attend to different keys (which takes at least H valid keys). Arguments and exceptions as in `attention.entropy`;
    NaN for a single head.
    """
    queries = queries_of(*read(probabilities, valid))
    return specialisation_of(mixtures(queries)[0], query_entropy(queries, axis=1))


def divergence(probabilities: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
    """Jensen-Shannon divergence in bits (base 2, in [0, 1]) between each head and another, averaged over the others; (H,).

    Averaged over all queries. Arguments and exceptions as in `attention.entropy`; NaN for a single head.
    """
    queries = queries_of(*read(probabilities, valid))
    return divergence_of(mixtures(queries)[1], query_entropy(queries, axis=1))


def divergence_null(
    probabilities: np.ndarray, valid: np.ndarray | None, rng: np.random.Generator, draws: int = DRAWS
) -> tuple[np.ndarray, np.ndarray]:
    """`specialisation` (draws,) and `divergence` (draws, H) of heads that attend as sharply as these, but independently.

    In a draw, the keys of each head are relabelled by a random permutation of its own, one for all queries of all examples.
    That keeps the entropy of every query and whatever a head repeats over queries and examples, which are no independent
    evidence: permuting each query by itself would give much too small a deviation. Texts of several lengths cannot all be
    permuted alike, which leaves the deviation somewhat small: by a fifth for lengths from T / 2 to T.
    """
    checked, keys = read(probabilities, valid)
    queries = queries_of(checked, keys)
    return null_of(queries, query_entropy(queries, axis=1), keys, rng, draws)


def null_of(
    queries: np.ndarray, entropies: np.ndarray, keys: Keys, rng: np.random.Generator, draws: int = DRAWS
) -> tuple[np.ndarray, np.ndarray]:
    """`divergence_null` of the evaluable queries (H, T, queries) and of their entropies (H, queries)."""
    heads, length, count = queries.shape
    # Queries with the same keys side by side, so that a permutation of keys moves whole rows.
    patterns, group = patterns_of(keys.valid)
    group = group[np.nonzero(keys.evaluable)[0]]
    order = group.argsort(kind="stable")
    queries, entropies = np.maximum(queries[:, :, order], TINY), entropies[:, order]
    bounds = np.cumsum([0, *np.bincount(group, minlength=len(patterns))])
    moves = rng.permuted(np.tile(np.arange(length), (draws * heads, 1)), axis=1).reshape(draws, heads, length)
    mean, both = np.empty((draws, count)), np.empty((draws, heads * (heads - 1) // 2, count))
    for pattern, first, last in zip(patterns, bounds, bounds[1:], strict=False):
        if first == last:
            continue
        among = np.flatnonzero(pattern)
        sources = [np.stack([_induced(move, pattern) for move in of_heads]) for of_heads in moves]
        size = max(1, BLOCK // len(among))
        for start in range(first, last, size):
            block = np.ascontiguousarray(queries[:, :, start : min(start + size, last)])
            part = slice(start, start + block.shape[2])
            for draw, source in enumerate(sources):
                permuted = block[np.arange(heads)[:, None], source]
                _mixtures_of_block(permuted, mean[draw, part], both[draw, :, part])
    whole = np.array([specialisation_of(each, entropies) for each in mean])
    return whole, np.array([divergence_of(each, entropies) for each in both])


def mixtures(queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Entropies of the mean of all heads (queries,), and of the mean of two for each pair of heads (pairs, queries); of
    (H, T, queries) probabilities.
    """
    heads, length, count = queries.shape
    mean, both = np.empty(count), np.empty((heads * (heads - 1) // 2, count))
    size = max(1, BLOCK // length)
    for start in range(0, count, size):
        part = slice(start, start + size)
        _mixtures_of_block(np.maximum(queries[:, :, part], TINY), mean[part], both[:, part])
    return mean, both


def specialisation_of(mean: np.ndarray, entropies: np.ndarray) -> float:
    """Of the entropies (queries,) of the mean of heads, and of the heads (H, queries)."""
    heads = len(entropies)
    if heads == 1:
        return np.nan
    return float(mean_over_queries(mean - entropies.mean(0)) / np.log(heads))


def divergence_of(both: np.ndarray, entropies: np.ndarray) -> np.ndarray:
    """Of the entropies (pairs, queries) of the means of two heads, and of the heads (H, queries)."""
    heads = len(entropies)
    if heads == 1:
        return np.full(1, np.nan)
    total = np.zeros(heads)
    for mixture, (a, b) in zip(both, combinations(range(heads), 2), strict=True):
        total[[a, b]] += mean_over_queries(mixture - (entropies[a] + entropies[b]) / 2)
    return total / (heads - 1) / np.log(2)


def _mixtures_of_block(queries: np.ndarray, mean: np.ndarray, both: np.ndarray) -> None:
    """`mixtures` of positive probabilities, written into `mean` (queries,) and `both` (pairs, queries)."""
    mixture = np.add.reduce(queries)
    mixture /= len(queries)
    logs = np.empty_like(mixture)
    _entropy(mixture, logs, mean)
    queries /= 2
    for into, (a, b) in zip(both, combinations(queries, 2), strict=True):
        _entropy(np.add(a, b, out=mixture), logs, into)


def _entropy(probabilities: np.ndarray, logs: np.ndarray, into: np.ndarray) -> None:
    """`query_entropy` of positive probabilities (T, queries), written into (queries,); logs is overwritten."""
    np.log(probabilities, out=logs)
    logs *= probabilities
    np.negative(np.add.reduce(logs, out=into), out=into)


def _induced(permutation: np.ndarray, among: np.ndarray) -> np.ndarray:
    """What a permutation (T,) does to the elements where `among` (T,) is True, the others cut out of its cycles.

    Uniform where the permutation is, and as much like it as can be, so that texts of several lengths are permuted alike.
    """
    image = permutation[among]
    while not among[image].all():
        image = np.where(among[image], image, permutation[image])
    return image
