"""The three families of networks, and a user's own, built from a description and the shape of the data."""

import torch
from torch import nn

from repdyn.errors import StudyError
from repdyn.families import ACCEPTS
from repdyn.models.cnn import CNN
from repdyn.models.mlp import MLP
from repdyn.models.module import from_function
from repdyn.models.transformer import Transformer


def build(architecture: dict, kind: str, shape: tuple[int, ...], classes: int, vocabulary: int = 0) -> nn.Module:
    """A network for inputs of `shape`, initialised from the global random state.

    architecture: {"family": ..., and that family's widths}; see config/architectures.yaml. Of family "module", function is a
    callable, and options and layers are those of `module.from_function`. The module declares `roles`, {module path: role} of
    the layers to measure in the order of the forward pass; `tracked` are their paths.
    """
    options = dict(architecture)
    family = options.pop("family")
    if kind not in ACCEPTS[family]:
        raise StudyError(f"A {family} cannot take {kind} input; it takes {' or '.join(ACCEPTS[family])}.")
    if family == "module":
        return from_function(options.pop("function"), kind, shape, classes, vocabulary, **options)
    if family == "mlp":
        features = int(torch.tensor(shape).prod())
        return MLP(features=features, classes=classes, vocabulary=vocabulary, **options)
    if family == "cnn":
        return CNN(size=shape[-1], classes=classes, **options).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if kind == "text":
        return Transformer(classes=classes, vocabulary=vocabulary, length=shape[-1], **options)
    return Transformer(classes=classes, size=shape[-1], **options)
