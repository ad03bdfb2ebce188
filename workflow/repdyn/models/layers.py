"""Which modules of a network are layers, seen in one forward pass.

The rule. A module is a layer if it runs exactly once in a forward pass, its output is a floating-point tensor with the
examples on its first axis (of a sequence also the second) or a tuple that begins with one, and it is

- an embedding (`nn.Embedding`, `nn.EmbeddingBag`);
- a module with a weight matrix and no modules inside: `nn.Linear`, a convolution, one's own with such a parameter. Where an
  activation module follows, directly or through norms and dropout, the activation is the layer instead. A nonlinearity
  that is called as a function is no module: there the layer is measured before it;
- attention: `nn.MultiheadAttention` or a module whose class says so in its name. What lies inside is no layer of its own;
- recurrent (`nn.RNN`, `nn.LSTM`, `nn.GRU`): its output sequence;
- a block: a module with modules inside that stands in a `ModuleList` or `Sequential`, or beside another of its class.

Two of these that return the same tensor are one layer, under the outer one's path; a module that returns alone what a layer
inside it returns in a tuple is that layer. Layers inside a block are "feedforward" unless they are attention, the last
layer with a weight matrix is "output", all others are "hidden". Roles found so are a guess from the classes of modules; a
model that declares `roles` ({path: role}) is believed.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from repdyn.errors import StudyError
from repdyn.models.calls import Call, observed
from repdyn.roles import ATTENTION, BLOCK, EMBEDDING, FEEDFORWARD, HIDDEN, OUTPUT, ROLES

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
EMBEDDINGS = (nn.Embedding, nn.EmbeddingBag)


class Layer(NamedTuple):
    """How to read a layer. path: of its module. entry: which one, of an output that is a tuple or a dictionary, else None.

    channels_first: units are on axis 1 and what follows is space, else units are on the last axis and what precedes are
    rows.
    """

    path: str
    role: str
    entry: int | str | None = None
    channels_first: bool = False


def find_layers(model: nn.Module, run: Callable[[], Any], examples: int) -> dict[str, Layer]:
    """{name: layer} in the order of the forward pass that `run` makes on so many examples. See the module for the rule.

    A model may know better: where it has `roles` ({path: role}), those are its layers. StudyError where
    one of these does not run once.
    """
    declared = declared_roles(model)
    if declared:
        seen = observed(model, run)
        return {path: _declared(model, path, role, seen) for path, role in declared.items()}
    calls = [call for call in observed(model, run).values() if _usable(call.output, examples)]
    chosen = _chosen(model, calls)
    last = next(reversed(chosen), None)
    if last and _weighted(model.get_submodule(last)):
        chosen[last] = chosen[last]._replace(role=OUTPUT)
    return chosen


def declared_roles(model: nn.Module) -> dict[str, str]:
    """{path: role} that a model declares as `roles`, empty if it does not."""
    declared = getattr(model, "roles", None)
    return declared if isinstance(declared, dict) and set(declared.values()) <= set(ROLES) else {}


def named_layers(model: nn.Module, run: Callable[[], Any], names: list[str]) -> dict[str, Layer]:
    """The layers of these names, which are paths of modules, with ":entry" behind where an output is no tensor.

    StudyError for a path that there is not, a module that does not run once, and an output without the entry.
    """
    modules = dict(model.named_modules())
    if not names:
        raise StudyError("layers=[] names nothing to track; leave it out to have the layers found.")
    for name in names:
        if name.partition(":")[0] not in modules or not name:
            raise StudyError(
                f"The model has no module {name.partition(':')[0]!r}; it has {', '.join(path for path in modules if path)}."
            )
    calls = observed(model, run, {name: name.partition(":")[2] for name in names})
    channels = channels_first(model, run)
    found = {}
    for name in names:
        path = name.partition(":")[0]
        call = calls[name]
        first = _channels_first(modules[path], call.output)
        # A norm or activation has the axes of the convolution before it.
        first = channels.get(path, first) if call.entry is None else first
        found[name] = Layer(path, _role(model, path, modules[path]), call.entry, first)
    return found


def channels_first(model: nn.Module, run: Callable[[], Any]) -> dict[str, bool]:
    """{path: whether its units are on axis 1 and what follows is space} of the modules that run once in the pass."""
    calls = list(observed(model, run).values())
    known = _activations(calls)[1]
    return {call.path: known.get(call.path, _channels_first(call.module, call.output)) for call in calls}


def _chosen(model: nn.Module, calls: list[Call]) -> dict[str, Layer]:
    sealed = [call.path for call in calls if _seals(call.module)]
    blocks = _block_paths(model)
    candidates = [call for call in calls if not any(call.path.startswith(f"{path}.") for path in sealed)]
    activated, channels = _activations(candidates)
    found: dict[tuple[int, int], tuple[Call, Layer]] = {}
    for call in candidates:
        module, role = call.module, ""
        if isinstance(module, EMBEDDINGS):
            role = EMBEDDING
        elif _attention(module):
            role = ATTENTION
        elif isinstance(module, nn.RNNBase):
            role = HIDDEN
        elif call.path in blocks:
            role = BLOCK
        elif (_weighted(module) and call.path not in activated) or call.path in activated.values():
            role = FEEDFORWARD if any(call.path.startswith(f"{path}.") for path in blocks) else HIDDEN
        elif call.entry is None and _unpacks(call, found):
            role = found[call.key][1].role
        if role:
            first = channels.get(call.path, _channels_first(module, call.output))
            # Of modules that return the same tensor the outer one finishes last and takes the place.
            found.pop(call.key, None)
            found[call.key] = (call, Layer(call.path, role, call.entry, first))
    return {call.path: layer for call, layer in found.values()}


def _unpacks(call: Call, found: dict[tuple[int, int], tuple[Call, Layer]]) -> bool:
    """Whether a module returns the tensor that a layer inside it returned in a tuple."""
    layer = found[call.key][1] if call.key in found else None
    return layer is not None and layer.entry is not None and layer.path.startswith(f"{call.path}.")


def _activations(calls: list[Call]) -> tuple[dict[str, str], dict[str, bool]]:
    """{module with weights: the activation behind it} and {path: whether channels come first} of these and all between."""
    source: dict[tuple[int, int], str] = {}
    activated, channels = {}, {}
    for call in calls:
        before = next((source[key] for key in call.inputs if key in source), None)
        if _weighted(call.module):
            source[call.key] = call.path
            channels[call.path] = isinstance(call.module, _ConvNd)
        elif before is not None and _passes(call.module):
            source[call.key] = before
            channels[call.path] = channels[before]
        elif before is not None and _activation(call.module):
            activated[before] = call.path
            channels[call.path] = channels[before]
    return activated, channels


def _usable(output: torch.Tensor, examples: int) -> bool:
    if not output.is_floating_point() or output.ndim < 2 or not output.numel():
        return False
    return output.shape[0] == examples or (output.ndim == 3 and output.shape[1] == examples)


def _declared(model: nn.Module, path: str, role: str, calls: dict[str, Call]) -> Layer:
    if path not in calls:
        raise StudyError(
            f"{type(model).__name__} declares the layer {path!r}, which does not run once in a forward pass."
        )
    return Layer(path, role, calls[path].entry, _channels_first(calls[path].module, calls[path].output))


def _role(model: nn.Module, path: str, module: nn.Module) -> str:
    """The role of a layer that was asked for."""
    declared = getattr(model, "roles", {})
    if isinstance(declared, dict) and path in declared:
        return str(declared[path])
    if isinstance(module, EMBEDDINGS):
        return EMBEDDING
    if _attention(module):
        return ATTENTION
    return BLOCK if path in _block_paths(model) else HIDDEN


def _channels_first(module: nn.Module, output: torch.Tensor) -> bool:
    if output.ndim >= 4:
        return not isinstance(module, nn.Linear)
    inside = [type(each) for each in module.modules()]
    convolves = any(issubclass(each, _ConvNd) for each in inside)
    reads_units = any(issubclass(each, nn.Linear | nn.RNNBase | nn.MultiheadAttention) for each in inside)
    return output.ndim == 3 and convolves and not reads_units


def _block_paths(model: nn.Module) -> set[str]:
    found = set()
    for path, module in model.named_modules():
        classes = [type(child) for child in module.children()]
        for name, child in module.named_children():
            repeated = isinstance(module, CONTAINERS) or classes.count(type(child)) > 1
            if repeated and _has_inside(child) and not isinstance(child, CONTAINERS):
                found.add(f"{path}.{name}".lstrip("."))
    return found


def _attention(module: nn.Module) -> bool:
    return "attention" in type(module).__name__.lower() and next(module.children(), None) is not None


def _seals(module: nn.Module) -> bool:
    return _attention(module) or isinstance(module, nn.RNNBase)


def _weighted(module: nn.Module) -> bool:
    held = [getattr(module, "weight", None), *module.parameters(recurse=False)]
    matrix = any(isinstance(each, torch.Tensor) and each.ndim >= 2 for each in held)
    return matrix and not _has_inside(module) and not _passes(module) and not isinstance(module, EMBEDDINGS)


def _has_inside(module: nn.Module) -> bool:
    # Weight and spectral norm keep the parts of a weight in a module of this name.
    return any(name != "parametrizations" for name, _ in module.named_children())


def _activation(module: nn.Module) -> bool:
    """torch.nn.modules.activation, transformers.activations: a nonlinearity of every unit by itself."""
    units = not isinstance(module, nn.Softmax | nn.Softmax2d | nn.LogSoftmax | nn.Softmin | nn.MultiheadAttention)
    return units and type(module).__module__.rpartition(".")[2] in ("activation", "activations")


def _passes(module: nn.Module) -> bool:
    """Modules that may stand between weights and their activation."""
    return isinstance(module, nn.Identity) or any(word in type(module).__name__ for word in ("Norm", "Dropout"))
