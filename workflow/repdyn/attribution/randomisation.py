"""Sanity check of Adebayo 2018: a map that explains a network must change when the network's weights are drawn anew."""

import copy

import torch
from torch import nn

from repdyn.errors import StudyError
from repdyn.interventions.hooks import find


def reinitialised(model: nn.Module, paths: list[str], seed: int) -> nn.Module:
    """A copy of a network in which the modules at the paths, with all inside them, have new weights.

    Each layer draws them as PyTorch does by default (its `reset_parameters`); parameters outside such layers stay.
    StudyError for a path without any such layer. The global random state is left as it was.
    """
    model = copy.deepcopy(model)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for path in paths:
            layers = [layer for layer in find(model, path).modules() if hasattr(layer, "reset_parameters")]
            if not layers:
                raise StudyError(f"{path} of {type(model).__name__} has no layer whose weights could be drawn anew.")
            for layer in layers:
                layer.reset_parameters()
    return model


def stages(model: nn.Module) -> list[str]:
    """The parts of a network with weights, last first: its children, those of a ModuleList one by one."""
    paths = []
    for name, child in model.named_children():
        paths += [f"{name}.{i}" for i in range(len(child))] if isinstance(child, nn.ModuleList) else [name]
    return [path for path in reversed(paths) if any(True for _ in model.get_submodule(path).parameters())]
