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

from repdyn.activations.addresses import Where, address, named
from repdyn.activations.answers import IGNORED, Inputs, checked, checked_labels
from repdyn.activations.axes import unit_axis
from repdyn.errors import StudyError, require_indices
from repdyn.interventions.surgery import CHUNK, outputs_under, set_units, values_of_units


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
    inputs: Inputs,
    labels: np.ndarray,
    path: Where,
    sets: Sequence[Sequence[int]],
    values: torch.Tensor | float,
    chunk: int = CHUNK,
) -> Effects:
    """What each set of units of a layer does for the loss and the answers: the units held at values, all at once.

    inputs (n, ...), labels (n,) of classes; or (n, T) of outputs (n, T, classes), IGNORED where a position does not count:
    an example has the mean over its positions. values: one number (zero ablation: 0.0); (m,) of all m units (mean
    ablation: `unit_means`); or like the layer's output on all inputs (resample ablation: `donated`). StudyError for an
    unknown path, for labels or values that do not fit, and for a network with one output, which has no classes.
    """
    n = checked(inputs)
    labels = np.asarray(labels)
    values = torch.as_tensor(values, dtype=torch.float64 if np.isscalar(values) else None)
    if labels.ndim not in (1, 2) or len(labels) != n or labels.dtype.kind not in "iu":
        raise StudyError(f"{n} inputs need one class number each, found labels of shape {labels.shape}")
    if values.ndim > 1 and len(values) != n:
        raise StudyError(f"values for {len(values)} examples do not fit {n} inputs")
    place, known = address(path), {}

    def change(units):
        index = torch.as_tensor(np.asarray(units, dtype=np.int64))

        def changed(output, rows):
            if not known:
                known["axis"] = unit_axis(model, place, output)
            axis = known["axis"]
            m = output.shape[axis]
            if values.ndim > 0 and (values.shape[axis] if values.ndim == output.ndim else values.numel()) != m:
                raise StudyError(
                    f"{named(path)} has {m} units; values of shape {tuple(values.shape)} have another number"
                )
            require_indices(f"units of {named(path)}", units, m)
            if values.ndim < 2:
                return set_units(output, units, values[index.to(values.device)] if values.ndim else values, axis)
            # One pass over the layer, whatever its memory format and however many units there are.
            mine = torch.zeros(m, dtype=torch.bool, device=output.device)
            mine[index.to(output.device)] = True
            wide = [1] * output.ndim
            wide[axis] = m
            return torch.where(mine.view(wide), values[rows].to(output), output)

        return changed

    outputs = outputs_under(model, inputs, path, [change(units) for units in sets], chunk)
    loss, right = judged(outputs, labels)
    return Effects(loss[1:] - loss[0], right[0].astype(float) - right[1:])


def judged(outputs: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cross-entropy, and whether the highest output is the label: outputs (..., n, classes), labels (n,); (..., n) each.

    Of a sequence, outputs (..., n, T, classes) and labels (n, T), means over the positions that are not IGNORED. StudyError
    for labels that are no class, fewer than two classes, and an example without a position that counts.
    """
    labels = checked_labels(labels, outputs.shape)
    counted = labels != IGNORED
    known = np.where(counted, labels, 0)
    shifted = outputs - outputs.max(-1, keepdims=True)
    right = np.take_along_axis(shifted, np.broadcast_to(known, outputs.shape[:-1])[..., None], -1)[..., 0]
    loss, correct = np.log(np.exp(shifted).sum(-1)) - right, outputs.argmax(-1) == known
    if labels.ndim == 1:
        return loss, correct
    return tuple((each * counted).sum(-1) / counted.sum(-1) for each in (loss, correct))


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


def unit_means(output: torch.Tensor, valid: torch.Tensor | None = None, axis: int | None = None) -> torch.Tensor:
    """The mean of every unit of a layer's output over examples, tokens and places: (m,). valid (n, T): tokens that count.

    axis: of the units, as for `values_of_units`.
    """
    return values_of_units(output, valid, axis).double().mean(0).to(output.dtype)


def donated(output: torch.Tensor, donors: np.ndarray, valid: torch.Tensor | None = None) -> torch.Tensor:
    """The rows `donors` (n,) of a layer's output, to be put in place of others. valid (n', T): its tokens that count.

    Padding is no value of a text: a donor shorter than what it replaces is repeated from its start. Its valid tokens
    come first. StudyError for a donor that is none or without any.
    """
    require_indices("donors", donors, len(output))
    rows = output[torch.as_tensor(donors, device=output.device)]
    if valid is None:
        return rows
    valid = valid.to(output.device)
    lengths = valid.sum(1)
    first = torch.arange(valid.shape[1], device=valid.device) < lengths[:, None]
    if not torch.equal(first, valid) or not int(lengths.min()):
        raise StudyError("the valid tokens of every donor must come first, and there must be one")
    place = (
        torch.arange(valid.shape[1], device=valid.device)
        % lengths[torch.as_tensor(donors, device=valid.device)][:, None]
    )
    return rows.gather(1, place.view(*place.shape, *[1] * (rows.ndim - 2)).expand_as(rows))


def other_rows(n: int, rng: np.random.Generator) -> np.ndarray:
    """For each of n examples another one, at random, every one used once: (n,). StudyError for fewer than two."""
    if n < 2:
        raise StudyError(f"an example cannot be replaced by another one of {n}")
    order = rng.permutation(n)
    donors = np.empty(n, dtype=np.int64)
    donors[order] = np.roll(order, 1)
    return donors
