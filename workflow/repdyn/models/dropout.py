"""Dropout (Srivastava 2014) whose masks depend on a seed and nothing else, so that they are the same on every device."""

import math

import numpy as np
import torch
from torch import nn

from repdyn.seeds import derive

# A unit is dropped where 16 random bits, as a number, lie below p times this.
LEVELS = 2**16


class Dropout(nn.Dropout):
    """Dropout that draws from `bits`, which `seed_dropout` sets; several calls in a forward pass draw one after the other.
    Never seeded, it is torch's own: in a training loop other than `training.train_steps`.

    Raw bits of numpy's SFC64, because torch's `bernoulli_` takes a third of a transformer's training step on the CPU, and
    draws otherwise on a GPU.
    """

    bits: np.random.BitGenerator | None = None

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        if self.bits is None:
            return super().forward(states)
        if not self.training or self.p == 0:
            return states
        threshold = dropped_levels(self.p)
        kept = keep_mask(self.bits, states.shape, threshold)
        scaled = np.multiply(kept, np.float32(LEVELS / (LEVELS - threshold)))
        return states * torch.from_numpy(scaled).to(states.device)


def dropped_levels(p: float) -> int:
    """How many of LEVELS values drop a unit, for a probability p in [0, 1); some are always kept."""
    return min(round(p * LEVELS), LEVELS - 1)


def keep_mask(bits: np.random.BitGenerator, shape: tuple[int, ...], threshold: int) -> np.ndarray:
    """Which units stay, bool of `shape`: each is dropped with probability threshold / LEVELS, independently."""
    count = math.prod(shape)
    drawn = bits.random_raw(-(-count // 4)).view(np.uint16)[:count]
    return (drawn >= threshold).reshape(shape)


def dropout_layers(model: nn.Module) -> dict[str, Dropout]:
    """{path: module} of the dropout layers of a network."""
    return {name: module for name, module in model.named_modules() if isinstance(module, Dropout)}


def seed_dropout(layers: dict[str, Dropout], *parts: str | int) -> None:
    """Let every layer draw from here on what (parts, its path) determine; parts name a run and a step."""
    for name, layer in layers.items():
        layer.bits = np.random.SFC64(derive(*parts, "dropout", name))
