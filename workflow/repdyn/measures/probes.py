"""Whether a linear read-out finds the class in a layer, against the same read-out of labels that mean nothing."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.linalg import eigh

from repdyn.errors import StudyError, require_indices
from repdyn.measures.similarity import centred
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.seeds import derive

CONTROLS = 50
# Ridge penalties from which the true labels choose, as shares of the largest variance.
PENALTIES = np.logspace(-6, 1, 8)
# Share of the largest variance below which a direction is rounding noise of float32 activations.
NOISE = 1e-12


def stratified_halves(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random half, 0 or 1, for every example (n,); the halves of a class differ by one example at most."""
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    half = np.empty(len(labels), dtype=np.int64)
    half[order] = np.arange(len(labels)) % 2
    return half


def control_labelings(labels: np.ndarray, half: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Labels (n,) shuffled over the examples of each half, so that both keep their class counts: (count, n)."""
    shuffled = np.tile(labels, (count, 1))
    for side in (0, 1):
        shuffled[:, half == side] = rng.permuted(shuffled[:, half == side], axis=1)
    return shuffled


def probe_accuracies(x: np.ndarray, labellings: np.ndarray, half: np.ndarray, classes: int) -> np.ndarray:
    """Held-out accuracy of linear probes of (n, d) for m labellings (m, n), the true one first: (m,).

    Each half is read by ridge regression onto one-hot labels (with intercept) fitted on the other. The penalty is the
    one of PENALTIES with the smallest leave-one-out error on the true labels of the fitted half (Allen 1974), and
    serves all labellings, which differ in nothing else. Features are centred and share one scale. NaN where x is
    constant in a half or not finite. Raises StudyError where a labelling changes the class counts of a half, since all
    share the intercept.
    """
    _check(x, labellings, half, classes)
    return _accuracies(x, _sides(labellings, half, classes))


def measure(subject: Subject) -> pd.DataFrame:
    """Every layer at the fixed steps and at both ends of every window; rows are `subject.examples`.

    - probe_accuracy [share]: held-out accuracy of a linear read-out of the class: ridge regression onto one-hot labels,
      fitted on one half of the examples and scored on the other. Null: mean and deviation of CONTROLS shuffled
      labellings, the control tasks of Hewitt & Liang, whose selectivity is the value less the null; halves and labellings
      are the same for all layers and steps. Source: Hewitt & Liang 2019.
    """
    half = stratified_halves(subject.labels, np.random.default_rng(derive(*subject.key, "probe halves")))
    rng = np.random.default_rng(derive(*subject.key, "probe controls"))
    labellings = np.vstack([subject.labels, control_labelings(subject.labels, half, CONTROLS, rng)])
    sides = _sides(labellings, half, subject.classes)
    steps = set(subject.grid) | {step for window in subject.windows for step in (window.before, window.after)}
    entries = []
    for step in sorted(steps):
        for layer, x in subject.examples(step).items():
            value, *controls = _accuracies(x, sides)
            entries.append(entry(step, layer, "probe_accuracy", value, np.mean(controls), np.std(controls, ddof=1)))
    return combine(entries)


class Side(NamedTuple):
    """What is read of one half by a fit on the other: which rows are fitted and read (n,), the one-hot labels of the fitted
    ones under the true labelling (n / 2, C) and under all m, side by side (n / 2, m C), and those to be read (n / 2, m)."""

    fitted: np.ndarray
    read: np.ndarray
    true: np.ndarray
    columns: np.ndarray
    answers: np.ndarray


def _sides(labellings: np.ndarray, half: np.ndarray, classes: int) -> list[Side]:
    sides = []
    for side in (0, 1):
        fitted, read = half != side, half == side
        one_hot = np.eye(classes)[labellings[:, fitted]]
        columns = one_hot.transpose(1, 0, 2).reshape(one_hot.shape[1], -1)
        sides.append(Side(fitted, read, one_hot[0], columns, labellings[:, read].T))
    return sides


def _accuracies(x: np.ndarray, sides: list[Side]) -> np.ndarray:
    """`probe_accuracies` of the labellings of which the sides were made."""
    count = sides[0].answers.shape[1]
    if not np.isfinite(x).all():
        return np.full(count, np.nan)
    hits = np.zeros(count)
    for fitted, read, true, columns, answers in sides:
        fitted_scores, read_scores, variance = _principal_scores(x[fitted], x[read])
        if not len(variance):
            return np.full(count, np.nan)
        penalty = _best_penalty(fitted_scores, variance, true)
        reading = (read_scores / (variance + penalty)) @ fitted_scores.T
        scores = (reading @ columns).reshape(len(reading), count, -1) + true.mean(0)
        hits += (scores.argmax(2) == answers).sum(0)
    return hits / len(x)


def _principal_scores(fitted: np.ndarray, read: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coordinates of both sets of rows along the principal directions of the fitted one, and its variance along them.

    By way of the smaller of the two Gram matrices. No directions where the fitted rows are constant.
    """
    rows = centred(fitted)
    if np.isnan(rows[0, 0]):
        return rows[:, :0], rows[:, :0], np.empty(0)
    mean = fitted.mean(0, dtype=np.float64)
    others = (read - mean) / np.linalg.norm(fitted - mean)
    if rows.shape[1] <= len(rows):
        variance, vectors = eigh(rows.T @ rows, driver="evd")
        keep = variance > NOISE * variance[-1]
        vectors = vectors[:, keep]
        return rows @ vectors, others @ vectors, variance[keep]
    variance, vectors = eigh(rows @ rows.T, driver="evd")
    keep = variance > NOISE * variance[-1]
    spread = np.sqrt(variance[keep])
    vectors = vectors[:, keep]
    return vectors * spread, (others @ rows.T) @ (vectors / spread), variance[keep]


def _best_penalty(scores: np.ndarray, variance: np.ndarray, one_hot: np.ndarray) -> float:
    """The penalty with the smallest leave-one-out error of ridge regression of one-hot labels (n, C) on (n, r)."""
    target = one_hot - one_hot.mean(0)
    products = scores.T @ target
    errors = []
    for penalty in PENALTIES * variance[-1]:
        shrunk = scores / (variance + penalty)
        leverage = (shrunk * scores).sum(1) + 1 / len(scores)
        errors.append((((target - shrunk @ products) / (1 - leverage)[:, None]) ** 2).sum())
    return float(PENALTIES[np.argmin(errors)] * variance[-1])


def _check(x: np.ndarray, labellings: np.ndarray, half: np.ndarray, classes: int) -> None:
    if x.ndim != 2 or labellings.shape[1:] != (len(x),) or half.shape != (len(x),):
        raise StudyError(f"x {x.shape}, labellings {labellings.shape} and half {half.shape} must agree in n")
    require_indices("labels", labellings, classes)
    for side in (0, 1):
        counts = [np.bincount(labels, minlength=classes).tolist() for labels in labellings[:, half == side]]
        if any(count != counts[0] for count in counts):
            raise StudyError("all labellings need the same class counts in each half; shuffle within halves")
