"""A network that is not one of ours: any module that turns inputs into logits, with the layers that are measured."""

import difflib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from repdyn.errors import StudyError, attempt
from repdyn.models.layers import declared_roles
from repdyn.models.measurable import measurable_layers, returned, unfit
from repdyn.models.modes import evaluating
from repdyn.roles import BLOCK, FEEDFORWARD, HIDDEN, OUTPUT, state_layers, unit_layers

# Examples on which a network is tried: unlike any width or length that could be taken for it.
EXAMPLES = 11
PREFIX = "network."


class Module(nn.Module):
    """`network` with its logits as a layer of their own, "output", after the others in `tracked`.

    tracked: module paths, "network.<path in the network>" and "output". roles: {path: role}. tokens: rows per example of
    layers with three axes (n, tokens, features), None if there are none. chunk: examples in a forward pass.
    """

    chunk = 64

    def __init__(self, network: nn.Module, roles: dict[str, str], tokens: int | None):
        super().__init__()
        self.network = network
        self.output = nn.Identity()
        self.roles = {PREFIX + path: role for path, role in roles.items()} | {"output": OUTPUT}
        self.tracked = list(self.roles)
        self.tokens = tokens

    def forward(self, inputs):
        return self.output(self.network(inputs))


def from_function(
    function: Callable[..., nn.Module],
    kind: str,
    shape: tuple[int, ...],
    classes: int,
    vocabulary: int = 0,
    options: dict | None = None,
    layers: list[str] | dict[str, str] | None = None,
) -> Module:
    """What `function(shape=..., classes=..., **options)` returns, of texts with `vocabulary` too, ready for a run.

    It draws from the global random state of torch alone. shape: of one input. layers: paths of the layers to measure in
    the order of the forward pass, or {path: role}; without them they are found (`models.layers` says how).

    Raises StudyError for a function that raises, returns no module, or another one each time; for a network that does not
    give logits (n, classes) or has parameters that take no part in them; and for layers that cannot be measured.
    """
    where = described(function)
    size = {"vocabulary": vocabulary} if kind == "text" else {}
    inputs = examples(kind, shape, vocabulary)
    state = torch.get_rng_state()
    network = _made(where, function, shape=shape, classes=classes, **size, **(options or {}))
    _try(where, network, inputs, classes)
    torch.set_rng_state(state)
    again = _made(where, function, shape=shape, classes=classes, **size, **(options or {}))
    _try(where, again, inputs, classes)
    _require_same(where, network, again)
    roles = _roles(where, network, inputs, layers)
    outputs = {path: calls[0][0] for path, calls in returned(network, inputs).items() if path in roles}
    lengths = {path: output.shape[1] for path, output in outputs.items() if output.ndim == 3}
    if len(set(lengths.values())) > 1:
        raise StudyError(
            f"{where}: layers have different numbers of tokens ({_listed(lengths)}); name those of one length under `layers`"
        )
    tokens = next(iter(lengths.values()), None)
    if kind == "text" and tokens not in (None, shape[-1]):
        raise StudyError(
            f"{where}: layer {next(iter(lengths))} has {tokens} tokens, the texts have {shape[-1]}; name layers with a row "
            "per word, or without tokens, under `layers`"
        )
    for path, output in outputs.items():
        module: Any = network.get_submodule(path)
        # A run measures them so (training.tracker.matrix); what reads activations asks modules of one's own.
        if not hasattr(module, "unit_axis"):
            module.unit_axis = 1 if output.ndim == 4 else -1
    return Module(network, roles, tokens)


def described(function: Callable) -> str:
    """ "<file>, function <name>"."""
    try:
        file = inspect.getsourcefile(function)
    except TypeError:
        file = None
    return f"{Path(file)}, function {function.__qualname__}" if file else f"function {function!r}"


def examples(kind: str, shape: tuple[int, ...], vocabulary: int = 0) -> torch.Tensor:
    """Inputs (EXAMPLES, *shape) of a kind, fixed and all different: numbers in [0, 1], or words without padding."""
    count = EXAMPLES * int(torch.tensor(shape).prod())
    if kind == "text":
        return (1 + torch.arange(count) % max(vocabulary - 1, 1)).view(EXAMPLES, *shape)
    return (torch.arange(count, dtype=torch.float32) * 0.61803399 % 1).view(EXAMPLES, *shape)


