"""Direct logit attribution: the logits as a sum of what heads, feed-forward layers and biases add to the residual stream.

Every step is linear in the parts once the deviation by which a LayerNorm divides is held, so that parts add up to the
whole. What a part does to the logits through later layers is not in it (Elhage 2021; Wang 2022).
"""

import torch
from torch import nn

from repdyn.errors import StudyError


def of_heads(heads: torch.Tensor, projection: nn.Linear) -> torch.Tensor:
    """What each head adds: heads (n, T, H, k), before their projection, to parts (H + 1, n, T, d), the last its bias.

    StudyError where the projection does not take H k numbers.
    """
    if heads.ndim != 4 or projection.in_features != heads.shape[2] * heads.shape[3]:
        raise StudyError(
            f"heads (n, T, H, k) need a projection of H k numbers, found {tuple(heads.shape)} and {projection.in_features}"
        )
    weight = projection.weight.view(-1, *heads.shape[2:])
    return torch.cat([torch.einsum("nthk,dhk->hntd", heads, weight), _bias(projection, heads.shape[:2])])


def through_norm(parts: torch.Tensor, norm: nn.LayerNorm) -> torch.Tensor:
    """Parts (p, n, T, d) of what a LayerNorm reads to parts (p + 1, n, T, d) of what it puts out, the last its bias.

    The mean is taken from each part; the deviation is that of their sum. StudyError where the norm is of other axes.
    """
    if tuple(norm.normalized_shape) != tuple(parts.shape[-1:]):
        raise StudyError(f"a LayerNorm of {tuple(norm.normalized_shape)} does not fit parts {tuple(parts.shape)}")
    deviation = (parts.sum(0).var(-1, keepdim=True, unbiased=False) + norm.eps).sqrt()
    gain = norm.weight if norm.weight is not None else torch.ones(parts.shape[-1])
    scaled = (parts - parts.mean(-1, keepdim=True)) / deviation * gain
    bias = torch.zeros(parts.shape[-1]) if norm.bias is None else norm.bias
    return torch.cat([scaled, bias.to(scaled).expand(1, *scaled.shape[1:])])


def to_logits(parts: torch.Tensor, readout: nn.Linear, valid: torch.Tensor | None = None) -> torch.Tensor:
    """Parts (p, n, T, d) of what is averaged over tokens and read out, to parts (p + 1, n, classes), the last its bias.

    valid (n, T) bool: the tokens that count; all, if not given.
    """
    if parts.ndim != 4 or parts.shape[-1] != readout.in_features:
        raise StudyError(f"parts (p, n, T, {readout.in_features}) are read out, found {tuple(parts.shape)}")
    counted = torch.ones(parts.shape[1:3], dtype=torch.bool) if valid is None else valid
    mean = (parts * counted[..., None]).sum(2) / counted.sum(1, keepdim=True)
    return torch.cat([mean @ readout.weight.T, _bias(readout, mean.shape[1:2])])


def _bias(layer: nn.Linear, shape: torch.Size) -> torch.Tensor:
    bias = torch.zeros(layer.out_features).to(layer.weight) if layer.bias is None else layer.bias
    return bias.expand(1, *shape, -1)
