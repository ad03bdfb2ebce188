"""Which modules of a network are its layers, found by running it once."""

import torch
from torch import nn
from torch.nn.modules import activation, batchnorm, instancenorm, normalization

from repdyn.roles import EMBEDDING, HIDDEN

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
ATTENTION = (activation.MultiheadAttention,)
# They finish the layer before them, which is measured after them.
FINISHING = tuple(
    kind
    for module in (activation, batchnorm, instancenorm, normalization)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, nn.Module) and kind not in (*ATTENTION, nn.Module)
)


def observe(network: nn.Module, inputs: torch.Tensor) -> dict[str, list]:
    """{path: what the module returned at each of its calls} of all modules inside, in the order of their first return.

    In evaluation mode without gradients; the modes of the modules are as before after it.
    """
    made: dict[str, list] = {}
    handles = []
    modes = {module: module.training for module in network.modules()}
    for path, module in network.named_modules():
        if path:
            handles.append(
                module.register_forward_hook(lambda _m, _i, output, path=path: made.setdefault(path, []).append(output))
            )
    try:
        network.eval()
        with torch.no_grad():
            network(inputs)
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes.items():
            module.training = training
    return made


def unfit(network: nn.Module, inputs: torch.Tensor) -> dict[str, str | None]:
    """{path: why the module cannot be measured, None if it can} of all modules inside.

    One that can is called once per forward pass and returns one tensor of numbers: (n, d), (n, tokens, d) or
    (n, channels, height, width).
    """
    made = observe(network, inputs)
    return {path: _unfit(made.get(path, []), len(inputs)) for path, _ in network.named_modules() if path}


def find_layers(network: nn.Module, inputs: torch.Tensor) -> dict[str, str]:
    """{path: role} of the layers of a network, in the order of the forward pass, without the one that gives its output.

    nn.Sequential, nn.ModuleList and nn.ModuleDict are opened; every other module inside them or directly in the network is
    one layer, a block of the user's own class too. A normalisation or activation that is called on a layer's output stands
    for that layer. Modules without parameters (dropout, pooling, reshaping) are none otherwise. If this finds nothing, the
    blocks are opened as well. Embeddings have the role "embedding", all others "hidden".
    """
    reasons = unfit(network, inputs)
    usable = {path for path, reason in reasons.items() if not reason}
    for paths in (_outer(network), [path for path in reasons if not list(network.get_submodule(path).children())]):
        found = _followed(network, inputs, [path for path in paths if path in usable])
        if found:
            return {path: _role(network.get_submodule(path)) for path in found}
    return {}


def _outer(network: nn.Module, prefix: str = "") -> list[str]:
    paths = []
    for name, child in network.named_children():
        path = prefix + name
        paths += _outer(child, f"{path}.") if isinstance(child, CONTAINERS) else [path]
    return paths


def _followed(network: nn.Module, inputs: torch.Tensor, paths: list[str]) -> list[str]:
    """The layers among modules, each the last of the modules that finish it."""
    calls, handles = [], []
    # What a module read and returned stays referenced in `calls`, so that an identity is not given away twice.
    for path in paths:
        module = network.get_submodule(path)
        handles.append(
            module.register_forward_hook(lambda _m, given, output, path=path: calls.append((path, given, output)))
        )
    modes = {module: module.training for module in network.modules()}
    try:
        network.eval()
        with torch.no_grad():
            logits = network(inputs)
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes.items():
            module.training = training
    layers: list[tuple[str, torch.Tensor]] = []
    for path, given, output in calls:
        module = network.get_submodule(path)
        finishing = isinstance(module, FINISHING)
        if finishing and layers and any(value is layers[-1][1] for value in given):
            layers[-1] = (path, output)
        elif next(module.parameters(), None) is not None:
            layers.append((path, output))
    return [path for path, output in layers if output is not logits]


def _unfit(outputs: list, examples: int) -> str | None:
    if not outputs:
        return "it is not called in a forward pass"
    if len(outputs) > 1:
        return f"it is called {len(outputs)} times in a forward pass"
    output = outputs[0]
    if not isinstance(output, torch.Tensor):
        return f"it returns a {type(output).__name__}, not one tensor"
    if not output.is_floating_point():
        return f"it returns {str(output.dtype).removeprefix('torch.')} values"
    if output.ndim not in (2, 3, 4) or len(output) != examples:
        return f"it returns shape {tuple(output.shape)} for {examples} examples, not (examples, features)"
    if output.shape[1 if output.ndim == 4 else -1] < 2:
        return "it has a single feature"
    return None


def _role(module: nn.Module) -> str:
    return EMBEDDING if isinstance(module, nn.Embedding | nn.EmbeddingBag) else HIDDEN
