"""Which modules of a network are layers, seen in one forward pass.

The rule. A module is a layer if it runs exactly once in a forward pass, its output is a floating-point tensor with the
examples on its first axis (of a sequence also the second) or a tuple that begins with one, and it is

- an embedding (`nn.Embedding`);
- a module with a weight matrix: `nn.Linear`, a convolution. Where an activation module follows, directly or through
  norms and dropout, the activation is the layer instead. A nonlinearity that is called as a function is no module:
  there the layer is measured before it;
- attention: `nn.MultiheadAttention` or a module whose class says so in its name. What lies inside is no layer of its own;
- recurrent (`nn.RNN`, `nn.LSTM`, `nn.GRU`): its output sequence;
- a block: a module with modules inside that stands in a `ModuleList` or `Sequential`, or beside another of its class.

Two modules that return the same tensor are one layer, under the outer one's path. Roles found so are a guess from the
classes of modules; a model that declares `roles` is believed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from repdyn.errors import StudyError
from repdyn.roles import ATTENTION, BLOCK, EMBEDDING, FEEDFORWARD, HIDDEN, OUTPUT, ROLES
from repdyn.tracking.entries import choose

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


class Layer(NamedTuple):
    """How to read a layer. path: of its module. entry: which one, of an output that is a tuple or a dictionary, else None.

    channels_first: units are on axis 1 and what follows is space, else units are on the last axis and what precedes are
    rows.
    """

    path: str
    role: str
    entry: int | str | None = None
    channels_first: bool = False


class Call(NamedTuple):
    """One call of a module: what went in and what came out, told by identity and version of the tensor."""

    path: str
    module: nn.Module
    inputs: frozenset[tuple[int, int]]
    output: torch.Tensor
    entry: int | str | None
    key: tuple[int, int]


def find_layers(model: nn.Module, run: Callable[[], Any], examples: int) -> dict[str, Layer]:
    """{name: layer} in the order of the forward pass that `run` makes on so many examples. See the module for the rule.

    A model may know better: where it has `roles` ({path: role}), those are its layers. StudyError if there are none.
    """
    declared = getattr(model, "roles", None)
    if isinstance(declared, dict) and declared and set(declared.values()) <= set(ROLES):
        seen = observed(model, run)
        return {path: _declared(model, path, role, seen) for path, role in declared.items()}
    calls = [call for call in observed(model, run).values() if _usable(call.output, examples)]
    chosen = _chosen(model, calls)
    if not chosen:
        raise StudyError(
            f"{type(model).__name__} has no layers to track: no module with weights inside it runs once in a forward pass"
            f" and returns a tensor with the {examples} examples of the probe on its first axis. Name them: layers=[...],"
            " paths as in model.named_modules()."
        )
    last = next(reversed(chosen))
    if _weighted(model.get_submodule(last)):
        chosen[last] = chosen[last]._replace(role=OUTPUT)
    return chosen


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
    found = {}
    for name in names:
        path = name.partition(":")[0]
        call = calls[name]
        role = _role(model, path, modules[path])
        found[name] = Layer(path, role, call.entry, _channels_first(modules[path], call.output))
    return found


def observed(model: nn.Module, run: Callable[[], Any], wanted: dict[str, str] | None = None) -> dict[str, Call]:
    """The modules that run exactly once in a pass, in the order in which they finish.

    wanted: {name: entry or ""} of the layers that were asked for; by default all modules, and those whose output holds no
    tensor are left out.
    """
    seen: dict[str, list[Call]] = {}
    alive = []  # an identity is only unique while its tensor lives
    entered: dict[str, frozenset[tuple[int, int]]] = {}

    def enter(path: str) -> Callable[..., None]:
        def note(module: nn.Module, inputs: tuple[Any, ...], options: dict[str, Any]) -> None:
            # Before the module runs, which may be in place.
            tensors = [x for x in (*inputs, *options.values()) if isinstance(x, torch.Tensor)]
            alive.append(tensors)
            entered[path] = frozenset(map(_key, tensors))

        return note

    def hook(path: str, names: list[tuple[str, str | None]]) -> Callable[..., None]:
        def keep(module: nn.Module, inputs: tuple[Any, ...], options: dict[str, Any], output: Any) -> None:
            alive.append(output)
            for name, asked in names:
                tensor, entry = choose(path, output, asked)
                if tensor is not None:
                    seen.setdefault(name, []).append(Call(path, module, entered[path], tensor, entry, _key(tensor)))

        return keep

    modules = dict(model.named_modules())
    by_path: dict[str, list[tuple[str, str | None]]] = {}
    for name, asked in (wanted or {}).items():
        by_path.setdefault(name.partition(":")[0], []).append((name, asked))
    if wanted is None:
        by_path = {path: [(path, None)] for path in modules if path}
    watched = {path: hook(path, names) for path, names in by_path.items()}
    with hooked(modules, watched, {path: enter(path) for path in by_path}), torch.no_grad():
        run()
    for name in wanted or {}:
        times = len(seen.get(name, ()))
        if times != 1:
            raise StudyError(
                f"Layer {name!r} runs {times} times in a forward pass, and a layer has one representation: name a module"
                " that runs once, or give every use a module of its own, such as an nn.Identity behind it."
            )
    return {name: calls[0] for name, calls in seen.items() if len(calls) == 1}


@contextmanager
def hooked(
    modules: dict[str, nn.Module], after: dict[str, Callable[..., None]], before: dict[str, Callable[..., None]]
) -> Iterator[None]:
    """Hooks by path, called with a module, its arguments, its options and, after it ran, its output; removed at the end."""
    handles = [modules[path].register_forward_hook(hook, with_kwargs=True) for path, hook in after.items()]
    handles += [modules[path].register_forward_pre_hook(hook, with_kwargs=True) for path, hook in before.items()]
    # The fused kernels of nn.TransformerEncoder hide its parts and turn padded batches into nested tensors.
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for handle in handles:
            handle.remove()


def _chosen(model: nn.Module, calls: list[Call]) -> dict[str, Layer]:
    sealed = [call.path for call in calls if _seals(call.module)]
    blocks = _block_paths(model)
    attending = [path for path in blocks if _attends(model, path)]
    candidates = [call for call in calls if not any(call.path.startswith(f"{path}.") for path in sealed)]
    activated, channels = _activations(candidates)
    found: dict[tuple[int, int], tuple[Call, Layer]] = {}
    for call in candidates:
        module, role = call.module, ""
        if isinstance(module, nn.Embedding):
            role = EMBEDDING
        elif _attention(module):
            role = ATTENTION
        elif isinstance(module, nn.RNNBase):
            role = HIDDEN
        elif call.path in blocks:
            role = BLOCK
        elif (_weighted(module) and call.path not in activated) or call.path in activated.values():
            role = FEEDFORWARD if any(call.path.startswith(f"{path}.") for path in attending) else HIDDEN
        if role:
            first = channels.get(call.path, _channels_first(module, call.output))
            # Of modules that return the same tensor the outer one finishes last and takes the place.
            found.pop(call.key, None)
            found[call.key] = (call, Layer(call.path, role, call.entry, first))
    return {call.path: layer for call, layer in found.values()}


def _activations(calls: list[Call]) -> tuple[dict[str, str], dict[str, bool]]:
    """{module with weights: the activation behind it} and {layer: whether its channels come first} of both."""
    source: dict[tuple[int, int], str] = {}
    activated, channels = {}, {}
    for call in calls:
        before = next((source[key] for key in call.inputs if key in source), None)
        if _weighted(call.module):
            source[call.key] = call.path
            channels[call.path] = isinstance(call.module, _ConvNd)
        elif before is not None and _passes(call.module):
            source[call.key] = before
        elif before is not None and _activation(call.module):
            activated[before] = call.path
            channels[call.path] = channels[before]
    return activated, channels


def _key(tensor: torch.Tensor) -> tuple[int, int]:
    """What a tensor is now: an operation in place makes another of it."""
    return id(tensor), tensor._version


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
    if isinstance(module, nn.Embedding):
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
            if repeated and next(child.children(), None) is not None and not isinstance(child, CONTAINERS):
                found.add(f"{path}.{name}".lstrip("."))
    return found


def _attends(model: nn.Module, path: str) -> bool:
    return any(_attention(module) for module in model.get_submodule(path).modules())


def _attention(module: nn.Module) -> bool:
    return "attention" in type(module).__name__.lower() and next(module.children(), None) is not None


def _seals(module: nn.Module) -> bool:
    return _attention(module) or isinstance(module, nn.RNNBase)


def _weighted(module: nn.Module) -> bool:
    weight = getattr(module, "weight", None)
    matrix = isinstance(weight, torch.Tensor) and weight.ndim >= 2
    return matrix and not isinstance(module, nn.Embedding) and next(module.children(), None) is None


def _activation(module: nn.Module) -> bool:
    """torch.nn.modules.activation, transformers.activations: a nonlinearity of every unit by itself."""
    units = not isinstance(module, nn.Softmax | nn.Softmax2d | nn.LogSoftmax | nn.Softmin | nn.MultiheadAttention)
    return units and type(module).__module__.rpartition(".")[2] in ("activation", "activations")


def _passes(module: nn.Module) -> bool:
    """Modules that may stand between weights and their activation."""
    return isinstance(module, nn.Identity) or any(word in type(module).__name__ for word in ("Norm", "Dropout"))
