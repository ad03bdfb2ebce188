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


def class_detectors(
    features: np.ndarray, labels: np.ndarray, held_out: np.ndarray, held_out_labels: np.ndarray, classes: int
) -> Labelled:
    """For each class the feature and the threshold with the largest F1 on (n, m), and their F1 on the held-out (n2, m).

    A feature says "this class" at or above its threshold. Of equal features the first. StudyError where a class is missing
    on either side, or where shapes do not fit.
    """
    if (
        features.shape[1:] != held_out.shape[1:]
        or len(features) != len(labels)
        or len(held_out) != len(held_out_labels)
    ):
        raise StudyError(f"features {features.shape} and {held_out.shape} need the same m, and a label for each row")
    for name, given in (("training", labels), ("held-out", held_out_labels)):
        missing = np.setdiff1d(np.arange(classes), given)
        if len(missing):
            raise StudyError(f"the {name} labels hold no example of class {missing[0]}; every class needs some")
        require_indices(f"{name} labels", given, classes)
    order = np.argsort(-features, axis=0, kind="stable")
    values = np.take_along_axis(features, order, 0)
    # Equal values fall on the same side of any threshold: only the last of them can be one.
    possible = np.vstack([values[:-1] > values[1:], np.ones((1, values.shape[1]), dtype=bool)])
    said = np.arange(1, len(features) + 1)[:, None]
    chosen, thresholds, scores = [], [], []
    for label in range(classes):
        hits = np.cumsum((labels == label)[order], axis=0)
        f1 = np.where(possible, 2 * hits / (said + (labels == label).sum()), -1)
        feature = int(f1.max(0).argmax())
        threshold = values[f1[:, feature].argmax(), feature]
        chosen.append(feature)
        thresholds.append(threshold)
        scores.append(_f1(held_out[:, feature] >= threshold, held_out_labels == label))
    return Labelled(np.array(chosen), np.array(thresholds), np.array(scores))


def _f1(said: np.ndarray, true: np.ndarray) -> float:
    return 2 * (said & true).sum() / (said.sum() + true.sum())
