"""What goes into a model and what comes out: several inputs, and the one tensor that is its answer."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from repdyn.errors import StudyError, require_indices

Inputs = torch.Tensor | tuple | dict

# The label of a position of a sequence that does not count, as in torch.nn.functional.cross_entropy.
IGNORED = -100


def answer(model: nn.Module, inputs: Inputs) -> torch.Tensor:
    """What a model puts out: inputs are a tensor, a tuple of several, or a dictionary of named ones.

    StudyError where that is not one tensor with a row for every example.
    """
    result = (
        model(*inputs) if isinstance(inputs, tuple) else model(**inputs) if isinstance(inputs, dict) else model(inputs)
    )
    if not isinstance(result, torch.Tensor):
        keys = list(result) if isinstance(result, dict) else getattr(result, "_fields", None)
        raise StudyError(
            f"{type(model).__name__} returns a {type(result).__name__}"
            + (f" of {', '.join(map(repr, keys))}" if keys else "")
            + "; say which part is its answer: activations.addresses.Answering(model, output)"
        )
    if result.ndim == 0 or len(result) != count(inputs):
        raise StudyError(
            f"{type(model).__name__} puts out {tuple(result.shape)} for {count(inputs)} examples: the first axis of inputs"
            " and outputs must be the examples (not time, as of batch_first=False)"
        )
    return result


def count(inputs: Inputs) -> int:
    """Number of examples. StudyError for none, for inputs of different lengths, and for NaN among them."""
    found = {len(each) for each in _each(inputs) if isinstance(each, torch.Tensor) and each.ndim}
    if len(found) != 1:
        raise StudyError(f"all inputs need the same number of examples, found {sorted(found) or 'no tensor'}")
    return found.pop()


def checked(inputs: Inputs) -> int:
    """`count`, of inputs that are there and hold no NaN."""
    n = count(inputs)
    if not n:
        raise StudyError("there are no inputs to intervene on; at least one is needed")
    for each in _each(inputs):
        if isinstance(each, torch.Tensor) and each.is_floating_point() and each.isnan().any():
            wrong = int(each.isnan().flatten(1).any(1).sum()) if each.ndim > 1 else int(each.isnan().sum())
            raise StudyError(f"{wrong} of {n} inputs hold NaN, and what a network makes of NaN says nothing of it")
    return n


def shapes(inputs: Inputs) -> str:
    """The shapes of inputs, to be compared and to be shown."""
    found = [str(tuple(each.shape)) for each in _each(inputs) if isinstance(each, torch.Tensor)]
    return ", ".join(found)


def rows_of(inputs: Inputs, rows) -> Inputs:
    """Some of the examples: rows is a slice, or an index (k,) of numbers. StudyError for one that is no example."""
    if not isinstance(rows, slice):
        require_indices("examples", rows, count(inputs))

    def taken(each):
        if not (isinstance(each, torch.Tensor) and each.ndim):
            return each
        return each[rows] if isinstance(rows, slice) else each[torch.as_tensor(np.asarray(rows), device=each.device)]

    if isinstance(inputs, dict):
        return {name: taken(each) for name, each in inputs.items()}
    return tuple(map(taken, inputs)) if isinstance(inputs, tuple) else taken(inputs)


def parts(inputs: Inputs, chunk: int) -> Iterator[tuple[slice, Inputs]]:
    """(rows, those inputs) of at most `chunk` examples at a time."""
    n = count(inputs)
    for start in range(0, n, chunk):
        rows = slice(start, min(start + chunk, n))
        yield rows, rows_of(inputs, rows)


def repeated(inputs: Inputs, rounds: int) -> Inputs:
    """All examples in their order, `rounds` times."""
    return rows_of(inputs, np.tile(np.arange(count(inputs)), rounds)) if rounds > 1 else inputs


def array(tensor: torch.Tensor) -> np.ndarray:
    """A tensor of any precision on any device as an array; half precision as float32, which holds it exactly."""
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor).numpy()


def checked_labels(labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Labels (n,) of outputs (..., n, classes), or (n, T) of (..., n, T, classes), IGNORED where a position does not count.

    StudyError where they do not fit, are no classes, or leave an example without any.
    """
    labels = np.asarray(labels)
    classes = shape[-1] if len(shape) > labels.ndim else 0
    if labels.ndim not in (1, 2) or shape[:-1][-labels.ndim :] != labels.shape:
        raise StudyError(f"outputs {tuple(shape)}, classes last, do not fit labels {labels.shape}")
    if classes < 2:
        raise StudyError(
            f"outputs {tuple(shape)} have no two classes; of one number z per example, give (0, z) as outputs"
        )
    counted = labels != IGNORED if labels.ndim == 2 else np.ones(labels.shape, dtype=bool)
    if not counted.any(-1).all():
        raise StudyError("an example has no position that counts")
    if labels[counted].min() < 0 or labels[counted].max() >= classes:
        wrong = labels[counted].min() if labels[counted].min() < 0 else labels[counted].max()
        raise StudyError(f"outputs of {classes} classes cannot be judged by label {wrong}")
    return labels


def _each(inputs: Inputs) -> list:
    if isinstance(inputs, dict):
        return list(inputs.values())
    return list(inputs) if isinstance(inputs, tuple) else [inputs]
