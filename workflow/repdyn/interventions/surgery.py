"""Setting units of a layer to chosen values, and what the network then puts out.

The units of an output are its features: the last axis of (n, units) and (n, tokens, units), the channels of
(n, channels, height, width). A unit is set wherever it occurs: at every token, at every place.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from repdyn.errors import StudyError
from repdyn.interventions.resume import resumed
from repdyn.training.tracker import evaluating

# Examples that go through the network together: few enough for their activations to stay in the cache.
CHUNK = 64


def unit_axis(output: torch.Tensor) -> int:
    """The axis of the units of a layer's output."""
    return 1 if output.ndim == 4 else output.ndim - 1


def values_of_units(output: torch.Tensor, valid: torch.Tensor | None = None) -> torch.Tensor:
    """A layer's output as (rows, units): a row for every example, token and place.

    valid (n, T) bool: the tokens that count, of an output (n, T, units). StudyError where it has another shape or no token.
    """
    rows = output.movedim(unit_axis(output), -1)
    if valid is None:
        return rows.flatten(0, -2)
    if rows.shape[:-1] != valid.shape or not valid.any():
        raise StudyError(
            f"of an output {tuple(output.shape)} the tokens that count are a mask {tuple(rows.shape[:-1])} with a valid"
            f" token; found {tuple(valid.shape)} with {int(valid.sum())}"
        )
    return rows[valid]


def set_units(output: torch.Tensor, units: Sequence[int], values: torch.Tensor | float) -> torch.Tensor:
    """A new tensor like `output` (n, ...) in which k units have other values; do(h[units] = values) of Pearl 2009.

    values: one number; (k,), one for each unit; (n, k), one for each example too; or a tensor like the output with only
    the k units on the axis of the units, one for each position too. StudyError for other shapes and unknown units.
    """
    axis = unit_axis(output)
    index = torch.as_tensor(np.asarray(units, dtype=np.int64))
    count = output.shape[axis]
    if index.ndim != 1 or len(index) and not 0 <= int(index.min()) <= int(index.max()) < count:
        raise StudyError(f"the layer has {count} units, numbered from 0; units are {index.tolist()}")
    shape = list(output.shape)
    shape[axis] = k = len(index)
    values = torch.as_tensor(values, dtype=output.dtype)
    if tuple(values.shape) not in {(), (k,), (len(output), k), tuple(shape)}:
        raise StudyError(
            f"values of {k} units in an output {tuple(output.shape)} are a number, {(k,)}, {(len(output), k)} or"
            f" {tuple(shape)}, not {tuple(values.shape)}"
        )
    if 0 < values.ndim < output.ndim:
        wide = [1] * output.ndim
        wide[axis] = k
        wide[0] = len(output) if values.ndim == 2 else 1
        values = values.reshape(wide)
    return output.clone().index_copy_(axis, index, values.expand(shape))


def outputs_under(
    model: nn.Module,
    inputs: torch.Tensor,
    path: str,
    changes: Sequence[Callable[[torch.Tensor, slice], torch.Tensor]],
    chunk: int = CHUNK,
) -> np.ndarray:
    """What the network puts out as it is, then under each change of the output of the module at a path.

    inputs (n, ...); change(output, rows) is the new output of the examples in rows, a slice. In evaluation mode, without
    gradients. Returns (1 + changes, n, classes), float64. StudyError for an unknown path or no inputs.
    """
    if not len(inputs):
        raise StudyError("there are no inputs to intervene on; at least one is needed")
    # One array for all: small results kept among the activations would split the memory that the next run could use again.
    found = None
    with torch.inference_mode(), evaluating(model):
        for start in range(0, len(inputs), chunk):
            rows = slice(start, min(start + chunk, len(inputs)))
            with resumed(model, path, inputs[rows]) as (output, run):
                for number, change in enumerate([None, *changes]):
                    result = run(change(output, rows) if change else output).numpy()
                    if found is None:
                        found = np.empty((1 + len(changes), len(inputs), *result.shape[1:]))
                    found[number, rows] = result
    return found


def unit_values(model: nn.Module, inputs: torch.Tensor, path: str, chunk: int = CHUNK) -> torch.Tensor:
    """The output of the module at a path on all inputs, in evaluation mode: (n, ...)."""
    with torch.inference_mode(), evaluating(model):
        kept = []
        for part in inputs.split(chunk):
            with resumed(model, path, part) as (output, _):
                kept.append(output)
        return torch.cat(kept)


def latent_surgery(
    model: nn.Module,
    inputs: torch.Tensor,
    path: str,
    units: Sequence[int],
    values: torch.Tensor | float,
    chunk: int = CHUNK,
) -> tuple[np.ndarray, np.ndarray]:
    """What the network puts out as it is and with units set: (n, classes) twice. units and values as for `set_units`."""
    values = torch.as_tensor(values)
    own = values.ndim > 1

    def change(output, rows):
        return set_units(output, units, values[rows] if own else values)

    if own and len(values) != len(inputs):
        raise StudyError(f"values for {len(values)} examples do not fit {len(inputs)} inputs")
    before, after = outputs_under(model, inputs, path, [change], chunk)
    return before, after
