"""What a network loses without some of its units, held at zero, at their mean, or at what they are on another example.

Zero is off the data where a unit is never silent, the mean may be a value that no example has; a resampled value is one
that occurs (Chan 2022, causal scrubbing). The three are one intervention with other values.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import t
from torch import nn

from repdyn.errors import StudyError
from repdyn.interventions.surgery import CHUNK, outputs_under, set_units, unit_axis, values_of_units


class Effects(NamedTuple):
    """Of k interventions on n examples, (k, n): rise of the cross-entropy in nats, and correct answers lost (1, 0, -1)."""

    loss: np.ndarray
    lost: np.ndarray


class Mean(NamedTuple):
    """Means over examples (k,), their Student intervals, and the deviation of the mean when signs are random."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    null_sd: np.ndarray


def effects(
    model: nn.Module,
    inputs: torch.Tensor,
    labels: np.ndarray,
    path: str,
    sets: Sequence[Sequence[int]],
    values: torch.Tensor | float,
    chunk: int = CHUNK,
) -> Effects:
    """What each set of units of a layer does for the loss and the answers: the units held at values, all at once.

    inputs (n, ...), labels (n,) of classes. values: one number (zero ablation: 0.0); (m,) of all m units (mean ablation:
    `unit_means`); or like the layer's output on all inputs (resample ablation: `donated`). StudyError for an unknown
    path, for labels or values that do not fit.
    """
    labels = np.asarray(labels)
    values = torch.as_tensor(values)
    if labels.shape != (len(inputs),) or labels.dtype.kind not in "iu":
        raise StudyError(f"{len(inputs)} inputs need one class number each, found labels of shape {labels.shape}")
    if values.ndim > 1 and len(values) != len(inputs):
        raise StudyError(f"values for {len(values)} examples do not fit {len(inputs)} inputs")

    def change(units):
        index = torch.as_tensor(np.asarray(units, dtype=np.int64))

        def changed(output, rows):
            m = output.shape[unit_axis(output)]
            if values.ndim > 0 and (values.shape[unit_axis(values)] if values.ndim > 1 else len(values)) != m:
                raise StudyError(f"{path} has {m} units; values of shape {tuple(values.shape)} have another number")
            if values.ndim < 2:
                return set_units(output, units, values[index] if values.ndim else values)
            return set_units(output, units, values[rows].index_select(unit_axis(output), index))

        return changed

    outputs = outputs_under(model, inputs, path, [change(units) for units in sets], chunk)
    loss, right = judged(outputs, labels)
    return Effects(loss[1:] - loss[0], right[0].astype(float) - right[1:])


def judged(outputs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cross-entropy, and whether the highest output is the label: outputs (..., n, classes), labels (n,); (..., n) each."""
    if outputs.shape[-1] <= labels.max():
        raise StudyError(f"outputs of {outputs.shape[-1]} classes cannot be judged by label {labels.max()}")
    shifted = outputs - outputs.max(-1, keepdims=True)
    right = np.take_along_axis(shifted, np.broadcast_to(labels, outputs.shape[:-1])[..., None], -1)[..., 0]
    return np.log(np.exp(shifted).sum(-1)) - right, outputs.argmax(-1) == labels


def over_examples(changes: np.ndarray, confidence: float = 0.95) -> Mean:
    """Means of changes (k, n) over examples. The intervals speak of other examples for this network, not of other networks.

    Null: whether a change helps or harms an example is the toss of a coin; mean 0, and the deviation is exact. StudyError
    for fewer than two examples.
    """
    changes = np.asarray(changes, dtype=np.float64)
    if changes.ndim != 2 or changes.shape[1] < 2:
        raise StudyError(f"an interval over examples needs at least two of them; changes have shape {changes.shape}")
    n = changes.shape[1]
    mean = changes.mean(1)
    half = t.ppf((1 + confidence) / 2, n - 1) * changes.std(1, ddof=1) / np.sqrt(n)
    return Mean(mean, mean - half, mean + half, np.sqrt((changes**2).sum(1)) / n)


def unit_means(output: torch.Tensor, valid: torch.Tensor | None = None) -> torch.Tensor:
    """The mean of every unit of a layer's output over examples, tokens and places: (m,). valid (n, T): tokens that count."""
    return values_of_units(output, valid).double().mean(0).to(output.dtype)


def donated(output: torch.Tensor, donors: np.ndarray, valid: torch.Tensor | None = None) -> torch.Tensor:
    """The rows `donors` (n,) of a layer's output, to be put in place of others. valid (n', T): its tokens that count.

    Padding is no value of a text: a donor shorter than what it replaces is repeated from its start. Its valid tokens
    come first. StudyError for a donor without any.
    """
    rows = output[torch.as_tensor(donors)]
    if valid is None:
        return rows
    lengths = valid.sum(1)
    first = torch.arange(valid.shape[1]) < lengths[:, None]
    if not torch.equal(first, valid) or not int(lengths.min()):
        raise StudyError("the valid tokens of every donor must come first, and there must be one")
    place = torch.arange(valid.shape[1]) % lengths[torch.as_tensor(donors)][:, None]
    return rows.gather(1, place[:, :, None].expand_as(rows))


def other_rows(n: int, rng: np.random.Generator) -> np.ndarray:
    """For each of n examples another one, at random, every one used once: (n,). StudyError for fewer than two."""
    if n < 2:
        raise StudyError(f"an example cannot be replaced by another one of {n}")
    order = rng.permutation(n)
    donors = np.empty(n, dtype=np.int64)
    donors[order] = np.roll(order, 1)
    return donors
