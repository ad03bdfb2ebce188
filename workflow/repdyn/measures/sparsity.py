"""How many units are silent, and how unevenly the others respond, where activations have exact zeros: behind a ReLU."""

import numpy as np
import pandas as pd
import torch
from torch import nn

from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.models.embedding import PADDING


def rectified(network: nn.Module, layers: list[str]) -> list[str]:
    """Those of `layers` (module paths) that end in a ReLU: the module is one, or a Sequential whose last module is."""
    return [layer for layer in layers if _last(network.get_submodule(layer)) is nn.ReLU]


def count_active(activations: np.ndarray) -> np.ndarray:
    """In how many rows each unit is not exactly zero: (n, d) to (d,)."""
    return np.count_nonzero(activations, axis=0)


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
    layers = rectified(subject.network, subject.layers)
    entries = []
    for step in subject.steps:
        examples = subject.examples(step)
        for layer, chunks in subject.capture(step, layers, _counts).items():
            active = sum(counts for counts, _ in chunks)
            rows = sum(number for _, number in chunks)
            values = {
                "zero_share": 1 - active.sum() / (rows * active.size),
                "dead_units": np.count_nonzero(active == 0),
                "treves_rolls": _mean(treves_rolls(examples[layer])),
                "hoyer": _mean(hoyer(examples[layer])),
            }
            entries += [entry(step, layer, quantity, value) for quantity, value in values.items()]
    return combine(entries)


def _last(module: nn.Module) -> type:
    """The type of the module that makes a module's output, as far as Sequentials tell."""
    while isinstance(module, nn.Sequential) and len(module):
        module = module[-1]
    return type(module)


def _counts(output: torch.Tensor, inputs: torch.Tensor, _) -> tuple[np.ndarray, int]:
    """Of a chunk: how often each unit is active, and of how many rows."""
    activations = _rows(output, inputs).numpy()
    return count_active(activations), len(activations)


def _rows(output: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """A chunk of a layer's output with one row per example, position or token, without padding."""
    if output.ndim == 4:
        return output.permute(0, 2, 3, 1).flatten(0, 2)
    if output.ndim == 3 and inputs.dtype == torch.int64:
        return output[inputs != PADDING]
    return output.flatten(0, -2)


def _scaled(responses: np.ndarray, axis: int) -> np.ndarray:
    """Responses in float64, divided by the largest along the axis so that no square underflows; zeros stay zeros."""
    responses = np.asarray(responses, dtype=np.float64)
    largest = np.abs(responses).max(axis, keepdims=True)
    return responses / np.where(largest > 0, largest, 1)


def _mean(values: np.ndarray) -> float:
    finite = values[~np.isnan(values)]
    return float(finite.mean()) if len(finite) else np.nan
