"""Do a unit's best examples look like the input that excites it most?"""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError


class Likeness(NamedTuple):
    """Of every unit, (k,) each: mean cosine with its best examples; mean and deviation of that with random examples."""

    cosine: np.ndarray
    null_mean: np.ndarray
    null_sd: np.ndarray


def exemplars(activations: np.ndarray, count: int) -> np.ndarray:
    """Indices (count, k) of the examples on which each unit is most active: activations (n, k), highest first."""
    if not 1 <= count <= len(activations):
        raise StudyError(f"{len(activations)} examples have 1 to {len(activations)} best ones, asked for {count}.")
    return np.argsort(-activations, axis=0, kind="stable")[:count]


def exemplar_likeness(best: np.ndarray, examples: np.ndarray, activations: np.ndarray, count: int) -> Likeness:
    """Mean cosine of each unit's best input (k, d) and the `count` examples (n, d) that excite it most.

    activations (n, k). Null: as many examples drawn without replacement, exact mean and variance. Examples should be
    centred, or all cosines hold what they have in common. NaN for a unit or example of zeros.
    """
    if best.shape != (activations.shape[1], examples.shape[1]) or len(examples) != len(activations):
        raise StudyError(
            f"{len(activations)} examples of {activations.shape[1]} units need examples and best inputs of as many rows,"
            f" found {examples.shape} and {best.shape}."
        )
    cosine = _unit_rows(examples) @ _unit_rows(best).T
    n = len(cosine)
    chosen = exemplars(activations, count)
    deviation = cosine.std(0, ddof=1) * np.sqrt((1 - count / n) / count)
    return Likeness(np.take_along_axis(cosine, chosen, 0).mean(0), cosine.mean(0), deviation)


def _unit_rows(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x, dtype=np.float64)
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    return np.divide(x, norms, out=np.full(x.shape, np.nan), where=norms > 0)
