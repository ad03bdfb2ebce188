"""Does a unit prefer a class? The class selectivity index (Morcos 2018) and an area under the ROC curve, cross-validated.

The class with the highest of ten means stands out in any noise. The preferred class is therefore chosen on one half of the
examples and judged on the other, both ways, and the index is compared with the same index for shuffled labels. Both
measures are free of the scale of a unit's activity, which a class mean is not.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from repdyn.errors import StudyError
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.roles import unit_layers
from repdyn.seeds import derive

PERMUTATIONS = 100


def stratified_half(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random half of the examples, (n,) bool, with half of every class (n,) in it; of an odd one, either part at random.

    Raises StudyError for a class with a single example, which cannot be in both halves.
    """
    half = np.zeros(len(labels), dtype=bool)
    for label, count in zip(*np.unique(labels, return_counts=True), strict=True):
        if count < 2:
            raise StudyError(f"Class {label} has one example: cross-validation needs two or more of every class.")
        members = rng.permutation(np.flatnonzero(labels == label))
        half[members[: (count + rng.integers(2)) // 2]] = True
    return half


def shuffled_within(labels: np.ndarray, half: np.ndarray, permutations: int, rng: np.random.Generator) -> np.ndarray:
    """Labels (n,) permuted within each half (n,) bool, so that both keep their classes; (permutations, n)."""
    shuffled = np.tile(labels, (permutations, 1))
    for part in (half, ~half):
        shuffled[:, part] = rng.permuted(shuffled[:, part], axis=1)
    return shuffled


def class_means(activations: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean activation of every class: activations (n, d), sets of labels (p, n), to (p, classes, d)."""
    member = _membership(labels)
    return _sums(member, activations) / member.sum(2, keepdims=True)


def class_auc(activations: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Area under the ROC curve of every class against the rest, shapes as in `class_means`.

    The share of pairs of an example of the class and one of the rest in which the former has the higher activation, ties
    counting half (Mann & Whitney 1947), from the sum of ranks.
    """
    member = _membership(labels)
    inside = member.sum(2, keepdims=True)
    ranks = rankdata(activations, axis=0)
    return (_sums(member, ranks) - inside * (inside + 1) / 2) / (inside * (labels.shape[1] - inside))


def preferred_class(activations: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The class with the highest mean activation per unit: activations (n, d), labels (n,) to (d,); NaN for a dead unit."""
    classes = np.unique(labels)
    best = classes[class_means(activations, labels[None])[0].argmax(0)]
    return np.where(activations.any(0), best, np.nan)


def selectivity(activations: np.ndarray, labels: np.ndarray, half: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Class selectivity index and area under the ROC curve of the preferred class, each (p, d), for p sets of labels.

    activations: (n, d), non-negative. labels: (p, n). half: (n,) bool. Index: (mu_max - mu_rest) / (mu_max + mu_rest) with
    the mean of the preferred class and the mean of the other classes' means (Morcos 2018); 1 for a unit active
    for one class only, 0 for one that ignores the class, below 0 where the preference does not carry over. The preferred
    class has the highest mean on one half; both are taken on the other half; the average over both ways. A unit that is
    silent on one half is NaN. Raises StudyError for negative activations, for which the index has no meaning, and for a
    single class.
    """
    if not (activations >= 0).all():
        raise StudyError("The selectivity index needs non-negative activations, such as those after a ReLU.")
    if len(np.unique(labels)) < 2:
        raise StudyError("Selectivity compares a class with the others: the labels must hold two classes or more.")
    parts = [(activations[part], labels[:, part]) for part in (half, ~half)]
    means = [class_means(*part) for part in parts]
    areas = [class_auc(*part) for part in parts]
    live = parts[0][0].any(0) & parts[1][0].any(0)
    index, area = 0.0, 0.0
    for chosen, judged in ((0, 1), (1, 0)):
        best = means[chosen].argmax(1)[:, None]
        top = np.take_along_axis(means[judged], best, 1)[:, 0]
        rest = (means[judged].sum(1) - top) / (means[judged].shape[1] - 1)
        index = index + (top - rest) / np.where(live, top + rest, 1) / 2
        area = area + np.take_along_axis(areas[judged], best, 1)[:, 0] / 2
    return np.where(live, index, np.nan), np.where(live, area, np.nan)


def half_of(subject: Subject) -> np.ndarray:
    """The half of a subject's examples, (n,) bool; the same at every step, so that a change is not one of the split."""
    return stratified_half(subject.labels, np.random.default_rng(derive(*subject.key, "selectivity half")))


def measure(subject: Subject) -> pd.DataFrame:
    """Every unit (channel of a CNN, averaged over space) of every hidden layer at every step; unit = its index.

    A dead unit is NaN throughout.

    - selectivity [index] (unit: unit): class selectivity, (preferred class - the others) / their sum, of mean
      activations; the preferred class is chosen on one half of the examples and judged on the other. Null: mean and
      deviation per unit from 100 shuffles of the labels, the same for all units and steps. Source: Morcos 2018.
    - selectivity_auc [area] (unit: unit): area under the ROC curve of the preferred class against the rest,
      cross-validated alike. Null: mean 1/2, exact, as choice and judgement see independent labels; deviation from the
      same shuffles. Source: Mann & Whitney 1947.
    - preferred_class [class] (unit: unit): the class with the highest mean activation over all examples.
    """
    return combine(_entries(subject))


def _entries(subject: Subject) -> Iterator[dict]:
    half = half_of(subject)
    rng = np.random.default_rng(derive(*subject.key, "selectivity shuffles"))
    labels = np.vstack([subject.labels, shuffled_within(subject.labels, half, PERMUTATIONS, rng)])
    for step in subject.steps:
        activations = subject.examples(step)
        for layer in unit_layers(subject.roles):
            units = activations[layer].astype(np.float64)
            index, area = selectivity(units, labels, half)
            yield entry(step, layer, "selectivity", index[0], index[1:].mean(0), index[1:].std(0, ddof=1))
            chance = np.where(np.isnan(area[0]), np.nan, 0.5)
            yield entry(step, layer, "selectivity_auc", area[0], chance, area[1:].std(0, ddof=1))
            yield entry(step, layer, "preferred_class", preferred_class(units, subject.labels))


def _sums(member: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Of (n, d) over the members of every class, (p, classes, n): (p, classes, d). One product of matrices, not p."""
    return (member.reshape(-1, member.shape[2]) @ values).reshape(*member.shape[:2], -1)


def _membership(labels: np.ndarray) -> np.ndarray:
    """Sets of labels (p, n) as indicators (p, classes, n) float64, classes as they occur, ascending."""
    return (labels[:, None] == np.unique(labels)[:, None]).astype(np.float64)
