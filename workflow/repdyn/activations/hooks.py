"""Reading and replacing the outputs of a network's modules, by address."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

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
    """Inside, every module is called where a path names it: no fused kernel of torch's attention, nothing compiled.

    StudyError at the end, with the model as it was, where running it has changed a buffer in evaluation mode: then its
    answers depend on what it was asked before.
    """
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with _eager(), opened(inner(model), [place.path for place in places]), _steady(model):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _eager() -> AbstractContextManager:
    """Without what torch.compile made, which no hook reaches; nothing was made where that part of torch is not loaded."""
    return torch.compiler.set_stance("force_eager") if "torch._dynamo" in sys.modules else nullcontext()


@contextmanager
def _steady(model: nn.Module) -> Iterator[None]:
    """StudyError at the end where a buffer of a module in evaluation mode has another value; it has its own again."""
    kept = [
        (module, name, buffer, _version(buffer), buffer.clone())
        for module in model.modules()
        for name, buffer in module._buffers.items()
        if buffer is not None and not module.training
    ]
    changed = []
    try:
        yield
    finally:
        for module, name, buffer, version, value in kept:
            now = module._buffers.get(name)
            if now is not buffer or _version(buffer) != version or version is None and not torch.equal(buffer, value):
                changed.append(f"{name} of {type(module).__name__}")
                with torch.inference_mode(buffer.is_inference()):
                    module._buffers[name] = buffer.copy_(value)
    if changed:
        raise StudyError(
            f"{type(inner(model)).__name__} changes itself when it is run in evaluation mode ({', '.join(changed)}), so what"
            " it answers depends on what it was asked before; such a buffer must only change where `self.training`"
        )


def _version(tensor: torch.Tensor) -> int | None:
    """How often a tensor was changed in place, if it counts that."""
    return None if tensor.is_inference() else tensor._version


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
    examples = set()

    def begin(_module, arguments, options):
        calls.update(dict.fromkeys(calls, 0))
        examples.clear()
        examples.update(len(each) for each in tensors((arguments, options)) if each.ndim)
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
            n = min(examples, default=0)
            if not axis and output.ndim and len(examples) == 1 and (not len(output) or len(output) % n):
                raise StudyError(
                    f"the output of {named(where)} has {len(output)} rows for {n} examples: not every example passes it, as"
                    " where a router chooses, and nobody can know which rows are whose"
                )
            new = functions[where](output.movedim(axis, 0) if axis else output)
            return None if new is None else with_part(result, place, new.movedim(0, axis) if axis else new)

        return hook

    with addressable(model, places.values()), ExitStack() as hooks:
        for where, place in places.items():
            handle = find(model, place.path).register_forward_hook(watching(where, place))
            hooks.callback(handle.remove)
        for handle in (model.register_forward_pre_hook(begin, with_kwargs=True), model.register_forward_hook(end)):
            hooks.callback(handle.remove)
        yield missed


def _own(kept: object, output: torch.Tensor) -> object:
    """What was kept, with a copy of whatever shares the memory of the output."""
    if not copyable(kept):
        return kept
    memory = {each.untyped_storage().data_ptr() for each in tensors(output)}
    return mapped(kept, lambda each: each.clone() if each.untyped_storage().data_ptr() in memory else each)
