"""How alike two representations of the same rows are, whatever the basis: debiased CKA and Procrustes distance."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from repdyn.errors import StudyError
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.seeds import derive
from repdyn.spectrum import CONSTANT

# Length of a U-centred Gram matrix below which it is rounding noise: all rows are at equal distances from each other.
NOTHING = 1e-10
# The same of its square where that is a difference of larger numbers.
ROUNDING = 1e-14
# Rows of Gram matrices that are multiplied at a time: few enough for the cache.
BLOCK = 128


def centred(x: np.ndarray) -> np.ndarray:
    """(n, d) as float64 with centred columns and Frobenius norm 1.

    All NaN where x has nothing to compare: it is constant (to `spectrum.CONSTANT` of its largest entry) or not finite.
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or not x.size:
        raise StudyError(
            f"a representation is a matrix of rows and features, one of each or more, found shape {x.shape}"
        )
    largest = np.abs(x).max()
    if not 0 < largest < np.inf:
        return np.full(x.shape, np.nan)
    x = x / largest
    x -= x.mean(0)
    norm = np.linalg.norm(x)
    return np.full(x.shape, np.nan) if norm <= CONSTANT * np.sqrt(len(x)) else x / norm


def unbiased_gram(x: np.ndarray) -> np.ndarray:
    """Upper triangle of the U-centred linear Gram matrix of (n, d), of unit length: (n (n - 1) / 2,).

    U-centring (Szekely & Rizzo 2014) leaves the diagonal out, whose noise is what biases CKA, and makes the other
    entries of every row sum to 0. The dot product of two such vectors is `debiased_cka`. NaN where x is constant.
    """
    n = len(x)
    if n < 4:
        raise StudyError(f"U-centring needs at least 4 rows, found {n}")
    x = centred(x)
    gram = x @ x.T
    np.fill_diagonal(gram, 0)
    sums = gram.sum(0)
    gram -= (sums[:, None] + sums) / (n - 2) - sums.sum() / ((n - 1) * (n - 2))
    vector = gram[np.triu(np.ones((n, n), dtype=bool), 1)]
    length = np.linalg.norm(vector)
    return vector / length if length > NOTHING else np.full(vector.shape, np.nan)


def debiased_cka(x: np.ndarray, y: np.ndarray) -> float:
    """Linear CKA of (n, d1) and (n, d2) with the unbiased HSIC_1: at most 1, and 0 on average for unrelated rows.

    Kornblith 2019 for CKA, Song 2012 for HSIC_1, Murphy 2024 for the two together. Invariant to rotation and to one
    scale for all features, not to other invertible maps. NaN where x or y is constant. Raises StudyError where the rows
    do not match or are fewer than 4.
    """
    _same_rows(x, y)
    return float(unbiased_gram(x) @ unbiased_gram(y))


def debiased_ckas(rows: Sequence[np.ndarray]) -> np.ndarray:
    """`debiased_cka` of every pair of k matrices that are `centred`, each (n, d) with a d of its own: (k, k).

    By `product_of_grams`, block by block of the Gram matrices, none of which is ever whole.
    """
    n = len(rows[0])
    if n < 4:
        raise StudyError(f"U-centring needs at least 4 rows, found {n}")
    cross = np.zeros((len(rows), len(rows)))
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        square = np.stack([(x[start:stop] @ x[start:stop].T).ravel() for x in rows])
        cross += square @ square.T
        if stop < n:
            beside = np.stack([(x[start:stop] @ x[stop:].T).ravel() for x in rows])
            cross += 2 * beside @ beside.T
    lengths = np.stack([(x**2).sum(1) for x in rows])
    products = product_of_grams(cross, lengths[:, None], lengths)
    own = products.diagonal()
    own = np.where(own > ROUNDING, own, np.nan)
    return products / np.sqrt(own[:, None] * own)


