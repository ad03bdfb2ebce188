"""Mutual information from distances to nearest neighbours, in nats, without a density or bins."""

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import digamma

from repdyn.errors import StudyError

# Share of the rows that may have the value of another row: floats meet by chance, rounded values all the time.
TIES = 0.01
NEAREST = 64  # neighbours among which those of the same class are sought first


def ksg(x: np.ndarray, y: np.ndarray, k: int = 3) -> float:
    """Mutual information of (n, dx) and (n, dy), rows paired: the first estimator of Kraskov, Stoegbauer & Grassberger.

    psi(k) + psi(n) - <psi(nx + 1) + psi(ny + 1)> (2004, Phys. Rev. E 69, 066138, equation 8): nx, ny count rows nearer in
    x, y than the k-th neighbour in both, in the maximum norm. About 0, on either side, where x and y are independent. For
    continuous values of few dimensions. The two spaces have one scale each: give both the same spread. Raises StudyError
    for too few rows, and where more than TIES of the rows of x or y are `repeated`, as of rounded or clipped values: of
    independent normals, one rounded to a decimal, it would find 0.17 nats, and so does the estimator of Gao 2017 for mixed
    variables, whose distances meet the grid of the rounding.
    """
    x, y = _rows(x), _rows(y)
    n = len(x)
    for name, part in (("x", x), ("y", y)):
        if repeated(part) > TIES:
            raise StudyError(
                f"{repeated(part):.0%} of the rows of {name} have the value of another row: values must be continuous, not"
                " rounded, clipped or counted; of classes take class_information"
            )
    if len(y) != n or not 1 <= k < n:
        raise StudyError(f"{n} and {len(y)} rows must be as many, and more than the {k} neighbours")
    both = np.hstack([x, y])
    reach = cKDTree(both).query(both, k + 1, p=np.inf)[0][:, -1]
    _check_reach(reach, k)
    inside = np.nextafter(reach, 0)
    # A row counts itself, which makes n + 1 of n.
    counts = [cKDTree(part).query_ball_point(part, inside, p=np.inf, return_length=True) for part in (x, y)]
    return float(digamma(k) + digamma(n) - sum(digamma(count).mean() for count in counts))


def class_information(x: np.ndarray, labels: np.ndarray, k: int = 3) -> float:
    """Mutual information of (n, d) with classes (n,): psi(n) + psi(k) - <psi(n of the class)> - <psi(m)> (Ross 2014).

    PLoS ONE 9, e87357, equation 6: m counts rows of any class nearer than the k-th neighbour of the same class, that
    neighbour included; maximum norm. Never above the entropy of the labels but for chance. Raises StudyError where a class
    has k rows or fewer, there is one class only, or k rows of a class equal another.
    """
    x = _rows(x)
    labels = np.asarray(labels)
    if labels.shape != (len(x),):
        raise StudyError(f"{len(x)} rows have as many labels, found shape {labels.shape}")
    classes, inverse, count = np.unique(labels, return_inverse=True, return_counts=True)
    if len(classes) < 2 or count.min() <= k:
        raise StudyError(
            f"two or more classes of more than {k} rows are needed, found {dict(zip(classes, count, strict=True))}"
        )
    reach = np.empty(len(x))
    for each in range(len(classes)):
        own = x[inverse == each]
        reach[inverse == each] = cKDTree(own).query(own, k + 1, p=np.inf)[0][:, -1]
    _check_reach(reach, k)
    inside = cKDTree(x).query_ball_point(x, np.nextafter(reach, 0), p=np.inf, return_length=True)
    return float(digamma(len(x)) + digamma(k) - digamma(count[inverse]).mean() - digamma(inside).mean())


