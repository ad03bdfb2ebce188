"""Running a network on from one of its modules, without computing again what comes before."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from repdyn.errors import StudyError
from repdyn.interventions.hooks import find


@contextmanager
def resumed(
    model: nn.Module, path: str, inputs: torch.Tensor
) -> Iterator[tuple[torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]]:
    """Yields the output h of the module at a path, and run(output): what the network puts out where h is replaced.

    What has finished before the module does cannot depend on its output. So every outermost module that has is answered
    from memory in `run`; only what follows, and what is not in a module, is computed. Exact for a network whose modules
    are functions of their inputs (evaluation mode, no state). StudyError for a module that is called more than once or
    not at all, or whose output is no tensor; and from run, for an output of another shape.
    """
    target = find(model, path)
    finished, output = _record(model, target, path, inputs)

    def run(replacement: torch.Tensor) -> torch.Tensor:
        if replacement.shape != output.shape:
            raise StudyError(
                f"the output of {path} has shape {tuple(output.shape)}, its replacement {tuple(replacement.shape)}"
            )
        waiting = {}
        for module, result in [*finished, (target, replacement)]:
            waiting.setdefault(module, []).append(result)
        with _forwards({module: _answer(module, results) for module, results in waiting.items()}):
            return model(inputs)

    yield output, run


def _record(model: nn.Module, target: nn.Module, path: str, inputs: torch.Tensor) -> tuple[list, torch.Tensor]:
    """[(module, output)] of the outermost calls that end before the target's, in order, and the target's output."""
    finished, outputs = [], []

    def recording(module):
        original = module.forward

        def forward(*arguments, **options):
            before = len(finished)
            result = original(*arguments, **options)
            if module is target:
                outputs.append(result)
            if not outputs or (module is target and len(outputs) == 1):
                # What it called is inside it and is not called again when it is answered from memory.
                finished[before:] = [(module, result)]
            return result

        return forward

    with _forwards({module: recording(module) for module in model.modules()}):
        model(inputs)
    if len(outputs) != 1 or not isinstance(outputs[0], torch.Tensor):
        raise StudyError(f"{path} must be called once, with a tensor as output; it was called {len(outputs)} times")
    return finished[:-1], outputs[0]


def _answer(module: nn.Module, results: list) -> Callable:
    original = module.forward

    def forward(*arguments, **options):
        return results.pop(0) if results else original(*arguments, **options)

    return forward


@contextmanager
def _forwards(functions: dict[nn.Module, Callable]) -> Iterator[None]:
    """Inside, modules compute these functions instead. Hooks see and change the results as ever."""
    for module, function in functions.items():
        module.forward = function
    try:
        yield
    finally:
        for module in functions:
            del module.forward
