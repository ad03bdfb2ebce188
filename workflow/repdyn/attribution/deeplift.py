"""DeepLIFT: what each feature adds to the change of the output from a baseline to the input, layer by layer."""

from contextlib import ExitStack

import torch
from torch import nn

from repdyn.activations.hooks import addressable
from repdyn.attribution.gradients import Function, check_input, completeness_gap, gradient
from repdyn.errors import StudyError

# Activations of one number each, whose slope is replaced by rise over run.
BENT = (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SiLU, nn.GELU, nn.Tanh, nn.Sigmoid, nn.Softplus)
POOLED = (nn.MaxPool1d, nn.MaxPool2d)
TOLERANCE = 1e-3  # of the size of all parts together: far above rounding, far below what a layer without a rule leaves


def deeplift(
    model: nn.Module, x: torch.Tensor, targets: torch.Tensor, baseline: torch.Tensor, f: Function | None = None
) -> torch.Tensor:
    """The part of every feature of x (n, ...) in f(x) - f(x0) at targets (n,), shaped as x: the rescale rule.

    Each activation hands back (f(z) - f(z0)) / (z - z0) (Shrikumar 2017, eq. 16), max-pooling a mixture of the places that
    win for x and for x0, which is that rule for max(a, b) = b + ReLU(a - b). baseline x0: shaped as x or broadcast to it.
    f: the network as a function of x, if x is not its input. StudyError where the parts do not sum to the change: a layer
    such as LayerNorm or attention multiplies, or an activation is no module, and the rule does not hold.
    """
    check_input(x, "DeepLIFT")
    start = baseline.expand_as(x)
    with addressable(model, []), ExitStack() as hooks:
        for module in model.modules():
            rule = _rescaled if isinstance(module, BENT) else _pooled if isinstance(module, POOLED) else None
            if rule:
                hooks.callback(module.register_forward_hook(rule).remove)
        slope = gradient(f or model, torch.cat([x, start]), torch.cat([targets, targets]))[: len(x)]
    found = (x - start) * slope
    gap = completeness_gap(found, f or model, x, targets, baseline)
    size = found.abs().flatten(1).sum(1).max()
    if not gap.abs().max() <= TOLERANCE * size + torch.finfo(x.dtype).eps:
        raise StudyError(
            f"DeepLIFT misses the change of the output of {type(model).__name__} by {gap.abs().max():.2g}, where the parts"
            f" are {size:.2g}: it has no rule for layers that multiply or normalise, nor for activations that are no modules"
        )
    return found


def _rescaled(module: nn.Module, inputs: tuple, output: torch.Tensor) -> torch.Tensor:
    z, z0 = inputs[0].chunk(2)
    value, value0 = output.detach().chunk(2)
    run = (z - z0).detach()
    flat = run.abs() < 1e-6
    # Where the two are alike, rise over run is the slope, which the module's own gradient holds.
    ratio = (value - value0) / torch.where(flat, 1, run)
    changed = torch.where(flat, output.chunk(2)[0], ratio * z)
    return _with_value(output, torch.cat([changed, output.chunk(2)[1]]))


def _pooled(module: nn.Module, inputs: tuple, output: torch.Tensor) -> torch.Tensor:
    states = inputs[0]
    places = 1 if isinstance(module, nn.MaxPool1d) else 2
    pool = nn.functional.max_pool1d if places == 1 else nn.functional.max_pool2d
    options = (module.kernel_size, module.stride, module.padding, module.dilation, module.ceil_mode)
    index = pool(states.detach(), *options, return_indices=True)[1]
    here, there = index.chunk(2)
    z, z0 = (side.flatten(-places) for side in states.chunk(2))

    def at(side: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
        return side.gather(-1, where.flatten(-places)).view(where.shape)

    # How far the winner of x leads there, and that of the baseline at the baseline.
    lead, lead0 = (at(z, here) - at(z, there)).detach(), (at(z0, there) - at(z0, here)).detach()
    share = torch.where(lead + lead0 > 0, lead / (lead + lead0).clamp(min=1e-30), 1)
    changed = share * at(z, here) + (1 - share) * at(z, there)
    return _with_value(output, torch.cat([changed, output.chunk(2)[1]]))


def _with_value(output: torch.Tensor, changed: torch.Tensor) -> torch.Tensor:
    """The value of a layer's output, the gradient of `changed`."""
    return output.detach() + changed - changed.detach()
