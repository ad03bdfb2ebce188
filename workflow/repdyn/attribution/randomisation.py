"""Sanity check of Adebayo 2018: a map that explains a network must change when the network's weights are re-initialised."""

import copy

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from repdyn.activations.addresses import find, inner
from repdyn.errors import StudyError


def reinitialised(model: nn.Module, paths: list[str], seed: int) -> nn.Module:
    """A copy of a network in which the modules at the paths, with all inside them, have new weights.

    Each layer draws them as PyTorch does by default (its `reset_parameters`, or `_reset_parameters` of attention);
    parameters outside the paths stay. StudyError for a path without any such layer, and for one that holds parameters which
    no layer can draw, such as an nn.Parameter of a module of one's own. The global random state is left as it was.
    """
    model = copy.deepcopy(model)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for path in paths:
            part = find(model, path)
            layers = [layer for layer in part.modules() if hasattr(layer, "reset_parameters")]
            functions = [layer for layer in layers if is_parametrized(layer)]
            # Attention draws its own weights and the bias of the layer in it, so after that.
            attentions = [layer for layer in part.modules() if isinstance(layer, nn.MultiheadAttention)]
            if not layers and not attentions:
                raise StudyError(
                    f"{path} of {type(model).__name__} has no layer whose weights could be re-initialised."
                )
            drawn = {id(weight) for layer in layers + attentions for weight in layer.parameters(recurse=False)}
            drawn |= {id(weight) for layer in functions for weight in layer.parametrizations.parameters()}
            left = [name for name, weight in part.named_parameters() if id(weight) not in drawn]
            if left:
                raise StudyError(
                    f"{path} of {type(model).__name__} holds {', '.join(left)}, which no layer draws: their module needs a"
                    " method `reset_parameters`"
                )
            for layer in layers:
                if layer in functions:
                    _redraw(layer)
                else:
                    layer.reset_parameters()
            for layer in attentions:
                layer._reset_parameters()
    return model


def _redraw(layer: nn.Module) -> None:
    """New weights of a layer whose weights are functions of parameters, such as those of spectral_norm."""
    # torch's own way back to plain weights changes the class, which copies of the layer share.
    plain = object.__new__(type(layer).__bases__[0])
    names = [*layer._parameters, *layer.parametrizations]
    held = {name: getattr(layer, name) for name in names}
    copies = {name: None if value is None else nn.Parameter(value.detach().clone()) for name, value in held.items()}
    vars(plain).update(vars(layer) | {"_parameters": copies, "_modules": {}})
    plain.reset_parameters()
    with torch.no_grad():
        for name, value in plain.named_parameters():
            if name in layer._parameters:
                layer._parameters[name].copy_(value)
                continue
            try:
                setattr(layer, name, value.data)
            except RuntimeError as error:
                raise StudyError(f"{name} of {type(plain).__name__} cannot be drawn anew: {error}") from None


def stages(model: nn.Module) -> list[str]:
    """The parts of a network with weights, last first: its children, those of a ModuleList one by one."""
    paths, model = [], inner(model)
    for name, child in model.named_children():
        paths += [f"{name}.{i}" for i in range(len(child))] if isinstance(child, nn.ModuleList) else [name]
    return [path for path in reversed(paths) if any(True for _ in model.get_submodule(path).parameters())]
