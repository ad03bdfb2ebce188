"""Attention probabilities query by query: the queries that say something, and the keys that are valid for each."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError


class Keys(NamedTuple):
    """Which tokens count in n texts or images of T tokens.

    valid: (n, T). evaluable: (n, T), valid queries with two valid keys or more. counts: (queries,), valid keys of each
    evaluable query.
    """

    valid: np.ndarray
    evaluable: np.ndarray
    counts: np.ndarray


def keys_of(valid: np.ndarray) -> Keys:
    """Of (n, T) bool, False at padding."""
    evaluable = valid & (valid.sum(1, keepdims=True) > 1)
    counts = np.broadcast_to(valid.sum(1, keepdims=True), valid.shape)
    return Keys(valid, evaluable, counts[evaluable])


def read(probabilities: np.ndarray, valid: np.ndarray | None) -> tuple[np.ndarray, Keys]:
    """Probabilities (n, H, T, T) as float64 and their `Keys`; all keys are valid where valid is None.

    Raises StudyError where the rows are not probabilities over the valid keys (but scores, for example).
    """
    if probabilities.ndim != 4 or probabilities.shape[2] != probabilities.shape[3]:
        raise StudyError(f"attention probabilities must be (n, heads, T, T); these are {probabilities.shape}")
    n, _, length, _ = probabilities.shape
    valid = np.ones((n, length), dtype=bool) if valid is None else valid
    if valid.shape != (n, length):
        raise StudyError(f"valid must be {(n, length)}, a flag a token; it is {valid.shape}")
    return checked(probabilities, valid), keys_of(valid)


def checked(probabilities: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(n, H, T, T) as float64. Raises StudyError unless they are probabilities over the valid keys (n, T)."""
    probabilities = probabilities.astype(np.float64)
    total = np.einsum("nhqk,nk->nqh", probabilities, valid.astype(np.float64))[valid]
    if (probabilities < 0).any() or not np.allclose(total, 1, rtol=0, atol=1e-4):
        raise StudyError(
            "attention probabilities must be at least 0 and sum to 1 over the valid keys of every valid query; pass what "
            "the softmax returns, not the scores"
        )
    return probabilities


def queries_of(probabilities: np.ndarray, keys: Keys) -> np.ndarray:
    """The evaluable queries of all examples: (n, H, T, T) to (H, T, queries)."""
    return probabilities.transpose(1, 3, 0, 2)[:, :, keys.evaluable]


def patterns_of(valid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different rows of (n, T) and which of them each row is, (n,)."""
    patterns, group = np.unique(valid, axis=0, return_inverse=True)
    return patterns, group.reshape(-1)


def mean_over_queries(values: np.ndarray) -> np.ndarray:
    """Over the last axis; NaN of nothing."""
    return values.mean(-1) if values.shape[-1] else np.full(values.shape[:-1], np.nan)
