"""Where attention heads look, how sharply, and how much they differ, from the attention probabilities themselves."""

from itertools import combinations

import numpy as np
import pandas as pd
import torch

from repdyn.errors import StudyError
from repdyn.measures.similarity import centred
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.models.embedding import PADDING
from repdyn.models.transformer import Transformer
from repdyn.roles import ATTENTION, layers_with
from repdyn.seeds import derive

DRAWS = 20
# Probabilities of a head that are worked on at a time: few enough for the cache.
BLOCK = 2**15

# Squared length of a U-centred Gram matrix of unit scale below which it is rounding noise: all rows equally far apart.
NOTHING = 1e-14


def query_entropy(probabilities: np.ndarray, axis: int = -1) -> np.ndarray:
    """-sum p ln p in nats over an axis: (..., T) probabilities to (...); uniform over k keys gives ln k, one-hot gives 0."""
    terms = np.where(probabilities > 0, probabilities, 1)
    np.log(terms, out=terms)
    terms *= probabilities
    return -terms.sum(axis)


def entropy(probabilities: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
    """Attention entropy of each head as a share of its maximum: (n, H, T, T) probabilities to (H,) in [0, 1].

    The entropy of a query is divided by ln k, k its number of valid keys, and averaged over all queries; uniform
    attention has 1, one-hot attention 0. valid: (n, T), False at padding. Queries with a single valid key are left out; NaN
    where no other is. Raises StudyError where the rows are not probabilities over the valid keys (but scores, for example).
    """
    queries, keys = _queries(probabilities, valid)
    return _mean(query_entropy(queries, axis=1) / np.log(keys.sum(0)))


def token_distances(length: int) -> np.ndarray:
    """|q - k| between the tokens of a text: (length, length)."""
    position = np.arange(length, dtype=np.float64)
    return np.abs(position[:, None] - position)


def patch_distances(side: int) -> np.ndarray:
    """Euclidean distance, in patches, between the side x side patches of an image, row by row: (side**2, side**2)."""
    row, column = np.divmod(np.arange(side**2, dtype=np.float64), side)
    return np.hypot(row[:, None] - row, column[:, None] - column)


def distance(probabilities: np.ndarray, distances: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
    """Mean distance that each head attends over: the mean over queries of sum_k p_k distances[q, k]; (H,) in its units.

    Arguments and exceptions as in `entropy`; distances: (T, T).
    """
    attended = np.einsum("nhqk,qk->hnq", _checked(probabilities, valid), distances)
    return _mean(attended[:, _evaluable(probabilities, valid)])


def uniform(probabilities: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
    """Uniform attention over the valid keys, in the shape of `probabilities` (n, H, T, T)."""
    valid = _valid(probabilities, valid)
    share = valid / np.maximum(valid.sum(1, keepdims=True), 1)
    return np.broadcast_to(share[:, None, None, :], probabilities.shape)


def specialisation(probabilities: np.ndarray, valid: np.ndarray | None = None) -> float:
    """Generalised Jensen-Shannon divergence (Lin 1991) of the H heads of a layer with equal weights, over ln H.

    H(mean of heads) - mean of H(head) for each query, averaged over all queries: 0 where the heads attend alike, 1 where
    they attend to different keys (which takes at least H valid keys). Arguments and exceptions as in `entropy`; NaN for a
    single head.
    """
    queries, _ = _queries(probabilities, valid)
    return _specialisation(_mixtures(queries)[0], query_entropy(queries, axis=1))


def divergence(probabilities: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
    """Jensen-Shannon divergence in bits (base 2, in [0, 1]) between each head and another, averaged over the others; (H,).

    Averaged over all queries. Arguments and exceptions as in `entropy`; NaN for a single head.
    """
    queries, _ = _queries(probabilities, valid)
    return _divergence(_mixtures(queries)[1], query_entropy(queries, axis=1))


def divergence_null(
    probabilities: np.ndarray, valid: np.ndarray | None, rng: np.random.Generator, draws: int = DRAWS
) -> tuple[np.ndarray, np.ndarray]:
    """`specialisation` (draws,) and `divergence` (draws, H) of heads that attend as sharply as these, but independently.

    In a draw, the keys of each head are relabelled by a random permutation of its own, one for all queries of all examples.
    That keeps the entropy of every query and whatever a head repeats over queries and examples, which are no independent
    evidence: permuting each query by itself would give much too small a deviation. Texts of several lengths cannot all be
    permuted alike, which leaves the deviation somewhat small: by a fifth for lengths from T / 2 to T.
    """
    queries, _ = _queries(probabilities, valid)
    # Queries with the same keys side by side, so that a permutation of keys moves whole rows.
    patterns, group = _patterns(_valid(probabilities, valid))
    group = group[np.nonzero(_evaluable(probabilities, valid))[0]]
    queries = np.ascontiguousarray(queries[:, :, group.argsort(kind="stable")])
    bounds = np.cumsum([0, *np.bincount(group, minlength=len(patterns))])
    own = query_entropy(queries, axis=1)
    heads, length = queries.shape[:2]
    permuted = np.zeros_like(queries)
    whole, single = np.empty(draws), np.empty((draws, heads))
    for draw in range(draws):
        moves = rng.permuted(np.tile(np.arange(length), (heads, 1)), axis=1)
        for pattern, start, stop in zip(patterns, bounds, bounds[1:], strict=False):
            among = np.flatnonzero(pattern)
            for h in range(heads):
                permuted[h, among, start:stop] = queries[h, _induced(moves[h], pattern), start:stop]
        mean, pairs = _mixtures(permuted)
        whole[draw], single[draw] = _specialisation(mean, own), _divergence(pairs, own)
    return whole, single


def head_similarity(outputs: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Debiased linear CKA of every head of (n, H, d) outputs with every head of (n, H, d) others, (H, H).

    `similarity.debiased_cka` of all pairs at once. Of centred X and Y with squared row lengths s and t, Song 2012
    (equation 4) is, up to a factor, ||X'Y||^2 - n s.t / (n - 2) + sum(s) sum(t) / ((n - 1) (n - 2)), which needs no n x n
    matrix. NaN where a head is constant. Raises StudyError with fewer than 4 rows.
    """
    n = len(outputs)
    if n < 4:
        raise StudyError(f"the similarity of heads needs at least 4 rows, found {n}")
    x, y = (np.stack([centred(each[:, h]) for h in range(each.shape[1])]) for each in (outputs, others))

    def products(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        s, t = (x**2).sum(-1), (y**2).sum(-1)
        cross = np.linalg.norm(x.swapaxes(-1, -2) @ y, axis=(-1, -2)) ** 2
        return cross - n / (n - 2) * (s * t).sum(-1) + s.sum(-1) * t.sum(-1) / ((n - 1) * (n - 2))

    own, other = products(x, x), products(y, y)
    scale = np.sqrt(np.where(own > NOTHING, own, np.nan)[:, None] * np.where(other > NOTHING, other, np.nan))
    return products(x[:, None], y[None]) / scale


def redundancy(similarity: np.ndarray) -> np.ndarray:
    """Highest similarity of each head with another head: (H, H) `head_similarity` to (H,); NaN where none is defined."""
    return np.fmax.reduce(np.where(np.eye(len(similarity), dtype=bool), np.nan, similarity), axis=1)


def redundancy_null(
    outputs: np.ndarray, rows: np.ndarray, valid: np.ndarray, rng: np.random.Generator, draws: int = DRAWS
) -> np.ndarray:
    """`redundancy` (draws, H) where the other heads read other examples: outputs (n, T, H, d), rows of the n * T tokens.

    Whole examples are permuted among those with the same tokens valid, so that every row meets one at its own position: what
    remains is the similarity that position alone brings. valid: (n, T).
    """
    length = valid.shape[1]
    patterns, group = _patterns(valid)
    flat = outputs.reshape(-1, *outputs.shape[2:])
    null = np.empty((draws, outputs.shape[2]))
    for draw in range(draws):
        source = np.empty(len(outputs), dtype=np.int64)
        for pattern in range(len(patterns)):
            members = np.flatnonzero(group == pattern)
            source[members] = rng.permutation(members)
        elsewhere = source[rows // length] * length + rows % length
        null[draw] = redundancy(head_similarity(flat[rows], flat[elsewhere]))
    return null


def mean_map(probabilities: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
    """Mean attention map of each head, (H, T, T) float32: [h, q, k] over the examples in which q and k are valid.

    NaN where there are none. Arguments and exceptions as in `entropy`.
    """
    kept = _valid(probabilities, valid).astype(np.float64)
    examples = kept.T @ kept
    total = np.einsum("nhqk,nq,nk->hqk", _checked(probabilities, valid), kept, kept, optimize=True)
    return np.where(examples > 0, total / np.maximum(examples, 1), np.nan).astype(np.float32)


def measure(subject: Subject) -> pd.DataFrame:
    """Attention of every head of every block, at all steps, on all test examples. Layers are the attention modules.

    - attention_entropy [share of ln keys] (unit: head): entropy of a query over the logarithm of its number of keys,
      mean over queries; 1 is uniform attention, 0 a single key.
    - attention_distance [tokens or patches] (unit: head): mean distance between a query and what it attends to. Null:
      uniform attention, a point of reference without deviation.
    - head_specialisation [share of ln heads]: generalised Jensen-Shannon divergence of the heads of a layer; 0 where
      they attend alike, 1 where to different keys. Null: heads as sharp as these, the keys of each relabelled by a
      permutation of its own; below it heads agree on where to look, above it they share the keys out. Source: Lin 1991.
    - head_divergence [bits] (unit: head): Jensen-Shannon divergence between a head and another, mean over the others.
      Null: as of head_specialisation. Source: Lin 1991.
    - head_redundancy [CKA] (unit: head): highest debiased linear CKA of a head's output with that of another head of
      its layer: 1 where another head writes the same up to rotation and scale. Null: the other heads read other
      examples with the same tokens valid, so that only what the position brings is shared. Source: Kornblith 2019; Song
      2012.
    """
    valid = _tokens(subject)
    text = subject.inputs.dtype == torch.int64
    distances = token_distances(valid.shape[1]) if text else patch_distances(Transformer.PATCHES)
    starts = np.cumsum([0, *(len(chunk) for chunk in subject.probe.inputs)])[:-1] * valid.shape[1]
    rows = np.concatenate([part.numpy() + start for part, start in zip(subject.probe.rows, starts, strict=True)])
    entries = []
    for step in subject.steps:
        for layer, probabilities, heads in _attention(subject, step, ("probabilities", "heads")):
            rng = np.random.default_rng(derive(*subject.key, "attention", step, layer))
            flat = heads.reshape(-1, *heads.shape[2:])[rows]
            whole, single = divergence_null(probabilities, valid, rng)
            redundant = redundancy_null(heads, rows, valid, rng)
            reference = distance(uniform(probabilities, valid), distances, valid)
            entries += [
                entry(step, layer, "attention_entropy", entropy(probabilities, valid)),
                entry(step, layer, "attention_distance", distance(probabilities, distances, valid), reference),
                entry(step, layer, "head_specialisation", specialisation(probabilities, valid), *_moments(whole)),
                entry(step, layer, "head_divergence", divergence(probabilities, valid), *_moments(single)),
                entry(step, layer, "head_redundancy", redundancy(head_similarity(flat, flat)), *_moments(redundant)),
            ]
    return combine(entries)


def maps(subject: Subject) -> dict[str, np.ndarray]:
    """{"attention/{step}/{layer}": `mean_map`} of every block at all steps."""
    valid = _tokens(subject)
    return {
        f"attention/{step}/{layer}": mean_map(probabilities, valid)
        for step in subject.steps
        for layer, probabilities in _attention(subject, step, ("probabilities",))
    }


def _attention(subject: Subject, step: int, parts: tuple[str, ...]):
    layers = layers_with(subject.roles, ATTENTION)
    outputs = subject.capture(step, [f"{layer}.{part}" for layer in layers for part in parts])
    for layer in layers:
        yield layer, *(np.concatenate([chunk.numpy() for chunk in outputs[f"{layer}.{part}"]]) for part in parts)


def _tokens(subject: Subject) -> np.ndarray:
    if subject.inputs.dtype == torch.int64:
        return (subject.inputs != PADDING).numpy()
    return np.ones((len(subject.inputs), Transformer.PATCHES**2), dtype=bool)


def _induced(permutation: np.ndarray, among: np.ndarray) -> np.ndarray:
    """What a permutation (T,) does to the elements where `among` (T,) is True, the others cut out of its cycles.

    Uniform where the permutation is, and as much like it as can be, so that texts of several lengths are permuted alike.
    """
    image = permutation[among]
    while not among[image].all():
        image = np.where(among[image], image, permutation[image])
    return image


def _patterns(valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different rows of (n, T) and which of them each row is, (n,)."""
    patterns, group = np.unique(valid, axis=0, return_inverse=True)
    return patterns, group.reshape(-1)


def _valid(probabilities: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
    n, _, length, _ = probabilities.shape
    return np.ones((n, length), dtype=bool) if valid is None else valid


def _evaluable(probabilities: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
    valid = _valid(probabilities, valid)
    return valid & (valid.sum(1, keepdims=True) > 1)


def _checked(probabilities: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
    """Float64 probabilities."""
    if probabilities.ndim != 4 or probabilities.shape[2] != probabilities.shape[3]:
        raise StudyError(f"attention probabilities must be (n, heads, T, T); these are {probabilities.shape}")
    valid = _valid(probabilities, valid)
    if valid.shape != (len(probabilities), probabilities.shape[2]):
        raise StudyError(
            f"valid must be {(len(probabilities), probabilities.shape[2])}, a flag a token; it is {valid.shape}"
        )
    probabilities = probabilities.astype(np.float64)
    total = np.einsum("nhqk,nk->nqh", probabilities, valid.astype(np.float64))[valid]
    if (probabilities < 0).any() or not np.allclose(total, 1, rtol=0, atol=1e-4):
        raise StudyError(
            "attention probabilities must be at least 0 and sum to 1 over the valid keys of every valid query; pass what "
            "the softmax returns, not the scores"
        )
    return probabilities


def _queries(probabilities: np.ndarray, valid: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The evaluable queries of all examples: probabilities (H, T, queries) and which keys are valid (T, queries)."""
    evaluable = _evaluable(probabilities, valid)
    keys = np.broadcast_to(_valid(probabilities, valid)[:, None, :], (*evaluable.shape, evaluable.shape[1]))
    return _checked(probabilities, valid).transpose(1, 3, 0, 2)[:, :, evaluable], keys[evaluable].T


def _mean(values: np.ndarray) -> np.ndarray:
    """Over the last axis; NaN of nothing."""
    return values.mean(-1) if values.shape[-1] else np.full(values.shape[:-1], np.nan)


def _mixtures(queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Entropies of the mean of all heads (queries,), and of the mean of two for each pair of heads (pairs, queries); of
    (H, T, queries) probabilities.
    """
    heads, length, count = queries.shape
    pairs = list(combinations(range(heads), 2))
    mean, both = np.empty(count), np.empty((len(pairs), count))
    size = max(1, BLOCK // length)
    for start in range(0, count, size):
        part = queries[:, :, start : start + size]
        mean[start : start + size] = query_entropy(part.mean(0), axis=0)
        for pair, (a, b) in enumerate(pairs):
            both[pair, start : start + size] = query_entropy((part[a] + part[b]) / 2, axis=0)
    return mean, both


def _specialisation(mean: np.ndarray, entropies: np.ndarray) -> float:
    """Of the entropies (queries,) of the mean of heads, and of the heads (H, queries)."""
    heads = len(entropies)
    if heads == 1:
        return np.nan
    return float(_mean(mean - entropies.mean(0)) / np.log(heads))


def _divergence(both: np.ndarray, entropies: np.ndarray) -> np.ndarray:
    """Of the entropies (pairs, queries) of the means of two heads, and of the heads (H, queries)."""
    heads = len(entropies)
    if heads == 1:
        return np.full(1, np.nan)
    total = np.zeros(heads)
    for mixture, (a, b) in zip(both, combinations(range(heads), 2), strict=True):
        total[[a, b]] += _mean(mixture - (entropies[a] + entropies[b]) / 2)
    return total / (heads - 1) / np.log(2)


def _moments(null: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return null.mean(0), null.std(0, ddof=1)
