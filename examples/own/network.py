"""A recurrent network with a residual read-out, for sequences that are stored as vectors."""

import torch
from torch import nn


class Memory(nn.Module):
    """A gated recurrent unit over (n, steps, features); its state after every step, (n, steps, width).

    torch's returns two tensors, and a layer that is measured returns one.
    """

    def __init__(self, features: int, width: int):
        super().__init__()
        self.gru = nn.GRU(features, width, batch_first=True)

    def forward(self, sequence: torch.Tensor) -> torch.Tensor:
        return self.gru(sequence)[0]


class Residual(nn.Module):
    """x + relu(W x + b), (n, width)."""

    def __init__(self, width: int):
        super().__init__()
        self.linear = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.relu(self.linear(x))


class Recurrent(nn.Module):
    def __init__(self, features: int, width: int, blocks: int, classes: int):
        super().__init__()
        self.features = features
        self.memory = Memory(features, width)
        self.blocks = nn.ModuleList(Residual(width) for _ in range(blocks))
        self.logits = nn.Linear(width, classes)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        state = self.memory(inputs.view(len(inputs), -1, self.features))[:, -1]
        for block in self.blocks:
            state = block(state)
        return self.logits(state)


def recurrent(shape: tuple[int, ...], classes: int, features: int, width: int = 24, blocks: int = 2) -> nn.Module:
    """Called by the workflow with the shape of one input, the number of classes, and the options of the architectures file.

    torch is seeded from the experiment and the seed of the run before the call.
    """
    assert shape[0] % features == 0, f"{shape[0]} numbers are no whole number of steps of {features}"
    return Recurrent(features, width, blocks, classes)
