"""Convolutional network: 3x3 convolutions, ReLU, 2x2 max-pooling, one linear read-out."""

from torch import nn

from repdyn.roles import HIDDEN, OUTPUT


class CNN(nn.Module):
    """`channels` of the convolutions, for images (1, size, size).

    Tracked: each convolution after its ReLU and before pooling, averaged over space, and the logits.
    """

    chunk = 64

    def __init__(self, channels: list[int], size: int, classes: int):
        super().__init__()
        widths = [1, *channels]
        self.blocks = nn.ModuleList()
        for before, after in zip(widths, channels, strict=False):
            block = nn.Sequential()
            block.add_module("conv", nn.Conv2d(before, after, 3, padding=1))
            block.add_module("relu", nn.ReLU())
            block.add_module("pool", nn.MaxPool2d(2))
            self.blocks.append(block)
            size //= 2
        self.output = nn.Linear(widths[-1] * size * size, classes)
        self.roles = {f"blocks.{i}.relu": HIDDEN for i in range(len(channels))} | {"output": OUTPUT}
        self.tracked = list(self.roles)

    def forward(self, images):
        state = images
        for block in self.blocks:
            state = block(state)
        return self.output(state.flatten(1))
