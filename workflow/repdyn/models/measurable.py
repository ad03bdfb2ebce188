"""Which layers of a user's network a run can measure."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from repdyn.models.calls import hooked
from repdyn.models.layers import channels_first, find_layers
from repdyn.models.modes import evaluating
from repdyn.roles import OUTPUT


def returned(network: nn.Module, inputs: torch.Tensor) -> dict[str, list[tuple[Any, int | None]]]:
    """{path: (what it returned, the version of that tensor) at each call} of all modules, "" for the network itself.

    In evaluation mode without gradients, in the order of their first return.
    """
    made: dict[str, list[tuple[Any, int | None]]] = {}

    def keep(path: str) -> Callable[..., None]:
        def note(_module: nn.Module, _inputs: Any, _options: Any, output: Any) -> None:
            made.setdefault(path, []).append((output, getattr(output, "_version", None)))

        return note

    modules = dict(network.named_modules())
    with evaluating(network), torch.no_grad(), hooked(modules, {path: keep(path) for path in modules}, {}):
        network(inputs)
    return made


def unfit(network: nn.Module, inputs: torch.Tensor) -> dict[str, str | None]:
    """{path: why the module cannot be measured, None if it can} of all modules inside.

    One that can is called once per forward pass and returns one tensor of numbers, which nothing changes in place later:
    (n, d), (n, tokens, d) or (n, channels, height, width).
    """
    made = returned(network, inputs)
    with evaluating(network), torch.no_grad():
        channels = channels_first(network, lambda: network(inputs))
    paths = [path for path, _ in network.named_modules() if path]
    return {path: _unfit(made.get(path, []), len(inputs), channels.get(path, False)) for path in paths}


def measurable_layers(network: nn.Module, inputs: torch.Tensor) -> dict[str, str]:
    """{path: role} of the layers that `find_layers` finds and a run can measure, without the one that gives the output."""
    made, reasons = returned(network, inputs), unfit(network, inputs)
    with evaluating(network), torch.no_grad():
        found = find_layers(network, lambda: network(inputs), len(inputs))
    logits = made[""][0][0]
    return {
        path: layer.role
        for path, layer in found.items()
        if layer.role != OUTPUT and not reasons[path] and made[path][0][0] is not logits
    }


def _unfit(calls: list[tuple[Any, int | None]], examples: int, channels: bool) -> str | None:
    if not calls:
        return "it is not called in a forward pass"
    if len(calls) > 1:
        return f"it is called {len(calls)} times in a forward pass"
    output, version = calls[0]
    if not isinstance(output, torch.Tensor):
        return f"it returns a {type(output).__name__}, not one tensor"
    if not output.is_floating_point():
        return f"it returns {str(output.dtype).removeprefix('torch.')} values"
    if output.ndim not in (2, 3, 4) or len(output) != examples:
        return f"it returns shape {tuple(output.shape)} for {examples} examples, not (examples, features)"
    if output.ndim == 3 and channels:
        return f"it returns channels before positions, {tuple(output.shape)}, not (examples, positions, channels)"
    if output.shape[1 if output.ndim == 4 else -1] < 2:
        return "it has a single feature"
    if output._version != version:
        return "what follows changes its output in place"
    return None
