"""How many units are silent, and how unevenly the others respond, where activations have exact zeros: behind a ReLU."""

import numpy as np
import pandas as pd

from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry


def treves_rolls(responses: np.ndarray) -> np.ndarray:
    """Lifetime sparseness of every unit over n stimuli: responses (n, d), none negative, to (d,).

    (1 - a) / (1 - 1/n) with a = mean(r)^2 / mean(r^2) (Treves & Rolls 1991, in the scale of Vinje & Gallant 2000): 0
    for a unit that responds to all stimuli alike, 1 for one that responds to a single stimulus, NaN for one that never
    responds.
    """
    responses = _scaled(responses, axis=0)
    square = (responses**2).mean(0)
    with np.errstate(invalid="ignore"):
        return (1 - responses.mean(0) ** 2 / square) / (1 - 1 / len(responses))


def hoyer(responses: np.ndarray) -> np.ndarray:
    """Population sparseness of every stimulus over d units: responses (n, d) to (n,).

    (sqrt(d) - |r|_1 / |r|_2) / (sqrt(d) - 1) (Hoyer 2004): 0 where all units respond alike, 1 where a single one does,
    NaN where none does or there is only one.
    """
    responses = _scaled(responses, axis=1)
    root = np.sqrt(responses.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        return (root - np.abs(responses).sum(1) / np.linalg.norm(responses, axis=1)) / (root - 1)


def measure(subject: Subject) -> pd.DataFrame:
    """Every layer behind a ReLU at every step. A unit's response to an example is its mean over positions or tokens.

    - zero_share [share]: exact zeros among all activations, of every unit on every example at every position or token
      (padding left out).
    - dead_units [count]: units that are zero in all of them.
    - treves_rolls [index]: lifetime sparseness, mean over units that ever respond: 0 for a unit that responds to all
      examples alike, 1 for one that responds to a single one. Source: Treves & Rolls 1991; Vinje & Gallant 2000.
    - hoyer [index]: population sparseness, mean over examples that any unit responds to: 0 where all units respond
      alike, 1 where a single one does; NaN where there are none. Source: Hoyer 2004.
    """
    entries = []
    for step in subject.steps:
        examples = subject.examples(step)
        for layer, (active, rows) in subject.active(step).items():
            values = {
                "zero_share": 1 - active.sum() / (rows * active.size),
                "dead_units": np.count_nonzero(active == 0),
                "treves_rolls": _mean(treves_rolls(examples[layer])),
                "hoyer": _mean(hoyer(examples[layer])),
            }
            entries += [entry(step, layer, quantity, value) for quantity, value in values.items()]
    return combine(entries)


def _scaled(responses: np.ndarray, axis: int) -> np.ndarray:
    """Responses in float64, divided by the largest along the axis so that no square underflows; zeros stay zeros."""
    responses = np.asarray(responses, dtype=np.float64)
    largest = np.abs(responses).max(axis, keepdims=True)
    return responses / np.where(largest > 0, largest, 1)


def _mean(values: np.ndarray) -> float:
    finite = values[~np.isnan(values)]
    return float(finite.mean()) if len(finite) else np.nan
