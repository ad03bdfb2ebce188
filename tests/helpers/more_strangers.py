"""More networks that are not the study's, each with the same forward pass in plain operations."""

import torch
from torch import nn
from torch.nn.functional import conv2d, interpolate, layer_norm, linear, max_pool2d
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from helpers.plain_forwards import attention
from helpers.stranger_models import CLASSES


class UNet(nn.Module):
    """Down, up, and what came before the way down beside what comes up; works in place."""

    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(inplace=True))
        self.pool = nn.MaxPool2d(2)
        self.bottom = nn.Sequential(nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(inplace=True))
        self.up = nn.Upsample(scale_factor=2)
        self.join = nn.Sequential(nn.Conv2d(10, 5, 3, padding=1), nn.ReLU(inplace=True))
        self.head = nn.Linear(5, CLASSES)

    def forward(self, x):
        skipped = self.down(x)
        risen = self.up(self.bottom(self.pool(skipped)))
        return self.head(self.join(torch.cat([skipped, risen], 1)).mean((2, 3)))


def unet(model, x, change):
    def block(layers, x):
        return torch.clamp(conv2d(x, layers[0].weight, layers[0].bias, padding=1), min=0)

    skipped = change(before := block(model.down, x))
    risen = interpolate(block(model.bottom, max_pool2d(skipped, 2)), scale_factor=2)
    joined = block(model.join, torch.cat([skipped, risen], 1))
    return before, joined.mean((2, 3)) @ model.head.weight.T + model.head.bias


class Experts(nn.Module):
    """A mixture of experts: the router sends every example to one of two, which see none of the others."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(5, 6), nn.ReLU())
        self.router = nn.Linear(6, 2)
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(6, 6), nn.ReLU()) for _ in range(2))
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x):
        x = self.stem(x)
        weights = self.router(x).softmax(-1)
        weight, chosen = weights.max(-1)
        mixed = torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            rows = chosen == number
            if rows.any():
                mixed[rows] = weight[rows, None] * expert(x[rows])
        return self.head(mixed)


def experts(model, x, change):
    h = change(before := torch.clamp(x @ model.stem[0].weight.T + model.stem[0].bias, min=0))
    weights = (h @ model.router.weight.T + model.router.bias).softmax(-1)
    outputs = torch.stack([torch.clamp(h @ e[0].weight.T + e[0].bias, min=0) for e in model.experts], 1)
    mask = nn.functional.one_hot(weights.argmax(-1), 2)
    return before, ((weights * mask)[..., None] * outputs).sum(1) @ model.head.weight.T + model.head.bias


class LanguageModel(nn.Module):
    """An LSTM whose output layer shares its weights with the embedding; the next word of a vocabulary of three."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(12, 6, padding_idx=0)
        self.rnn = nn.LSTM(6, 6, batch_first=True)
        self.decode = nn.Linear(6, 12)
        self.decode.weight = self.embed.weight

    def forward(self, tokens):
        states, _ = self.rnn(self.embed(tokens))
        return self.decode(states)[:, -1, :CLASSES]


def language_model(model, tokens, change):
    rnn, states = model.rnn, []
    x = model.embed.weight[tokens]
    h = c = torch.zeros(len(x), rnn.hidden_size, dtype=x.dtype)
    for t in range(x.shape[1]):
        gates = x[:, t] @ rnn.weight_ih_l0.T + rnn.bias_ih_l0 + h @ rnn.weight_hh_l0.T + rnn.bias_hh_l0
        i, f, g, o = gates.chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        states.append(h)
    before = torch.stack(states, 1)
    return before, (change(before)[:, -1] @ model.decode.weight.T + model.decode.bias)[:, :CLASSES]


class Parametrised(nn.Module):
    """Weights that are functions of parameters."""

    def __init__(self):
        super().__init__()
        self.first = weight_norm(nn.Linear(5, 7))
        self.relu = nn.ReLU()
        self.last = spectral_norm(nn.Linear(7, CLASSES))

    def forward(self, x):
        return self.last(self.relu(self.first(x)))


def parametrised(model, x, change):
    scale, direction = (getattr(model.first.parametrizations.weight, f"original{i}") for i in (0, 1))
    h = change(
        before := torch.clamp(x @ (scale * direction / direction.norm(dim=1, keepdim=True)).T + model.first.bias, min=0)
    )
    weight, norm = model.last.parametrizations.weight.original, model.last.parametrizations.weight[0]
    return before, h @ (weight / (norm._u @ weight @ norm._v)).T + model.last.bias


class Vision(nn.Module):
    """A vision transformer: patches by a convolution, a token of its own for the class, from which it answers."""

    def __init__(self, width: int = 8):
        super().__init__()
        self.patch = nn.Conv2d(1, width, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, width))
        self.place = nn.Parameter(0.3 * torch.randn(1, 5, width))
        layer = nn.TransformerEncoderLayer(width, 2, 16, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(width, CLASSES)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.place
        return self.head(self.encoder(x)[:, 0])


def vision(model, x, change):
    x = conv2d(x, model.patch.weight, model.patch.bias, stride=4).flatten(2).transpose(1, 2)
    states = torch.cat([model.token.expand(len(x), -1, -1), x], 1) + model.place
    before, none = None, torch.zeros(states.shape[:2], dtype=torch.bool)
    for layer in model.encoder.layers:
        states = states + attention(layer.self_attn, states, none)
        states = layer_norm(states, states.shape[-1:], layer.norm1.weight, layer.norm1.bias)
        inner = torch.clamp(linear(states, layer.linear1.weight, layer.linear1.bias), min=0)
        states = states + linear(inner, layer.linear2.weight, layer.linear2.bias)
        states = layer_norm(states, states.shape[-1:], layer.norm2.weight, layer.norm2.bias)
        if before is None:
            states = change(before := states)
    return before, states[:, 0] @ model.head.weight.T + model.head.bias
