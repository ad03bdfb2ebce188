"""How far the weights have moved."""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.linalg import eigh

from repdyn.errors import StudyError
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry


def weight_cosine(before: np.ndarray, after: np.ndarray) -> float:
    """Cosine of two tensors of the same shape, flattened. NaN where either is zero."""
    before, after = _flat(before, after)
    lengths = np.linalg.norm(before) * np.linalg.norm(after)
    return float(before @ after / lengths) if lengths > 0 else np.nan


def cosine_null_sd(size: int) -> float:
    """Standard deviation of the cosine of independent random directions in `size` dimensions; the mean is 0. Exact."""
    return float(1 / np.sqrt(size))


def weight_change(before: np.ndarray, after: np.ndarray) -> float:
    """Frobenius norm of the difference of two tensors of the same shape."""
    before, after = _flat(before, after)
    return float(np.linalg.norm(after - before))


def spectral_norm(weight: np.ndarray) -> float:
    """Largest singular value of a tensor (out, ...) as a matrix with `out` rows."""
    matrix = np.asarray(weight, dtype=np.float64).reshape(len(weight), -1)
    scale = np.abs(matrix).max()
    if not 0 < scale < np.inf:
        return 0.0 if scale == 0 else np.nan
    matrix = matrix / scale
    gram = matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix
    last = len(gram) - 1
    return float(scale * np.sqrt(eigh(gram, eigvals_only=True, subset_by_index=[last, last])[0]))


def measure(subject: Subject) -> pd.DataFrame:
    """Weight tensors of two axes or more; `layer` is the path of its module ("hidden.0.0") or its own ("positions").

    Later steps are compared with earlier ones (`reference`): initialisation with every step, all pairs of fixed steps
    and both ends of every window. NaN where the reference is zero.

    - weight_norm [Frobenius norm]: at every step.
    - weight_cosine [cosine]: of the flattened tensors. Null: random directions, exact.
    - weight_change [Frobenius norm]: of the difference.
    - relative_weight_change [share of the norm at the reference]: weight_change over that norm.
    - spectral_weight_change [share of the norm at the reference]: the same ratio of largest singular values.
    - weight_change_per_step [Frobenius norm per update]: weight_change over the updates in between, which makes spans
      of different length comparable.
    """
    first = subject.grid[0]
    pairs = {(first, step) for step in subject.steps} | set(combinations(subject.grid, 2))
    pairs |= {(window.before, window.after) for window in subject.windows}
    pairs = sorted((earlier, later) for earlier, later in pairs if earlier < later)
    entries = []
    for name, parameter in subject.network.named_parameters():
        if parameter.ndim < 2:
            continue
        layer = name.removesuffix(".weight")
        weights = {step: states[name].double().numpy() for step, states in subject.states.items()}
        norms = {step: float(np.linalg.norm(weight)) for step, weight in weights.items()}
        spectral = {step: spectral_norm(weights[step]) for step in {earlier for earlier, _ in pairs}}
        entries += [entry(step, layer, "weight_norm", norm) for step, norm in norms.items()]
        for earlier, later in pairs:
            before, after = weights[earlier], weights[later]
            change = weight_change(before, after)
            values = {
                "weight_change": change,
                "relative_weight_change": _ratio(change, norms[earlier]),
                "spectral_weight_change": _ratio(spectral_norm(after - before), spectral[earlier]),
                "weight_change_per_step": change / (later - earlier),
            }
            null = 0, cosine_null_sd(before.size)
            cosine = weight_cosine(before, after)
            entries.append(entry(later, layer, "weight_cosine", cosine, *null, reference=earlier))
            entries += [entry(later, layer, quantity, value, reference=earlier) for quantity, value in values.items()]
    return combine(entries)


def _flat(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    before, after = (np.asarray(weight, dtype=np.float64) for weight in (before, after))
    if before.shape != after.shape:
        raise StudyError(f"weights of one shape can be compared, found {before.shape} and {after.shape}")
    return before.ravel(), after.ravel()


def _ratio(change: float, reference: float) -> float:
    return change / reference if reference > 0 else np.nan
