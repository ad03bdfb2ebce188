"""How much of a layer's variance lies between classes."""

import numpy as np
import pandas as pd

from repdyn.errors import StudyError
from repdyn.measures.similarity import centred
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry


def between_class_share(x: np.ndarray, labels: np.ndarray) -> float:
    """Between-class over total variance (traces) of (n, d) with labels (n,), in [0, 1]. NaN where x is constant."""
    return _share(centred(x), labels)


def between_class_share_null(x: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of `between_class_share` when the labels are permuted. Exact.

    The share is tr(H K), H the centred projection onto the C classes and K the Gram matrix of the centred rows. Its
    mean is (C - 1) / (n - 1); its variance is that of the product of two centred matrices, one of them permuted
    (Kazi-Aoual 1995). NaN where x is constant; the sd is NaN for fewer than 4 rows.
    """
    return _share_null(centred(x), labels)


def measure(subject: Subject) -> pd.DataFrame:
    """Every layer at every step; rows are `subject.examples`.

    - class_separability [share]: between-class over total variance. Null: labels permuted, exact. Source: Kazi-Aoual
      1995.
    """
    entries = []
    for step in subject.steps:
        for layer, x in subject.examples(step).items():
            rows = centred(x)
            value, null = _share(rows, subject.labels), _share_null(rows, subject.labels)
            entries.append(entry(step, layer, "class_separability", value, *null))
    return combine(entries)


def _share(x: np.ndarray, labels: np.ndarray) -> float:
    count = _counts(x, labels)
    return float(((_membership(labels).T @ x) ** 2 / count[:, None]).sum())


def _share_null(x: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    n, count = len(x), _counts(x, labels)
    if n < 2 or np.isnan(x[0, 0]):
        return np.nan, np.nan
    classes = len(count)
    mean = (classes - 1) / (n - 1)
    if n < 4:
        return mean, np.nan
    # Of each matrix: trace, squared norm and squared norm of the diagonal.
    projection = classes - 1, classes - 1, (count * (1 / count - 1 / n) ** 2).sum()
    product = x.T @ x if x.shape[1] < n else x @ x.T
    gram = 1.0, (product**2).sum(), ((x**2).sum(1) ** 2).sum()
    whole, diagonal = 1.0, 1.0
    for trace, square, diagonals in (projection, gram):
        whole *= (n - 1) * square - trace**2
        diagonal *= n * (n + 1) * diagonals - (n - 1) * (trace**2 + 2 * square)
    variance = 2 * whole / ((n - 1) ** 2 * (n + 1) * (n - 2)) + diagonal / ((n + 1) * n * (n - 1) * (n - 2) * (n - 3))
    return float(mean), float(np.sqrt(max(variance, 0)))


def _membership(labels: np.ndarray) -> np.ndarray:
    """Ones and zeros (n, C) of the classes that occur."""
    return (labels[:, None] == np.unique(labels)).astype(np.float64)


def _counts(x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    if labels.shape != (len(x),):
        raise StudyError(f"every row needs a label, found {len(x)} rows and labels of shape {labels.shape}")
    return np.unique(labels, return_counts=True)[1]
