"""Layer-wise relevance propagation: the output is handed back layer by layer, each rule saying how a sum is divided.

In ReLU networks a rule is a change of the gradient of each linear layer, and relevance is that gradient times the input
(Montavon 2019, section 10.2.2). It has no meaning where activations are multiplied or normalised.
"""

from collections.abc import Callable
from contextlib import ExitStack

import torch
from torch import nn
from torch.nn.functional import linear

from repdyn.activations.hooks import addressable
from repdyn.attribution.gradients import Function, check_input, gradient, scores
from repdyn.errors import StudyError

Rule = Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]

LINEAR = (nn.Linear, nn.Conv1d, nn.Conv2d)
# What hands relevance on by its own gradient: to the winner, in equal parts, as it is, or to nobody (a look-up).
NEUTRAL = (nn.ReLU, nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.Flatten)
NEUTRAL += (nn.Identity, nn.Dropout, nn.Embedding)
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


def epsilon_rule(epsilon: float = 1e-6) -> Rule:
    """R_i = sum_j a_i w_ij / (z_j + epsilon sign z_j) R_j (Bach 2015, eq. 58). LRP-0 for epsilon = 0.

    The bias and epsilon keep their share.
    """

    def rule(_layer, _a, z):
        sign = torch.where(z < 0, -1.0, 1.0)
        return _with_value(z, _ratio(z, z + epsilon * sign) * z)

    return rule


def alpha_beta_rule(beta: float = 0.0) -> Rule:
    """R_i = sum_j ((1 + beta) z_ij+ / z_j+ - beta z_ij- / z_j-) R_j with z_ij = a_i w_ij (Bach 2015, eq. 60).

    beta = 0 is the z+ rule. z_j+ and z_j- hold the bias, which keeps its share. Where one of the two is 0, the other takes
    all: with the equation as it stands, relevance would be lost or made there.
    """

    def rule(layer, a, z):
        up, down = a.clamp(min=0), a.clamp(max=0)
        w, bias = layer.weight, layer.bias
        sums = []
        for more, less, part in ((w.clamp(min=0), w.clamp(max=0), "min"), (w.clamp(max=0), w.clamp(min=0), "max")):
            share = None if bias is None else bias.clamp(**{part: 0})
            sums.append(_apply(layer, up, more, share) + _apply(layer, down, less, None))
        positive, negative = sums
        alphas = torch.where(negative == 0, 1.0, 1 + beta)
        betas = torch.where(positive == 0, -1.0, beta)
        return _with_value(z, alphas * _ratio(z, positive) * positive - betas * _ratio(z, negative) * negative)

    return rule


def unfit(model: nn.Module) -> list[str]:
    """The types of a network's modules that no rule here covers, such as LayerNorm: with any, LRP is not evaluable.

    Besides those without modules in them, those with weights of their own and those of torch that compute by themselves,
    such as nn.MultiheadAttention. What a forward function computes without a module is for `bends` to see.
    """

    def computes(module):
        ours = not type(module).__module__.startswith("torch.nn") or isinstance(module, CONTAINERS)
        return not any(module.children()) or any(True for _ in module.parameters(recurse=False)) or not ours

    found = [module for module in model.modules() if computes(module)]
    return sorted({type(module).__name__ for module in found if not isinstance(module, LINEAR + NEUTRAL)})


def relevance(
    model: nn.Module, x: torch.Tensor, targets: torch.Tensor, rule: Rule, f: Function | None = None
) -> torch.Tensor:
    """The relevance of every feature of x (n, ...) for the output at targets (n,), shaped as x.

    rule: for all linear and convolutional layers. f: the network as a function of x, if x is not its input. In a network
    without biases the relevances of a row sum to the output. StudyError for a network with modules of `unfit`, and for one
    whose forward functions multiply activations or bend them by anything but ReLU, as `bends` finds.
    """
    unknown = ", ".join(unfit(model)) or ("a forward function" if bends(f or model, x, targets) else "")
    if unknown:
        raise StudyError(
            f"LRP has no rule for {unknown} of {type(model).__name__}; it needs linear or convolutional layers with ReLU and"
            " pooling."
        )
    with addressable(model, []), ExitStack() as hooks:
        for module in model.modules():
            if isinstance(module, LINEAR):
                handle = module.register_forward_hook(lambda layer, inputs, z: rule(layer, inputs[0], z))
                hooks.callback(handle.remove)
        return x * gradient(f or model, x, targets)


def bends(f: Function, x: torch.Tensor, targets: torch.Tensor) -> bool:
    """Whether the output has a second derivative at any row of x (n, ...), as one has by softmax, GELU or a product.

    Linear layers, ReLU and pooling are linear in pieces: there it is exactly 0. Along one random direction.
    """
    check_input(x, "Relevance")
    x = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        slope = torch.autograd.grad(scores(f, x, targets).sum(), x, create_graph=True)[0]
        direction = torch.randn(x.shape, generator=torch.Generator().manual_seed(0)).to(x)
        if not slope.requires_grad:
            return False
        second = torch.autograd.grad((slope * direction).sum(), x, allow_unused=True)[0]
    return second is not None and bool(second.any())


def _with_value(z: torch.Tensor, changed: torch.Tensor) -> torch.Tensor:
    """The value of z, the gradient of `changed`."""
    changed = changed.to(z.dtype)  # the rules' numbers are of single precision
    return z.detach() + changed - changed.detach()


def _ratio(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a / b as a constant, 0 where b is 0: there is nothing to divide."""
    return torch.where(b == 0, 0, a / b).detach()


def _apply(layer: nn.Module, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return linear(x, weight, bias) if isinstance(layer, nn.Linear) else layer._conv_forward(x, weight, bias)
