"""Single features: how often they are active, and of which class they are detectors."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError, require_indices


class Labelled(NamedTuple):
    """The best detector of each class: feature (C,) int, threshold (C,), and F1 (C,) on held-out examples."""

    feature: np.ndarray
    threshold: np.ndarray
    f1: np.ndarray


def density(features: np.ndarray) -> np.ndarray:
    """Share of the rows (n, m) in which each feature is active (> 0): (m,)."""
    return (features > 0).mean(0)


def by_example(values: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Largest value over the rows of each example: (rows, m) -> (examples, m).

    owner (rows,): the example of each row, ascending; every example has rows.
    """
    return np.maximum.reduceat(values, np.flatnonzero(np.diff(owner, prepend=-1)), axis=0)


class Ranked(NamedTuple):
    """Values of m features on n examples, and how many examples have at least the value: (m, n) each, a feature a row."""

    values: np.ndarray
    said: np.ndarray


def ranked(features: np.ndarray) -> Ranked:
    """Of (n, m), for `class_detectors` with several labellings of the same features."""
    values = np.ascontiguousarray(features.T)
    order = np.argsort(-values, axis=1)
    falling = np.take_along_axis(values, order, 1)
    # Equal values fall on the same side of any threshold: the last of them says how many examples it takes.
    last = np.hstack([falling[:, :-1] > falling[:, 1:], np.ones((len(falling), 1), dtype=bool)])
    place = np.where(last, np.arange(1, last.shape[1] + 1), last.shape[1] + 1)
    said = np.empty(values.shape, dtype=np.int32)
    np.put_along_axis(said, order, np.minimum.accumulate(place[:, ::-1], axis=1)[:, ::-1].astype(np.int32), 1)
    return Ranked(values, said)


def class_detectors(
    features: np.ndarray | Ranked, labels: np.ndarray, held_out: np.ndarray, held_out_labels: np.ndarray, classes: int
) -> Labelled:
    """For each class the feature and the threshold with the largest F1 on (n, m), and their F1 on the held-out (n2, m).

    A feature says "this class" at or above its threshold. Of equal features the first. StudyError where a class is missing
    on either side, or where shapes do not fit.
    """
    values, said = features if isinstance(features, Ranked) else ranked(features)
    if len(values) != held_out.shape[1] or values.shape[1] != len(labels) or len(held_out) != len(held_out_labels):
        raise StudyError(
            f"features {values.shape[::-1]} and {held_out.shape} need the same m, and a label for each row"
        )
    for name, given in (("training", labels), ("held-out", held_out_labels)):
        missing = np.setdiff1d(np.arange(classes), given)
        if len(missing):
            raise StudyError(f"the {name} labels hold no example of class {missing[0]}; every class needs some")
        require_indices(f"{name} labels", given, classes)
    chosen, thresholds, scores = [], [], []
    for label in range(classes):
        # The best threshold is the value of an example of the class: between two of them only others are added.
        mine = np.flatnonzero(labels == label)
        reached = np.sort(said[:, mine], axis=1)
        f1 = 2 * np.arange(1, len(mine) + 1) / (reached + len(mine))
        feature = int(f1.max(1).argmax())
        threshold = values[feature, said[feature] == reached[feature, f1[feature].argmax()]][0]
        chosen.append(feature)
        thresholds.append(threshold)
        scores.append(_f1(held_out[:, feature] >= threshold, held_out_labels == label))
    return Labelled(np.array(chosen), np.array(thresholds), np.array(scores))


def _f1(said: np.ndarray, true: np.ndarray) -> float:
    return 2 * (said & true).sum() / (said.sum() + true.sum())
