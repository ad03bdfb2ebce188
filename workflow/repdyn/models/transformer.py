"""Transformer encoder after Vaswani 2017 (LayerNorm after each residual sum), written out so that every part can be hooked.

The modules compute what torch.nn.TransformerEncoderLayer computes, whose fused kernels hide attention from hooks.
"""

import math

import torch
from torch import nn

from repdyn.models.dropout import Dropout
from repdyn.models.embedding import PADDING, masked_mean
from repdyn.roles import ATTENTION, BLOCK, EMBEDDING, FEEDFORWARD, OUTPUT


class Attention(nn.Module):
    """Multi-head self-attention over (n, T, width). `probabilities` and `heads` exist to be hooked: the attention
    weights (n, heads, T, T) and the output of each head before the output projection (n, T, heads, width / heads).
    """

    unit_axis = -1

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.head_count = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.probabilities = nn.Softmax(-1)
        self.dropout = Dropout(dropout)
        self.heads = nn.Identity()
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.qkv.weight)
        nn.init.zeros_(self.qkv.bias)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, states, valid=None):
        n, length, width = states.shape
        split = self.qkv(states).view(n, length, 3, self.head_count, width // self.head_count)
        # One copy here, or each product of matrices below makes its own.
        query, key, value = split.permute(2, 0, 3, 1, 4).contiguous()
        scores = (query @ key.transpose(-1, -2)).mul_(1 / math.sqrt(width // self.head_count))
        if valid is not None:
            scores = scores.masked_fill(~valid[:, None, None, :], -torch.inf)
        mixed = self.dropout(self.probabilities(scores)) @ value
        return self.out_proj(self.heads(mixed.transpose(1, 2)).reshape(n, length, width))


class Block(nn.Module):
    """Attention and a feed-forward layer of four times the width, each with dropout, residual sum and LayerNorm."""

    unit_axis = -1

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.attention = Attention(width, heads, dropout)
        self.norm1 = nn.LayerNorm(width)
        self.feedforward = nn.Sequential(nn.Linear(width, 4 * width), nn.ReLU())
        self.down = nn.Linear(4 * width, width)
        self.norm2 = nn.LayerNorm(width)
        self.dropout = Dropout(dropout)

    def forward(self, states, valid=None):
        states = self.norm1(states + self.dropout(self.attention(states, valid)))
        inner = self.down(self.dropout(self.feedforward(states)))
        return self.norm2(states + self.dropout(inner))


class Transformer(nn.Module):
    """Encoder over words (vocabulary > 0, with padding masked) or over square patches of an image, mean-pooled.

    Learned positions; an image becomes 4 x 4 patches, each projected to `width`. Tracked, tokens as rows: the embedding with
    positions, per block the attention output, the feed-forward hidden layer after its ReLU and the block output; and
    the logits.
    """

    PATCHES = 4
    chunk = 64

    def __init__(
        self,
        width: int,
        heads: int,
        layers: int,
        classes: int,
        dropout: float = 0.1,
        size: int = 0,
        vocabulary: int = 0,
        length: int = 0,
    ):
        super().__init__()
        self.patch = size // self.PATCHES
        self.project = nn.Embedding(vocabulary, width) if vocabulary else nn.Linear(self.patch**2, width)
        self.positions = nn.Parameter(torch.randn(length if vocabulary else self.PATCHES**2, width))
        self.embedding = nn.Identity()
        self.embedding.unit_axis = -1  # type: ignore[assignment]
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(layers))
        self.output = nn.Linear(width, classes)
        self.roles = {"embedding": EMBEDDING}
        for i in range(layers):
            block = f"blocks.{i}"
            self.roles |= {f"{block}.attention": ATTENTION, f"{block}.feedforward": FEEDFORWARD, block: BLOCK}
        self.roles["output"] = OUTPUT
        self.tracked = list(self.roles)

    def forward(self, inputs):
        valid = None
        if inputs.dtype == torch.int64:
            valid = inputs != PADDING
            states = self.project(inputs)
        else:
            states = self.project(patches(inputs, self.patch))
        states = self.embedding(states + self.positions)
        for block in self.blocks:
            states = block(states, valid)
        return self.output(states.mean(1) if valid is None else masked_mean(states, valid))


def patches(images: torch.Tensor, size: int) -> torch.Tensor:
    """Square patches, row by row: (n, 1, H, W) to (n, (H / size) * (W / size), size * size)."""
    n, _, height, width = images.shape
    grid = images.reshape(n, height // size, size, width // size, size)
    return grid.transpose(2, 3).reshape(n, -1, size * size)
