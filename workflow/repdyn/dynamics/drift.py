"""How far a representation has drifted, and what the numbers are when nothing, or everything, has changed."""

import numpy as np
import torch

from repdyn.errors import StudyError
from repdyn.measures.similarity import unbiased_gram


def drift(x: np.ndarray, y: np.ndarray) -> float:
    """1 - debiased linear CKA (Kornblith 2019; Murphy 2024) of (n, d1) and (n, d2), the same n rows.

    0 for a representation that has only been rotated or scaled, about 1 for an unrelated one; noise may lead above 1. NaN
    where one is constant. StudyError where the rows do not match or are fewer than 4.
    """
    return float(drift_matrix([x, y])[0, 1])


def drift_matrix(representations: list[np.ndarray]) -> np.ndarray:
    """`drift` of all pairs of representations, each (n, d) of the same n rows: (k, k)."""
    if not all(np.ndim(x) == 2 and np.asarray(x).dtype.kind in "biuf" for x in representations):
        raise StudyError("drift compares matrices (n, d) of real numbers")
    rows = {len(x) for x in representations}
    if len(rows) != 1:
        raise StudyError(f"drift compares representations of the same rows, found {sorted(rows)} rows")
    grams = np.stack([unbiased_gram(x) for x in representations])
    return 1 - grams @ grams.T


def retest_error(values: np.ndarray) -> np.ndarray:
    """Standard error of an estimate on all rows, from estimates on disjoint halves: (splits, 2, ...) to (...).

    Estimates on independent halves differ with twice the variance of one half, which is twice that of the whole: half the
    root mean square difference over random splits.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim < 2 or values.shape[1] != 2:
        raise StudyError(f"estimates on two halves of every split are needed, found shape {values.shape}")
    return np.sqrt(((values[:, 0] - values[:, 1]) ** 2).mean(0)) / 2


def halves(n: int, splits: int, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Random disjoint halves of n rows: pairs of row numbers of equal length; an odd row is left out."""
    orders = [rng.permutation(n) for _ in range(splits)]
    return [(order[: n // 2], order[n // 2 : n // 2 * 2]) for order in orders]


def independent_state(state: dict[str, torch.Tensor], rng: np.random.Generator) -> dict[str, torch.Tensor]:
    """Another initialisation like `state`, the weights of a network before training: each tensor's entries in random order.

    Where the entries of a tensor are drawn independently from one distribution, as PyTorch's default, Xavier, Kaiming and
    constant initialisers do, the result is a draw of the same initialiser. It is not for structured ones (orthogonal).
    """
    return {name: value.flatten()[torch.from_numpy(rng.permutation(value.numel()))].reshape(value.shape)
            for name, value in state.items()}  # fmt: skip
