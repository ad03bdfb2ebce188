"""Where attention heads look, how sharply, and how much they differ, from the attention probabilities themselves."""

import numpy as np
import pandas as pd
import torch

from repdyn.measures.attention_queries import Keys, checked, keys_of, mean_over_queries, queries_of, read
from repdyn.measures.head_divergence import divergence_of, mixtures, null_of, query_entropy, specialisation_of
from repdyn.measures.head_similarity import head_similarity, redundancy, redundancy_null
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.models.embedding import PADDING
from repdyn.models.transformer import Transformer
from repdyn.roles import ATTENTION, layers_with
from repdyn.seeds import derive


def entropy(probabilities: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
    """Attention entropy of each head as a share of its maximum: (n, H, T, T) probabilities to (H,) in [0, 1].

    The entropy of a query is divided by ln k, k its number of valid keys, and averaged over all queries; uniform
    attention has 1, one-hot attention 0. valid: (n, T), False at padding. Queries with a single valid key are left out; NaN
    where no other is. Raises StudyError where the rows are not probabilities over the valid keys (but scores, for example).
    """
    probabilities, keys = read(probabilities, valid)
    return _entropy(query_entropy(queries_of(probabilities, keys), axis=1), keys)


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
    probabilities, keys = read(probabilities, valid)
    return _distance(probabilities, distances, keys)


def uniform(probabilities: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
    """Uniform attention over the valid keys, in the shape of `probabilities` (n, H, T, T)."""
    n, _, length, _ = probabilities.shape
    valid = np.ones((n, length), dtype=bool) if valid is None else valid
    share = valid / np.maximum(valid.sum(1, keepdims=True), 1)
    return np.broadcast_to(share[:, None, None, :], probabilities.shape)


def mean_map(probabilities: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
    """Mean attention map of each head, (H, T, T) float32: [h, q, k] over the examples in which q and k are valid.

    NaN where there are none. Arguments and exceptions as in `entropy`.
    """
    probabilities, keys = read(probabilities, valid)
    return _mean_map(probabilities, keys)


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
    return with_maps(subject)[0]


def with_maps(subject: Subject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """`measure`, and {"attention/{step}/{layer}": `mean_map`} of every block at all steps."""
    valid = _tokens(subject)
    keys = keys_of(valid)
    text = subject.inputs.dtype == torch.int64
    distances = token_distances(valid.shape[1]) if text else patch_distances(Transformer.PATCHES)
    starts = np.cumsum([0, *(len(chunk) for chunk in subject.probe.inputs)])[:-1] * valid.shape[1]
    rows = np.concatenate([part.numpy() + start for part, start in zip(subject.probe.rows, starts, strict=True)])
    entries, maps = [], {}
    reference = None
    for step in subject.steps:
        for layer, probabilities, heads in _attention(subject, step):
            if reference is None:
                reference = distance(uniform(probabilities, valid), distances, valid)
            rng = np.random.default_rng(derive(*subject.key, "attention", step, layer))
            probabilities = checked(probabilities, valid)
            queries = queries_of(probabilities, keys)
            own = query_entropy(queries, axis=1)
            mean, both = mixtures(queries)
            whole, single = null_of(queries, own, keys, rng)
            redundant = redundancy_null(heads, rows, valid, rng)
            flat = heads.reshape(-1, *heads.shape[2:])[rows]
            entries += [
                entry(step, layer, "attention_entropy", _entropy(own, keys)),
                entry(step, layer, "attention_distance", _distance(probabilities, distances, keys), reference),
                entry(step, layer, "head_specialisation", specialisation_of(mean, own), *_moments(whole)),
                entry(step, layer, "head_divergence", divergence_of(both, own), *_moments(single)),
                entry(step, layer, "head_redundancy", redundancy(head_similarity(flat, flat)), *_moments(redundant)),
            ]
            maps[f"attention/{step}/{layer}"] = _mean_map(probabilities, keys)
    return combine(entries), maps


def _attention(subject: Subject, step: int):
    """(layer, probabilities (n, H, T, T), outputs of heads (n, T, H, d)) of every block."""
    layers, parts = layers_with(subject.roles, ATTENTION), ("probabilities", "heads")
    outputs = subject.capture(step, [f"{layer}.{part}" for layer in layers for part in parts])
    for layer in layers:
        yield layer, *(torch.cat(outputs[f"{layer}.{part}"]).numpy() for part in parts)


def _tokens(subject: Subject) -> np.ndarray:
    if subject.inputs.dtype == torch.int64:
        return (subject.inputs != PADDING).numpy()
    return np.ones((len(subject.inputs), Transformer.PATCHES**2), dtype=bool)


def _entropy(entropies: np.ndarray, keys: Keys) -> np.ndarray:
    """`entropy` from those of the evaluable queries, (H, queries) in nats."""
    return mean_over_queries(entropies / np.log(keys.counts))


def _distance(probabilities: np.ndarray, distances: np.ndarray, keys: Keys) -> np.ndarray:
    attended = np.einsum("nhqk,qk->hnq", probabilities, distances)
    return mean_over_queries(attended[:, keys.evaluable])


def _mean_map(probabilities: np.ndarray, keys: Keys) -> np.ndarray:
    kept = keys.valid.astype(np.float64)
    examples = kept.T @ kept
    total = np.einsum("nhqk,nq,nk->hqk", probabilities, kept, kept, optimize=True)
    return np.where(examples > 0, total / np.maximum(examples, 1), np.nan).astype(np.float32)


def _moments(null: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return null.mean(0), null.std(0, ddof=1)