def product_of_grams(cross: np.ndarray, s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The product of the U-centred Gram matrices of centred X and Y, up to a factor that n alone determines (...).

    cross (...): ||X'Y||^2, which is that of the Gram matrices themselves; s, t (..., n): squared lengths of the rows. Song
    2012 (equation 4): ||X'Y||^2 - n s.t / (n - 2) + sum(s) sum(t) / ((n - 1) (n - 2)).
    """
    n = s.shape[-1]
    return cross - n / (n - 2) * (s * t).sum(-1) + s.sum(-1) * t.sum(-1) / ((n - 1) * (n - 2))


def cka_null_sd(n: int) -> float:
    """Standard deviation of `debiased_cka` when the n rows of one matrix are permuted; the mean is 0. Exact.

    For U-centred A and B of unit norm the variance of sum_ij A_ij B_p(i)p(j) is the sum over pairs of entries that
    share two, one and no rows, 2 / (n (n-1)) + 4 / (n (n-1) (n-2)) + 4 / (n (n-1) (n-2) (n-3)), which is 2 / (n (n-3)).
    NaN for n < 4.
    """
    return float(np.sqrt(2 / (n * (n - 3)))) if n > 3 else np.nan


def procrustes_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Squared distance of (n, d1) and (n, d2) after the best rotation of one onto the other, in [0, 2].

    ||x||^2 + ||y||^2 - 2 ||x'y||_* with centred columns and unit Frobenius norms (Ding 2021; a metric in the sense of
    Williams 2021 is its square root): 0 for a rotated and scaled copy, 2 for nothing in common. NaN where x or y is
    constant.
    """
    _same_rows(x, y)
    return procrustes_of_centred(centred(x), centred(y))


def procrustes_of_centred(x: np.ndarray, y: np.ndarray) -> float:
    """`procrustes_distance` of matrices that are `centred`."""
    product = x.T @ y
    if np.isnan(product[0, 0]):
        return np.nan
    return max(float(2 - 2 * np.linalg.svd(product, compute_uv=False).sum()), 0.0)


def half_difference(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> float:
    """|difference| of `debiased_cka` between two random halves of the rows of (n, d1) and (n, d2).

    Were rows independent, half of it would estimate the standard error of the CKA on all rows, from a single draw.
    """
    return half_differences(x, [y], rng)[0]


def half_differences(x: np.ndarray, others: Sequence[np.ndarray], rng: np.random.Generator) -> list[float]:
    """`half_difference` of one matrix and each of several, between the same halves."""
    halves = np.array_split(rng.permutation(len(x)), 2)
    first, second = (debiased_ckas([centred(each[half]) for each in (x, *others)])[0, 1:] for half in halves)
    return np.abs(first - second).tolist()


def compared(subject: Subject) -> list[tuple[int, int]]:
    """Pairs (earlier, later) of steps: initialisation and every step, every step and the end, both ends of a window."""
    first, last = subject.grid[0], subject.grid[-1]
    pairs = {(first, step) for step in subject.steps} | {(step, last) for step in subject.steps}
    pairs |= {(window.before, window.after) for window in subject.windows}
    return sorted((earlier, later) for earlier, later in pairs if earlier < later)


def measure(subject: Subject) -> pd.DataFrame:
    """Every layer at later steps, compared with earlier ones (`reference`); rows are `subject.representations`.

    - cka [CKA]: debiased linear CKA of every pair of steps: 1 for a rotated and scaled copy, 0 on average for unrelated
      rows. Null: rows permuted, exact. It takes rows as exchangeable, which the tokens of one text are not: for
      transformers its deviation is too small. Source: Kornblith 2019; Song 2012; Murphy 2024.
    - cka_half_difference [CKA]: |difference| of the CKA between two random halves of the rows, of the fixed steps
      against initialisation: about twice its standard error.
    - procrustes [squared distance]: of centred matrices of unit norm after the best rotation of one onto the other, for
      the pairs of `compared`: 0 for a rotated and scaled copy, 2 for nothing in common. Source: Ding 2021.
    - cka_rows, cka_features [count]: rows and features of the layer, once, at the first step.
    """
    first, pairs = subject.grid[0], compared(subject)
    entries = []
    for layer in subject.layers:
        n, d = subject.representations(subject.steps[0])[layer].shape
        entries += [entry(subject.steps[0], layer, "cka_rows", n), entry(subject.steps[0], layer, "cka_features", d)]
        matrices = {step: subject.representations(step)[layer] for step in subject.steps}
        rows = {step: centred(x) for step, x in matrices.items()}
        cka = debiased_ckas(list(rows.values()))
        for (i, earlier), (j, later) in combinations(enumerate(subject.steps), 2):
            entries.append(entry(later, layer, "cka", cka[i, j], 0, cka_null_sd(n), reference=earlier))
        if len(subject.grid) > 1:
            rng = np.random.default_rng(derive(*subject.key, "cka halves"))
            differences = half_differences(matrices[first], [matrices[step] for step in subject.grid[1:]], rng)
            for step, value in zip(subject.grid[1:], differences, strict=True):
                entries.append(entry(step, layer, "cka_half_difference", value, reference=first))
        for earlier, later in pairs:
            value = procrustes_of_centred(rows[earlier], rows[later])
            entries.append(entry(later, layer, "procrustes", value, reference=earlier))
    return combine(entries)


def _same_rows(x: np.ndarray, y: np.ndarray) -> None:
    if len(x) != len(y):
        raise StudyError(f"both representations need the same rows, found {len(x)} and {len(y)}")
