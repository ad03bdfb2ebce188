"""Features in groups few enough for exact Shapley values: parts of an image, runs of words."""

import numpy as np

from repdyn.errors import require_indices


def image_parts(height: int, width: int, side: int) -> np.ndarray:
    """(height, width) int64: which of side x side parts, row by row and as equal as can be, a pixel belongs to."""
    down, across = (np.arange(size) * side // size for size in (height, width))
    return down[:, None] * side + across


def runs(known: np.ndarray, count: int) -> np.ndarray:
    """known (n, T) bool: which entries are features; the run of every one of them, 0..count - 1, -1 for the others.

    Runs of a row are as equal as can be; a row with fewer features than `count` has one each.
    """
    features = known.sum(1, keepdims=True)
    place = known.cumsum(1) - 1
    return np.where(known, place * np.minimum(count, features) // np.maximum(features, 1), -1)


def group_sums(maps: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """Sums (n, count) of maps (n, ...) over groups of the same shape; NaN for a group without features.

    -1: in no group; StudyError for any other number that is none.
    """
    require_indices("groups", groups[groups != -1], count)
    sums = np.full((len(maps), count), np.nan)
    for row, values, members in zip(sums, maps, groups, strict=True):
        chosen = members >= 0
        total = np.bincount(members[chosen], values[chosen], minlength=count)
        row[:] = np.where(np.bincount(members[chosen], minlength=count) > 0, total, np.nan)
    return sums