def class_informations(x: np.ndarray, labellings: np.ndarray, k: int = 3) -> np.ndarray:
    """`class_information` of one variable (n,) with each of s labellings (s, n) of as many rows per class: (s,).

    The distances are sorted once for all of them. NaN where `class_information` refuses.
    """
    x, labellings = np.asarray(x, dtype=np.float64), np.asarray(labellings)
    n = len(x)
    if x.shape != labellings.shape[1:] or labellings.ndim != 2 or n < 2:
        raise StudyError(f"labellings (s, n) of a variable (n,) are needed, found {labellings.shape} and {x.shape}")
    classes, count = np.unique(labellings[0], return_counts=True)
    if (np.sort(labellings, 1) != np.sort(labellings[0])).any():
        raise StudyError("labellings with as many rows per class are needed")
    if len(classes) < 2 or count.min() <= k or not np.isfinite(x).all():
        return np.full(len(labellings), np.nan)
    distances = np.abs(x[:, None] - x)
    order = distances.argsort(1)
    ascending = np.take_along_axis(distances, order, 1)
    rows = np.searchsorted(classes, labellings)
    kinds = rows.astype(np.min_scalar_type(len(classes)))
    return np.array([_of_sorted(order, ascending, *each, k) for each in zip(kinds, count[rows], strict=True)])


def _of_sorted(order: np.ndarray, ascending: np.ndarray, labels: np.ndarray, count: np.ndarray, k: int) -> float:
    """class_information from the neighbours (n, n) of rows, nearest first, and their distances; count (n,) of the class."""
    n = len(labels)
    for width in (min(NEAREST, n), n):
        alike = (labels[order[:, :width]] == labels[:, None]).cumsum(1, dtype=np.int32)
        if (alike[:, -1] > k).all():
            break
    place = (alike <= k).sum(1, keepdims=True)  # the row itself is the first of its class
    reach = np.take_along_axis(ascending, place, 1)
    if not reach.all():
        return np.nan
    nearer = (ascending[:, :width] < reach).sum(1)
    return float(digamma(n) + digamma(k) - digamma(count).mean() - digamma(nearer).mean())


def repeated(x: np.ndarray) -> float:
    """Share of the rows of (n, d) or (n,) that equal another row."""
    x = np.asarray(x)
    _, count = np.unique(x.reshape(len(x), -1), axis=0, return_counts=True)
    return float(count[count > 1].sum() / len(x))


def tied(x: np.ndarray, labels: np.ndarray, k: int = 3) -> bool:
    """Whether `class_information` has no value for (n, d): not finite, or k rows of a class equal another."""
    if not np.isfinite(x).all():
        return True
    _, rows = np.unique(np.column_stack([x, labels]), axis=0, return_counts=True)
    return bool(rows.max() > k)


def entropy(labels: np.ndarray) -> float:
    """Entropy of labels (n,) by their shares, in nats: no variable knows more of them. StudyError unless all are labels."""
    labels = np.asarray(labels)
    missing = labels.dtype.kind == "f" and not np.isfinite(labels).all()
    if labels.ndim != 1 or missing or labels.dtype.kind not in "biufU":
        raise StudyError(f"labels (n,), finite numbers or text, are needed, found {labels.dtype} {labels.shape}")
    share = np.unique(labels, return_counts=True)[1] / len(labels)
    return float(-(share * np.log(share)).sum())


def _rows(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x)
    if x.dtype.kind not in "biuf":
        raise StudyError(f"rows of real numbers are needed, found {x.dtype}")
    x = x.astype(np.float64, copy=False)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or len(x) < 2 or not x.shape[1] or not np.isfinite(x).all():
        raise StudyError(f"finite rows (n, d) are needed, two or more, found shape {x.shape}")
    if not np.ptp(x, axis=0).max():
        raise StudyError("all rows are equal: a constant has no neighbours to measure, and its information is 0")
    return x


def _check_reach(reach: np.ndarray, k: int) -> None:
    if not reach.all():
        raise StudyError(
            f"{(reach == 0).sum()} rows equal {k} others: values must be continuous, not rounded or counted"
        )
