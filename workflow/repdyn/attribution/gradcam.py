"""Grad-CAM: which places of a convolutional layer speak for a class."""

import torch
from torch import nn
from torch.nn.functional import interpolate

from repdyn.activations.addresses import Where, address, named
from repdyn.activations.axes import unit_axis
from repdyn.activations.hooks import recorded
from repdyn.attribution.gradients import scores
from repdyn.errors import StudyError


def grad_cam(model: nn.Module, path: Where, x: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """ReLU(sum_k alpha_k A_k) of the channels A of the module at a path, alpha_k the mean gradient of the target's output
    over channel k (Selvaraju 2017, eq. 1 and 2): (n, h, w) of that layer.

    x (n, ...), targets (n,). In a network of global average pooling and one linear layer it is h w times smaller than
    CAM (Zhou 2016). StudyError where the module's output is not (n, channels, h, w).
    """
    with torch.enable_grad(), recorded(model, [path]) as outputs:
        target = scores(model, x, targets).sum()
    maps = outputs[path]
    if maps.ndim != 4:
        raise StudyError(
            f"Grad-CAM needs a layer of channels (n, channels, h, w); {named(path)} gives {tuple(maps.shape)}."
        )
    if unit_axis(model, address(path), maps) != 1:
        raise StudyError(f"Grad-CAM needs the channels of {named(path)} before its places")
    slope = torch.autograd.grad(target, maps, allow_unused=True)[0] if target.requires_grad else None
    if slope is None:
        raise StudyError(f"The output does not depend on {named(path)} through operations with a gradient.")
    weights = slope.mean((2, 3), keepdim=True)
    return (weights * maps.detach()).sum(1).relu()


def enlarged(maps: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Maps (n, h, w) at the size of the image, bilinear: (n, *size)."""
    return interpolate(maps[:, None], size, mode="bilinear", align_corners=False)[:, 0]
