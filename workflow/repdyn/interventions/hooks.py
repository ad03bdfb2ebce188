"""Reading and replacing the outputs of a network's modules, by module path."""

import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn

from repdyn.errors import StudyError


def find(model: nn.Module, path: str) -> nn.Module:
    """The module at a path such as "blocks.1.attention". StudyError that lists the paths there are."""
    paths = [name for name, _ in model.named_modules() if name]
    if path not in paths:
        close = difflib.get_close_matches(path, paths, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(paths)}."
        raise StudyError(f"{type(model).__name__} has no module {path!r}; {hint}")
    return model.get_submodule(path)


@contextmanager
def recorded(model: nn.Module, paths: Iterable[str]) -> Iterator[dict[str, torch.Tensor]]:
    """Yields {path: output of that module in the last forward pass}; gradients flow through what is recorded."""
    outputs = {}

    def keep(path):
        return lambda _module, _inputs, output: outputs.update({path: output})

    with ExitStack() as hooks:
        for path in paths:
            handle = find(model, path).register_forward_hook(keep(path))
            hooks.callback(handle.remove)
        yield outputs


@contextmanager
def replaced(model: nn.Module, changes: dict[str, Callable[[torch.Tensor], torch.Tensor]]) -> Iterator[None]:
    """Inside, the output of each module at a path is `change(output)`: a new tensor of the same shape.

    StudyError, at the forward pass, for a change that returns another shape.
    """

    def swap(path, change):
        def hook(_module, _inputs, output):
            changed = change(output)
            if changed.shape != output.shape:
                raise StudyError(
                    f"the output of {path} has shape {tuple(output.shape)}, its replacement {tuple(changed.shape)}"
                )
            return changed

        return hook

    with ExitStack() as hooks:
        for path, change in changes.items():
            handle = find(model, path).register_forward_hook(swap(path, change))
            hooks.callback(handle.remove)
        yield
