"""Pairs of examples for patching: one of each of two classes, alike in shape, no example twice."""

import numpy as np

from repdyn.errors import StudyError, require_indices, require_labels


def nearest_classes(features: np.ndarray, labels: np.ndarray) -> tuple[int, int]:
    """The two classes whose mean features are nearest (Euclid), the smaller label first: features (n, d), labels (n,).

    Raises StudyError for fewer than two classes.
    """
    require_labels(features, labels)
    classes = np.unique(labels)
    if len(classes) < 2:
        raise StudyError(f"Two classes are needed to make pairs; the labels hold {len(classes)}.")
    means = np.stack([features[labels == label].mean(0, dtype=np.float64) for label in classes])
    distance = np.linalg.norm(means[:, None] - means[None], axis=-1)
    distance[np.tril_indices(len(classes))] = np.inf
    first, second = np.unravel_index(distance.argmin(), distance.shape)
    return int(classes[first]), int(classes[second])


def matched_pairs(first: np.ndarray, second: np.ndarray, shape: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As many pairs (k, 2) as possible of an index in `first` and one in `second` with the same `shape`, in random order.

    first, second: indices of the examples of two classes. shape: (n,) of all examples, what the two of a pair must share,
    such as a text's length: where it differs, padding would differ, and even all patches together would not turn one run
    into the other. Each example is in one pair at most, which makes pairs independent.
    """
    for side in (first, second):
        require_indices("examples", side, len(shape))
    pairs = []
    for value in np.unique(shape):
        ones, others = (rng.permutation(side[shape[side] == value]) for side in (first, second))
        pairs += list(zip(ones, others, strict=False))
    pairs = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return pairs[rng.permutation(len(pairs))]


def unrelated(shape: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each of n examples another with the same shape (n,), by index: a random cycle; itself where it is the only one."""
    other = np.arange(len(shape))
    for value in np.unique(shape):
        members = rng.permutation(np.flatnonzero(shape == value))
        other[members] = np.roll(members, 1)
    return other
