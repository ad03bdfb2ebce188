"""Setting units of a layer to chosen values, and what the network then puts out.

The units of an output are its features, the last axis of (n, tokens, units), or its channels, the first of (n, channels,
height, width) after the examples; `activations.axes` knows or asks. A unit is set wherever it occurs: at every token, at
every place.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from repdyn.activations.addresses import Where, address
from repdyn.activations.answers import Inputs, array, checked, parts
from repdyn.activations.axes import unit_axis
from repdyn.activations.resume import resumed
from repdyn.errors import StudyError
from repdyn.training.tracker import evaluating

# Examples that go through the network together: few enough for their activations to stay in the cache.
CHUNK = 64


def values_of_units(output: torch.Tensor, valid: torch.Tensor | None = None, axis: int | None = None) -> torch.Tensor:
    """A layer's output as (rows, units): a row for every example, token and place.

    valid (n, T) bool: the tokens that count, of an output (n, T, units). axis: of the units, needed without it for what is
    not (n, units). StudyError where the output has another shape or no token.
    """
    rows = output.movedim(-1 if valid is not None else _axis(output, axis), -1)
    if valid is None:
        return rows.flatten(0, -2)
    if rows.shape[:-1] != valid.shape or not valid.any():
        raise StudyError(
            f"of an output {tuple(output.shape)} the tokens that count are a mask {tuple(rows.shape[:-1])} with a valid"
            f" token; found {tuple(valid.shape)} with {int(valid.sum())}"
        )
    return rows[valid.to(rows.device)]


def set_units(
    output: torch.Tensor, units: Sequence[int], values: torch.Tensor | float, axis: int | None = None
) -> torch.Tensor:
    """A new tensor like `output` (n, ...) in which k units have other values; do(h[units] = values) of Pearl 2009.

    values: one number; (k,), one for each unit; (n, k), one for each example too; or a tensor like the output with only
    the k units on the axis of the units, one for each position too. axis: of the units, needed for what is not (n, units).
    StudyError for other shapes and unknown units.
    """
    axis = _axis(output, axis)
    index = torch.as_tensor(np.asarray(units, dtype=np.int64), device=output.device)
    count = output.shape[axis]
    if index.ndim != 1 or len(index) and not 0 <= int(index.min()) <= int(index.max()) < count:
        raise StudyError(f"the layer has {count} units, numbered from 0; units are {index.tolist()}")
    shape = list(output.shape)
    shape[axis] = k = len(index)
    values = torch.as_tensor(values, dtype=output.dtype, device=output.device)
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


def _axis(output: torch.Tensor, axis: int | None) -> int:
    if axis is None and output.ndim != 2:
        raise StudyError(f"of an output {tuple(output.shape)} the axis of the units must be given: axis=1 for channels")
    return 1 if axis is None else axis % output.ndim


def outputs_under(
    model: nn.Module,
    inputs: Inputs,
    path: Where,
    changes: Sequence[Callable[[torch.Tensor, slice], torch.Tensor]],
    chunk: int = CHUNK,
) -> np.ndarray:
    """What the network puts out as it is, then under each change of the output at an address.

    inputs (n, ...), or several; change(output, rows) is the new output of the examples in rows, a slice. In evaluation mode,
    without gradients. Returns (1 + changes, n, ...), float64. StudyError for an unknown path, no inputs or NaN in them.
    """
    n = checked(inputs)
    # One array for all: small results kept among the activations would split the memory that the next run could use again.
    found = None
    with torch.inference_mode(), evaluating(model):
        for rows, part in parts(inputs, chunk):
            with resumed(model, path, part) as (output, run):
                for number, change in enumerate([None, *changes]):
                    result = array(run(change(output, rows) if change else output))
                    if found is None:
                        found = np.empty((1 + len(changes), n, *result.shape[1:]))
                    found[number, rows] = result
    return found


def unit_values(model: nn.Module, inputs: Inputs, path: Where, chunk: int = CHUNK) -> torch.Tensor:
    """The output at an address on all inputs, in evaluation mode: (n, ...)."""
    checked(inputs)
    with torch.inference_mode(), evaluating(model):
        kept = []
        for _, part in parts(inputs, chunk):
            with resumed(model, path, part) as (output, _):
                kept.append(output)
        return torch.cat(kept)


def latent_surgery(
    model: nn.Module,
    inputs: Inputs,
    path: Where,
    units: Sequence[int],
    values: torch.Tensor | float,
    chunk: int = CHUNK,
) -> tuple[np.ndarray, np.ndarray]:
    """What the network puts out as it is and with units set: (n, classes) twice. units and values as for `set_units`."""
    values = torch.as_tensor(values, dtype=torch.float64 if np.isscalar(values) else None)
    own = values.ndim > 1

    def change(output, rows):
        return set_units(output, units, values[rows] if own else values, unit_axis(model, address(path), output))

    n = checked(inputs)
    if own and len(values) != n:
        raise StudyError(f"values for {len(values)} examples do not fit {n} inputs")
    before, after = outputs_under(model, inputs, path, [change], chunk)
    return before, after
