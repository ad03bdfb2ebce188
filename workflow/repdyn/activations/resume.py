"""Running a network on from one of its modules, without computing again what comes before."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

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
    shells,
    tensors,
    with_part,
)
from repdyn.activations.answers import Inputs, answer, count
from repdyn.activations.axes import example_axis
from repdyn.activations.hooks import addressable
from repdyn.errors import StudyError


class Kept(NamedTuple):
    """The result of a call, a copy. anew: the call has to be made again, it changed what it was given, or handed it on.
    lent: something later works on the result in place, so that it is copied for every use."""

    result: object
    anew: bool
    lent: bool


@contextmanager
def resumed(
    model: nn.Module, where: Where, inputs: Inputs
) -> Iterator[tuple[torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]]:
    """Yields the output h at an address, examples first, and run(output): what the network puts out where h is replaced.

    What has finished before the module does cannot depend on its output. So every outermost call that has is answered
    from memory in `run`; only what follows, what is not in a module, and what works on its input in place or hands it on,
    is computed. Exact for a network whose modules are functions of their inputs (evaluation mode, no state). StudyError
    for a module that is not called, or more than once without the number of a call, or whose output has no row for every
    example; and from run, for an output of another shape.
    """
    place = address(where)
    with addressable(model, [place]):
        target = find(model, place.path)
        finished, result = _record(model, target, place, inputs)
        output = part(result, place)
        axis = example_axis(model, place, output.ndim)
        output = output.movedim(axis, 0) if axis else output
        if not output.ndim or len(output) != count(inputs):
            raise StudyError(
                f"the output of {named(where)} has shape {tuple(output.shape)} for {count(inputs)} examples; if its examples"
                f" are on another axis, say so: Address({place.path!r}, examples=...)"
            )

        def run(replacement: torch.Tensor) -> torch.Tensor:
            if replacement.shape != output.shape:
                raise StudyError(
                    f"the output of {named(where)} has shape {tuple(output.shape)}, its replacement"
                    f" {tuple(replacement.shape)}"
                )
            new = replacement.movedim(0, axis) if axis else replacement
            waiting = {}
            for module, kept in finished:
                waiting.setdefault(module, []).append(kept)
            own = new.clone() if finished[-1][1].lent else new
            with _forwards(_answers(waiting, target, lambda fresh: with_part(fresh, place, own))):
                return answer(model, inputs)

        yield output, run


def _record(model: nn.Module, target: nn.Module, place: Address, inputs: Inputs) -> tuple[list, object]:
    """[(module, Kept)] of the outermost calls that end before the target's, in order, then the target's, and its result.

    Only what is kept is copied: what ends inside a call that will end before the target's is not. Outside
    inference mode, where tensors know how often they were changed.
    """
    holders = _holders(inner(model), target) | {*shells(model)}
    gradients = torch.is_grad_enabled()
    finished, found, calls, sheltered = [], [], 0, 0

    def recording(module):
        original = module.forward

        def forward(*arguments, **options):
            nonlocal calls, sheltered
            holding = module in holders and not sheltered
            start = len(finished)
            given = [] if found or sheltered else [(each, each._version) for each in tensors((arguments, options))]
            sheltered += not holding
            try:
                result = original(*arguments, **options)
            finally:
                sheltered -= not holding
            meant = module is target and calls == (place.call or 0)
            calls += module is target
            if not found and not sheltered:
                finished[start:] = [(module, result, [each._version for each in tensors(result)], _kept(result, given))]
                if meant:
                    kept = finished[-1][-1]
                    found.append(mapped(result, torch.clone) if kept.anew else kept.result)
            return result

        return forward

    with torch.inference_mode(False), torch.set_grad_enabled(gradients):
        answer_inputs = mapped(inputs, lambda each: each.clone() if each.is_inference() else each)
        with _forwards({module: recording(module) for module in model.modules()}):
            answer(model, answer_inputs)
    if place.call is None and calls != 1:
        raise StudyError(
            f"{place.path} must be called once, or the call be named, as Address({place.path!r}, 0); it was called {calls}"
            " times"
        )
    if not found:
        raise StudyError(
            f"{place.path} was called {calls} times; there is no call {place.call} outside other calls of it"
        )
    # A result that was changed after its call has other versions now.
    return [
        (module, kept._replace(lent=versions != [each._version for each in tensors(result)]))
        for module, result, versions, kept in finished
    ], found[0]


def _holders(model: nn.Module, target: nn.Module) -> set[nn.Module]:
    """The modules that the target is in."""
    found = {model}
    for path, module in model.named_modules(remove_duplicate=False):
        if module is target:
            names = path.split(".")
            found |= {model.get_submodule(".".join(names[:depth])) for depth in range(1, len(names))}
    return found


def _kept(result: object, given: list) -> Kept:
    anew = not copyable(result) or any(each._version != version for each, version in given)
    memory = {each.untyped_storage().data_ptr() for each, _ in given}
    if anew or any(each.untyped_storage().data_ptr() in memory for each in tensors(result)):
        return Kept(None, True, True)
    return Kept(mapped(result, torch.clone), False, True)


def _answers(waiting: dict[nn.Module, list], target: nn.Module, replace: Callable) -> dict[nn.Module, Callable]:
    """What modules compute where their first calls are answered from memory, and the last of the target's is replaced."""
    again = 0

    def answering(module, results):
        original = module.forward

        def forward(*arguments, **options):
            nonlocal again
            if again or not results:
                return original(*arguments, **options)
            result, anew, lent = results.pop(0)
            if anew:
                again += 1
                try:
                    result = original(*arguments, **options)
                finally:
                    again -= 1
                return replace(result) if module is target and not results else result
            last = module is target and not results
            if lent and not (last and isinstance(result, torch.Tensor)):
                result = mapped(result, torch.clone)
            return replace(result) if last else result

        return forward

    return {module: answering(module, results) for module, results in waiting.items()}


@contextmanager
def _forwards(functions: dict[nn.Module, Callable]) -> Iterator[None]:
    """Inside, modules compute these functions instead. Hooks see and change the results as ever."""
    before = {module: vars(module)["forward"] for module in functions if "forward" in vars(module)}
    for module, function in functions.items():
        module.forward = function
    try:
        yield
    finally:
        for module in functions:
            if module in before:
                module.forward = before[module]
            else:
                del module.forward
