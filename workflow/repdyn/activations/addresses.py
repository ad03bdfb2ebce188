"""Which activation is meant: an output of a call of a module, and the parts of outputs that are no single tensor."""

import copy
import dataclasses
import difflib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

from repdyn.errors import StudyError


class Address(NamedTuple):
    """An output of a module. Wherever a path is asked for, a path alone will do, if nothing else needs to be said.

    call: which call of a module that is called more than once in a forward pass, from 0. output: the index, key or field of
    a result that is no tensor, or a tuple of them, one inside the other: (1, 0) is h of an LSTM's (output, (h, c)).
    examples: the axis of the examples, which becomes the first (1 of what is time first). units: the axis of the units
    once examples are first (1 of channels). None: it is known, or StudyError asks.
    """

    path: str
    call: int | None = None
    output: int | str | tuple | None = None
    examples: int | None = None
    units: int | None = None


Where = str | tuple


def address(where: Where) -> Address:
    """A path, an `Address`, or a tuple (path, call)."""
    return Address(where) if isinstance(where, str) else Address(*where)


def named(where: Where) -> str:
    """An address in words: 'relu', 'rnn[0]' for a part of its output, or 'call 1 of relu'."""
    place = address(where)
    name = place.path + "".join(f"[{step!r}]" for step in _steps(place))
    return name if place.call is None else f"call {place.call} of {name}"


class Answering(nn.Module):
    """A model whose answer is one part of what it returns; paths are those of the model, which is not copied.

    output: index, key or field, as in `Address`.
    """

    def __init__(self, model: nn.Module, output: int | str | tuple):
        super().__init__()
        self.model = model
        self.output = output

    def forward(self, *inputs, **named):
        return part(self.model(*inputs, **named), Address(type(self.model).__name__, output=self.output))


def inner(model: nn.Module) -> nn.Module:
    """The model itself, without `Answering` or what torch.compile puts around it."""
    return shells(model)[-1]


def shells(model: nn.Module) -> list[nn.Module]:
    """The model as it is given, what is in it if it only wraps that, and so on to the model itself."""
    found = [model]
    while isinstance(found[-1], Answering) or "_orig_mod" in found[-1]._modules:
        found.append(found[-1].model if isinstance(found[-1], Answering) else found[-1]._orig_mod)
    return found


def find(model: nn.Module, path: str) -> nn.Module:
    """The module at a path such as "blocks.1.attention". StudyError that lists the paths there are."""
    model = inner(model)
    if path:
        try:
            return model.get_submodule(path)
        except AttributeError:
            pass
    paths = [name for name, _ in model.named_modules(remove_duplicate=False) if name]
    close = difflib.get_close_matches(path, paths, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(paths) or 'no module in it'}."
    raise StudyError(f"{type(model).__name__} has no module {path!r}; {hint}")


def part(result: Any, place: Address) -> torch.Tensor:
    """The tensor of a module's result that an address means. StudyError that names the choices where it does not say."""
    for step in _steps(place):
        found = _parts(result)
        step = _name(result, step)
        if step not in found:
            raise StudyError(
                f"the output of {place.path} has no part {step!r}; it is a {type(result).__name__}"
                + (f" of {', '.join(map(repr, found))}" if found else "")
            )
        result = found[step]
    if isinstance(result, torch.Tensor):
        return result
    tensors = [key for key, value in _parts(result).items() if isinstance(value, torch.Tensor)]
    if len(tensors) == 1 and not any(_parts(value) for value in _parts(result).values()):
        return _parts(result)[tensors[0]]
    raise StudyError(
        f"the output of {place.path} is a {type(result).__name__}"
        + (f" of {', '.join(map(repr, _parts(result)))}; say which:" if _parts(result) else ", which holds no tensor;")
        + f" Address({place.path!r}, output=...)"
    )


def with_part(result: Any, place: Address, value: torch.Tensor) -> Any:
    """The result with another tensor in that part; the rest is the same, the original is left as it is."""
    return _put(result, _steps(place), value)


def _put(whole: Any, steps: tuple, value: torch.Tensor) -> Any:
    # Not a function within `with_part`: one that calls itself keeps `value` until garbage is collected, seldom.
    if isinstance(whole, torch.Tensor):
        return value
    parts = _parts(whole)
    only = (key for key, each in parts.items() if isinstance(each, torch.Tensor))
    step = _name(whole, steps[0]) if steps else next(only)
    return _rebuilt(whole, {step: _put(parts[step], steps[1:], value)})


def mapped(result: Any, function: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """A result with all its tensors replaced by a function of them."""
    if isinstance(result, torch.Tensor):
        return function(result)
    parts = _parts(result)
    return _rebuilt(result, {key: mapped(value, function) for key, value in parts.items()}) if parts else result


def tensors(result: Any) -> list[torch.Tensor]:
    """All tensors of a result."""
    found: list[torch.Tensor] = []

    def note(tensor: torch.Tensor) -> torch.Tensor:
        found.append(tensor)
        return tensor

    mapped(result, note)
    return found


def copyable(result: Any) -> bool:
    """Whether a result is made of tensors, plain values and containers of them."""
    plain = (torch.Tensor, type(None), bool, int, float, str, torch.Size, torch.dtype, torch.device)
    if isinstance(result, plain):
        return True
    parts = _parts(result)
    empty = isinstance(result, tuple | list | dict) and not result
    return bool(parts or empty) and all(map(copyable, parts.values()))


def _steps(place: Address) -> tuple:
    if place.output is None:
        return ()
    return place.output if isinstance(place.output, tuple) else (place.output,)


def _parts(result: Any) -> dict:
    if isinstance(result, Mapping):
        return dict(result)
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return dict(zip(result._fields, result, strict=True))
    return dict(enumerate(result)) if isinstance(result, tuple | list) else {}


def _name(result: Any, step: int | str) -> int | str:
    """The fields of a named tuple go by number too."""
    names = getattr(result, "_fields", ())
    return names[step] if isinstance(step, int) and 0 <= step < len(names) else step


def _rebuilt(whole: Any, changed: dict) -> Any:
    if isinstance(whole, tuple):
        if hasattr(whole, "_fields"):
            return whole._replace(**changed)
        return type(whole)(changed.get(i, value) for i, value in enumerate(whole))
    new = copy.copy(whole)
    for key, value in changed.items():
        if isinstance(new, Mapping | list):
            new[key] = value
        else:
            object.__setattr__(new, key, value)  # of a frozen data class too
    return new
