"""What subjects share: rotations into a common space, and correlations between subjects."""

from itertools import combinations

import numpy as np

from repdyn.alignment.ceiling import correlated
from repdyn.errors import StudyError

ROUNDS = 5


def hyperalignment(subjects: np.ndarray, rounds: int = ROUNDS) -> np.ndarray:
    """Rotations (subjects, d, d) that take the responses (subjects, n, d) of each to a common space (Haxby 2011).

    Each is turned onto the mean of the others that are aligned so far, round by round, by orthogonal Procrustes
    (Schoenemann 1966). Means over stimuli count for nothing: take them away before rotating. To be judged on other stimuli
    than these. StudyError for fewer than two subjects, or fewer stimuli than dimensions.
    """
    subjects = _subjects(subjects)
    n, d = subjects.shape[1:]
    if n <= d:
        raise StudyError(
            f"{n} stimuli do not determine a rotation of {d} dimensions; more stimuli than units are needed"
        )
    centred = subjects - subjects.mean(1, keepdims=True)
    aligned = centred.copy()
    for number in range(1, len(aligned)):  # the first round adds one subject after the other
        aligned[number] = centred[number] @ _onto(centred[number], aligned[:number].mean(0))
    rotations = np.empty((len(subjects), d, d))
    for _ in range(rounds):
        total = aligned.sum(0)
        rotations = np.stack([_onto(own, total - turned) for own, turned in zip(centred, aligned, strict=True)])
        aligned = centred @ rotations
    return rotations


def inter_subject_correlation(subjects: np.ndarray) -> float:
    """Mean correlation over stimuli between pairs of subjects (subjects, n, d) in the same dimension (Hasson 2004).

    Signal variance over all variance, where subjects share the signal and have noise of their own. Dimensions that do not
    vary in either are left out; NaN if all.
    """
    subjects = _subjects(subjects)
    found = np.concatenate([correlated(a, b) for a, b in combinations(subjects, 2)])
    return float(np.nanmean(found)) if np.isfinite(found).any() else np.nan


def _onto(x: np.ndarray, target: np.ndarray) -> np.ndarray:
    left, _, right = np.linalg.svd(x.T @ target)
    return left @ right


def _subjects(subjects: np.ndarray) -> np.ndarray:
    subjects = np.asarray(subjects, dtype=np.float64)
    if subjects.ndim != 3 or len(subjects) < 2 or not np.isfinite(subjects).all():
        raise StudyError(
            f"finite responses (subjects, stimuli, dimensions) of two subjects or more, all with the same dimensions, are"
            f" needed, found shape {subjects.shape}"
        )
    return subjects
