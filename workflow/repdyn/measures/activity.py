"""Which units are silent: exact zeros of layers behind a ReLU."""

import torch
from torch import nn

from repdyn.models.embedding import PADDING


def rectified(network: nn.Module, layers: list[str]) -> list[str]:
    """Those of `layers` (module paths) that end in a ReLU: the module is one, or a Sequential whose last module is."""
    return [layer for layer in layers if _last(network.get_submodule(layer)) is nn.ReLU]


def active_units(output: torch.Tensor, inputs: torch.Tensor) -> tuple[torch.Tensor, int]:
    """In how many rows each unit of a layer's output is not exactly zero, (d,), and of how many rows.

    A row is an example (n, d), a position of a channel (n, d, height, width) or a token (n, T, d); of texts, inputs
    (n, T) int64, padding is none.
    """
    active = output != 0
    if output.ndim == 4:
        return active.sum((0, 2, 3)), active[:, 0].numel()
    if output.ndim == 3 and inputs.dtype == torch.int64:
        valid = inputs != PADDING
        return (active & valid[..., None]).sum((0, 1)), int(valid.sum())
    return active.flatten(0, -2).sum(0), active[..., 0].numel()


def _last(module: nn.Module) -> type:
    """The type of the module that makes a module's output, as far as Sequentials tell."""
    while isinstance(module, nn.Sequential) and len(module):
        module = module[-1]
    return type(module)