def _made(where: str, function: Callable, **arguments) -> nn.Module:
    network = attempt(where, function, **arguments)
    if not isinstance(network, nn.Module):
        raise StudyError(f"{where} returns a {type(network).__name__}; a torch.nn.Module is needed")
    return network


def _try(where: str, network: nn.Module, inputs: torch.Tensor, classes: int) -> None:
    """One forward and backward pass in evaluation mode, which leaves the network as it was."""
    shown = f"{inputs.dtype} inputs of shape {tuple(inputs.shape)}".removeprefix("torch.")
    with evaluating(network), torch.enable_grad():
        logits = attempt(f"{where}, its network on {shown}", network, inputs)
        if not isinstance(logits, torch.Tensor):
            raise StudyError(
                f"{where}: its network returns a {type(logits).__name__}; one tensor of logits (examples, {classes}) is "
                "needed"
            )
        if tuple(logits.shape) != (EXAMPLES, classes) or not logits.is_floating_point():
            raise StudyError(
                f"{where}: on {shown}, its network returns {str(logits.dtype).removeprefix('torch.')} values of shape "
                f"{tuple(logits.shape)}; logits of shape {(EXAMPLES, classes)} are needed, one column per class"
            )
        if not logits.requires_grad:
            raise StudyError(f"{where}: no parameter takes part in the network's output; there is nothing to train")
        cross_entropy(logits, torch.arange(EXAMPLES) % classes).backward()
    idle = [name for name, value in network.named_parameters() if value.requires_grad and value.grad is None]
    if idle:
        raise StudyError(
            f"{where}: parameter {idle[0]} takes no part in the network's output; take it out, or freeze it with "
            "requires_grad_(False)"
        )
    network.zero_grad(set_to_none=True)


def _require_same(where: str, network: nn.Module, again: nn.Module) -> None:
    """StudyError unless the two have the same parameters and buffers, bit for bit."""
    one, other = network.state_dict(), again.state_dict()
    differing = [name for name in one if name not in other or not torch.equal(one[name], other[name])]
    if differing or one.keys() != other.keys():
        raise StudyError(
            f"{where}: called twice with the same seed, it makes different networks ({(differing or [*other])[0]}); draw "
            "from torch's own generator alone, which is seeded for each run"
        )


def _roles(where: str, network: nn.Module, inputs: torch.Tensor, layers) -> dict[str, str]:
    source = "`layers`"
    if layers is None and declared_roles(network):
        source = "the network's `roles`"
        layers = {path: role for path, role in declared_roles(network).items() if role != OUTPUT}
    if layers is None:
        found = measurable_layers(network, inputs)
        if not state_layers(found) or not unit_layers(found):
            shown = f"only {', '.join(f'{path} ({role})' for path, role in found.items())}; " if found else ""
            raise StudyError(
                f"{where}: no layer to measure is found: no module with weights before the output gives a tensor of "
                f"numbers with a row per example; {shown}make a part of the network a module of its own, or name layers "
                "under `layers`"
            )
        return found
    reasons = unfit(network, inputs)
    named = layers if isinstance(layers, dict) else dict.fromkeys(layers, HIDDEN)
    for path in named:
        if path not in reasons:
            close = difflib.get_close_matches(path, reasons, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(reasons)}."
            raise StudyError(f"{where}: {source} names {path!r}, which the network does not have; {hint}")
        if reasons[path]:
            usable = [other for other, reason in reasons.items() if not reason]
            raise StudyError(f"{where}: layer {path} cannot be measured: {reasons[path]}; {_choice(usable)}")
    if not state_layers(named) or not unit_layers(named):
        raise StudyError(
            f"{where}: none of the layers under {source} is {HIDDEN}, nor are there a {BLOCK} and a {FEEDFORWARD}; one "
            "or the other is needed"
        )
    return dict(named)


def _choice(usable: list[str]) -> str:
    return f"these can: {', '.join(usable)}" if usable else "no other module can either"


def _listed(lengths: dict[str, int]) -> str:
    return ", ".join(f"{path} {length}" for path, length in lengths.items())
