"""Whether the heads of a layer write the same: debiased CKA of their outputs, and what position alone brings."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError
from repdyn.measures.attention_queries import patterns_of
from repdyn.measures.head_divergence import DRAWS
from repdyn.measures.similarity import ROUNDING, centred, product_of_grams


class Centred(NamedTuple):
    """Outputs of H heads, centred and of unit norm: (H, n, d); the squared length of every row (H, n); and that of every
    head's U-centred Gram matrix (H,), NaN where it is nothing."""

    rows: np.ndarray
    lengths: np.ndarray
    own: np.ndarray


def head_similarity(outputs: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Debiased linear CKA of every head of (n, H, d) outputs with every head of (n, H, d) others, (H, H).

    `similarity.debiased_cka` of all pairs at once, by way of X'Y, which is smaller than a Gram matrix. NaN where a head is
    constant. Raises StudyError with fewer than 4 rows.
    """
    return _similarity(_centred(outputs), _centred(others))


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
    patterns, group = patterns_of(valid)
    alike = [np.flatnonzero(group == pattern) for pattern in range(len(patterns))]
    flat = outputs.reshape(-1, *outputs.shape[2:])
    here = _centred(flat[rows])
    null = np.empty((draws, outputs.shape[2]))
    for draw in range(draws):
        source = np.empty(len(outputs), dtype=np.int64)
        for members in alike:
            source[members] = rng.permutation(members)
        elsewhere = source[rows // length] * length + rows % length
        null[draw] = redundancy(_similarity(here, _centred(flat[elsewhere])))
    return null


def _centred(outputs: np.ndarray) -> Centred:
    """Of (n, H, d)."""
    n = len(outputs)
    if n < 4:
        raise StudyError(f"the similarity of heads needs at least 4 rows, found {n}")
    rows = np.stack([centred(outputs[:, h]) for h in range(outputs.shape[1])])
    lengths = (rows**2).sum(-1)
    own = _products(rows, lengths, rows, lengths)
    return Centred(rows, lengths, np.where(own > ROUNDING, own, np.nan))


def _similarity(x: Centred, y: Centred) -> np.ndarray:
    cross = _products(x.rows[:, None], x.lengths[:, None], y.rows[None], y.lengths[None])
    return cross / np.sqrt(x.own[:, None] * y.own)


def _products(x: np.ndarray, s: np.ndarray, y: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Of centred rows (..., n, d) and their squared lengths (..., n), to (...)."""
    return product_of_grams(np.linalg.norm(x.swapaxes(-1, -2) @ y, axis=(-1, -2)) ** 2, s, t)
