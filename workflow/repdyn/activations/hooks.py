"""Reading and replacing the outputs of a network's modules, by address."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn

from repdyn.activations.addresses import (
    Address,
    Where,
    address,
    copyable,
    find,
    inner,
    mapped,
    named,
    part,
    tensors,
    with_part,
)
from repdyn.activations.axes import example_axis
from repdyn.activations.heads import opened
from repdyn.errors import StudyError


class Recorded(dict):
    """{address as it was given: what was kept of the last forward pass}."""

    def __missing__(self, where):
        raise StudyError(f"{named(where)} was not called in the forward pass, so it has no output")


@contextmanager
def addressable(model: nn.Module, places: Iterable[Address]) -> Iterator[None]:
    """Inside, every module is called where a path names it: no fused kernel of torch's attention takes its place."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with opened(inner(model), [place.path for place in places]):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


@contextmanager
def recorded(
    model: nn.Module, places: Iterable[Where], keep: Callable[[Where, torch.Tensor], object] | None = None
) -> Iterator[Recorded]:
    """Yields {address: output of that module in the last forward pass}, examples first; gradients flow through it.

    Copies, which nothing that works in place later changes. keep(address, output): what to keep of it instead. StudyError,
    at the forward pass, for a module that is called more than once without the number of a call, and for a result that is
    no tensor without a part.
    """
    outputs = Recorded()

    def keeping(where):
        def kept(output):
            if keep is None and torch.is_grad_enabled():
                outputs[where] = output.clone()
                return outputs[where].clone()  # that the network's own use of it is a function of what was kept
            outputs[where] = output.clone() if keep is None else _own(keep(where, output), output)
            return None

        return kept

    with _watched(model, {where: keeping(where) for where in places}, outputs.clear):
        yield outputs


@contextmanager
def replaced(model: nn.Module, changes: dict[Where, Callable[[torch.Tensor], torch.Tensor]]) -> Iterator[None]:
    """Inside, the output at each address is `change(output)`: a new tensor of the same shape, examples first.

    StudyError, at the forward pass, for a change that returns another shape, and as for `recorded`; at the end, where a
    forward pass did not call what was to be replaced.
    """

    def swapping(where, change):
        def changed(output):
            new = change(output)
            if new.shape != output.shape:
                raise StudyError(
                    f"the output of {named(where)} has shape {tuple(output.shape)}, its replacement {tuple(new.shape)}"
                )
            return new

        return changed

    with _watched(model, {where: swapping(where, change) for where, change in changes.items()}) as missed:
        yield
    for where in missed:
        raise StudyError(f"{named(where)} was not called in the forward pass, so nothing was replaced")


@contextmanager
def _watched(model: nn.Module, functions: dict[Where, Callable], start: Callable | None = None) -> Iterator[list]:
    """Inside, function(output) sees the output at each address; what it returns, if not None, takes its place.

    Yields the addresses that no call reached in the last forward pass, known when it is over. start: called as it begins.
    """
    places = {where: address(where) for where in functions}
    calls = dict.fromkeys(functions, 0)
    missed = []

    def begin(*_):
        calls.update(dict.fromkeys(calls, 0))
        if start:
            start()

    def end(*_):
        missed[:] = [where for where, place in places.items() if calls[where] <= (place.call or 0)]

    def watching(where, place):
        def hook(_module, _inputs, result):
            number = calls[where]
            calls[where] += 1
            if place.call is None and number:
                raise StudyError(
                    f"{place.path} is called more than once in a forward pass; say which call:"
                    f" Address({place.path!r}, 0) for the first"
                )
            if number != (place.call or 0):
                return None
            output = part(result, place)
            axis = example_axis(model, place, output.ndim)
            new = functions[where](output.movedim(axis, 0) if axis else output)
            return None if new is None else with_part(result, place, new.movedim(0, axis) if axis else new)

        return hook

    with addressable(model, places.values()), ExitStack() as hooks:
        for where, place in places.items():
            handle = find(model, place.path).register_forward_hook(watching(where, place))
            hooks.callback(handle.remove)
        for handle in (model.register_forward_pre_hook(begin), model.register_forward_hook(end)):
            hooks.callback(handle.remove)
        yield missed


def _own(kept: object, output: torch.Tensor) -> object:
    """What was kept, with a copy of whatever shares the memory of the output."""
    if not copyable(kept):
        return kept
    memory = {each.untyped_storage().data_ptr() for each in tensors(output)}
    return mapped(kept, lambda each: each.clone() if each.untyped_storage().data_ptr() in memory else each)
