"""Outputs that are tuples or dictionaries: which entry is the representation."""

from collections.abc import Mapping
from typing import Any

import torch

from repdyn.errors import StudyError


def choose(path: str, output: Any, asked: str | None) -> tuple[torch.Tensor | None, int | str | None]:
    """The tensor in a module's output and the entry that holds it, None where the output is the tensor itself.

    asked: None takes what is certain, the output itself or the first entry of a tuple, as attention and recurrent modules
    return it, and gives None for anything else; "" wants a tensor, and an entry's name or number that entry. StudyError
    where it is not there, with what is.
    """
    if isinstance(output, torch.Tensor):
        if asked:
            raise StudyError(
                f"The output of layer {path!r} is a tensor without entries; name it without {':' + asked!r}."
            )
        return output, None
    if asked is None:
        first = output[0] if isinstance(output, tuple | list) and output else None
        return (first, 0) if isinstance(first, torch.Tensor) else (None, None)
    tensors = {str(name): (value, name) for name, value in entries(output) if isinstance(value, torch.Tensor)}
    if not asked and isinstance(output, tuple | list) and list(tensors) == ["0"]:
        return tensors["0"]
    if asked not in tensors:
        kind = "dictionary" if isinstance(output, Mapping) else type(output).__name__
        known = ", ".join(f"'{path}:{name}'" for name in tensors)
        what = f"name the entry to track: {known}" if known else "it holds no tensor, so it cannot be tracked"
        raise StudyError(f"The output of layer {path!r} is a {kind}, not a tensor; {what}.")
    return tensors[asked]


def entries(output: Any) -> list[tuple[int | str, Any]]:
    """(name or number, value) of what an output holds; nothing where it is no tuple, list or dictionary."""
    if isinstance(output, Mapping):
        return list(output.items())
    return list(enumerate(output)) if isinstance(output, tuple | list) else []


def take(output: Any, entry: int | str | None) -> torch.Tensor:
    """The tensor of an output that `choose` found."""
    tensor: torch.Tensor = output if entry is None else output[entry]
    return tensor
