"""Networks that are not the study's, each with inputs, an address in it and its plain forward pass."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from helpers import more_strangers, plain_forwards
from helpers import stranger_models as strangers
from repdyn.activations.addresses import Address, Answering


class Case(NamedTuple):
    """A network, its inputs and others, an address in it, the axis of its units there, and the plain forward pass."""

    model: nn.Module
    inputs: object
    donors: object
    where: Address
    axis: int
    forward: object
    last: str

    def plain(self, change=lambda h: h, inputs=None):
        return self.forward(self.model, self.inputs if inputs is None else inputs, change)

    def answer(self, change=lambda h: h, inputs=None):
        with torch.no_grad():
            return self.plain(change, inputs)[1].numpy()

    def h(self, inputs=None):
        with torch.no_grad():
            return self.plain(inputs=inputs)[0]

    def units(self, h, units, value):
        """A copy of h with units at a value, by a loop over units."""
        h = h.clone()
        for i, unit in enumerate(units):
            h.select(self.axis, unit)[...] = value if np.isscalar(value) else value.select(self.axis, i)
        return h


def network(kind, forward, inputs, where, axis, last, answer=None):
    model = strangers.made(kind).double().eval()
    model = Answering(model, answer) if answer else model
    given = [inputs(seed) for seed in (1, 2)]
    given = [tuple(map(torch.Tensor.double, x)) if isinstance(x, tuple) else x.double() if x.is_floating_point() else x
             for x in given]  # fmt: skip
    return Case(model, *given, where, axis, forward, last)


def small_mlp():
    return nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))


def small_cnn():
    convolution = nn.Conv2d(1, 4, 3, padding=1)
    return nn.Sequential(convolution, nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3))


def images(n):
    return lambda seed: strangers.normal(n, 1, 8, 8, seed=seed)


def vectors(n):
    return lambda seed: strangers.normal(n, 5, seed=seed)


def series(n):
    return lambda seed: strangers.normal(n, 6, 4, seed=seed)


def words(n):
    return lambda seed: strangers.tokens(n, 6, seed)


# {name: a case of n examples}
MODELS = {
    "mlp": lambda n=6: network(small_mlp, plain_forwards.mlp, vectors(n), "1", 1, "2"),
    "cnn": lambda n=6: network(small_cnn, plain_forwards.cnn, images(n), "1", 1, "4"),
    "resnet": lambda n=6: network(
        strangers.ResNet, plain_forwards.resnet, images(n), Address("layer1.0", units=1), 1, "fc"
    ),
    "encoder": lambda n=6: network(strangers.Encoder, plain_forwards.encoder, words(n), "encoder.layers.0", 2, "head"),
    "attention by hand": lambda n=6: network(
        strangers.HandWritten, plain_forwards.by_hand, series(n), "mix", 2, "head"
    ),
    "gru": lambda n=6: network(strangers.Recurrent, plain_forwards.gru, series(n), Address("rnn", output=0), 2, "head"),
    "dictionary": lambda n=6: network(
        strangers.Named, plain_forwards.named, vectors(n), Address("body", output="active"), 1, "head", "logits"
    ),
    "two inputs": lambda n=6: network(
        strangers.Two,
        plain_forwards.two,
        lambda seed: (strangers.normal(n, 5, seed=seed), strangers.normal(n, 3, seed=seed + 7)),
        "relu",
        1,
        "head",
    ),
    "u-net": lambda n=6: network(more_strangers.UNet, more_strangers.unet, images(n), "down", 1, "head"),
    "experts": lambda n=6: network(more_strangers.Experts, more_strangers.experts, vectors(n), "stem", 1, "head"),
    "tied weights": lambda n=6: network(
        more_strangers.LanguageModel, more_strangers.language_model, words(n), Address("rnn", output=0), 2, "decode"
    ),
    "parametrised": lambda n=6: network(
        more_strangers.Parametrised, more_strangers.parametrised, vectors(n), "relu", 1, "last"
    ),
    "class token": lambda n=6: network(
        more_strangers.Vision, more_strangers.vision, images(n), "encoder.layers.0", 2, "head"
    ),
}
