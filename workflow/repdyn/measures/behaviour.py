"""What the network does on the held-out examples, and which classes it acquires where."""

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from repdyn.errors import StudyError
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry

# Standard errors above chance from which a class counts as learnt.
ABOVE_CHANCE = 2.0


def cross_entropies(logits: np.ndarray) -> np.ndarray:
    """What each label would cost: logits (n, C) to -log softmax (n, C), in nats."""
    return -log_softmax(np.asarray(logits, dtype=np.float64), axis=1)


def decisions(logits: np.ndarray) -> np.ndarray:
    """The predicted class of logits (n, C) as ones and zeros (n, C)."""
    return np.eye(logits.shape[1])[logits.argmax(1)]


def mean_score(scores: np.ndarray, labels: np.ndarray) -> float:
    """Mean over examples of the score of the label: scores (n, C) of every possible label, labels (n,)."""
    _check(scores, labels)
    return float(scores[np.arange(len(labels)), labels].mean())


def mean_score_null(scores: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of `mean_score` when the labels are permuted. Exact.

    Hoeffding 1951: the sum of s(i, p(i)) over a random permutation p has variance sum_ij r_ij^2 / (n - 1), where r is s
    (n, n) less its row and column means. Columns of examples with the same label are equal.
    """
    _check(scores, labels)
    n, classes = scores.shape
    share = np.bincount(labels, minlength=classes) / n
    mean = scores.mean(0) @ share
    rest = scores - scores.mean(0) - (scores @ share)[:, None] + mean
    sd = np.sqrt((rest**2 @ share).sum() / n / (n - 1)) if n > 1 else np.nan
    return float(mean), float(sd)


def class_accuracies(decided: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Share of each class's examples decided right: decided (n, C), labels (n,) to (C,). NaN for a class with none."""
    _check(decided, labels)
    right = decided[np.arange(len(labels)), labels]
    count = np.bincount(labels, minlength=decided.shape[1])
    hits = np.bincount(labels, weights=right, minlength=decided.shape[1])
    return np.divide(hits, count, out=np.full(len(count), np.nan), where=count > 0)


def class_accuracies_null(decided: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sd, each (C,), of `class_accuracies` when the labels are permuted. Exact (hypergeometric).

    The mean is how often a class is decided at all: a network that always says 3 is right on every 3, and that is no
    skill.
    """
    _check(decided, labels)
    n, classes = decided.shape
    count = np.bincount(labels, minlength=classes).astype(np.float64)
    count[count == 0] = np.nan
    share = decided.mean(0)
    sd = np.sqrt(share * (1 - share) * (n - count) / (max(n - 1, 1) * count))
    return np.where(np.isnan(count), np.nan, share), sd


def onset(before: np.ndarray, after: np.ndarray, final: np.ndarray, chance: float, count: np.ndarray) -> np.ndarray:
    """Whether the accuracy of each class crosses, upwards, the midpoint between chance and its final value: all (C,).

    count: examples of the class. 1 where before < midpoint <= after, else 0; NaN for a class that is not learnt, its
    final accuracy less than ABOVE_CHANCE binomial standard errors above chance.
    """
    before, after, final, count = (np.asarray(values, dtype=np.float64) for values in (before, after, final, count))
    if not 0 < chance < 1:
        raise StudyError(f"chance is a probability between 0 and 1, found {chance}")
    midpoint = (chance + final) / 2
    error = np.sqrt(chance * (1 - chance) / np.where(count > 0, count, np.nan))
    learnt = final > chance + ABOVE_CHANCE * error
    return np.where(learnt, (before < midpoint) & (midpoint <= after), np.nan)


def measure(subject: Subject) -> pd.DataFrame:
    """The whole network (layer "") on all held-out examples, at every step.

    - test_loss [nats]: mean cross-entropy. Null: labels permuted, exact. Source: Hoeffding 1951.
    - test_accuracy [share]: share of the examples that are decided right. Null: labels permuted, exact. Source:
      Hoeffding 1951.
    - class_accuracy [share] (unit: class): the same of the examples of a class. Null: labels permuted, exact
      (hypergeometric): how often the class is decided at all.
    - class_onset [0 or 1] (unit: class): whether the accuracy of the class crosses the midpoint between chance (1 /
      classes) and its value at the last fixed step, from the step before a window (`reference`) to the one after it.
    """
    labels = subject.labels
    accuracies, entries = {}, []
    for step in subject.steps:
        decided = decisions(subject.logits(step))
        accuracies[step] = class_accuracies(decided, labels)
        for quantity, scores in (("test_loss", cross_entropies(subject.logits(step))), ("test_accuracy", decided)):
            entries.append(entry(step, "", quantity, mean_score(scores, labels), *mean_score_null(scores, labels)))
        entries.append(entry(step, "", "class_accuracy", accuracies[step], *class_accuracies_null(decided, labels)))
    count = np.bincount(labels, minlength=subject.classes)
    final = accuracies[subject.grid[-1]]
    for before, after in sorted({(window.before, window.after) for window in subject.windows}):
        learnt = onset(accuracies[before], accuracies[after], final, 1 / subject.classes, count)
        entries.append(entry(after, "", "class_onset", learnt, reference=before))
    return combine(entries)


def _check(scores: np.ndarray, labels: np.ndarray) -> None:
    if scores.ndim != 2 or not scores.size or labels.shape != (len(scores),):
        raise StudyError(f"scores (n, classes) need labels (n,), found {scores.shape} and {labels.shape}")
    if labels.min() < 0 or labels.max() >= scores.shape[1]:
        raise StudyError(f"labels must lie in 0..{scores.shape[1] - 1}, found {labels.min()}..{labels.max()}")
