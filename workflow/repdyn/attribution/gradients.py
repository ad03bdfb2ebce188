"""Attribution by gradients: saliency, gradient times input and integrated gradients.

A function f maps (m, ...) to (m, classes): a network, or a network from one of its layers on (`from_layer`).
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from repdyn.activations.addresses import Where, address, find
from repdyn.activations.answers import Inputs, answer, checked, repeated
from repdyn.activations.hooks import addressable, recorded, replaced
from repdyn.errors import StudyError
from repdyn.training.tracker import evaluating

Function = Callable[[torch.Tensor], torch.Tensor]


def layer_output(model: nn.Module, path: Where, inputs: Inputs) -> torch.Tensor:
    """The output at an address for inputs (n, ...), or several, in evaluation mode and without a graph."""
    checked(inputs)
    with torch.no_grad(), evaluating(model), recorded(model, [path]) as outputs:
        answer(model, inputs)
    return outputs[path]


def from_layer(model: nn.Module, path: Where, inputs: Inputs) -> Function:
    """The network as a function of the output at an address, such as the embedded words of a text.

    inputs: the n examples, (n, ...): they still tell the network what is padding. The function takes states (k n, ...),
    k rounds of the n examples in their order. StudyError for a path or a number of states that does not fit.
    """
    find(model, address(path).path)
    n = checked(inputs)

    def f(states: torch.Tensor) -> torch.Tensor:
        rounds, rest = divmod(len(states), n)
        if rest:
            raise StudyError(f"{n} examples take a multiple of {n} states, found {len(states)}.")
        with evaluating(model), replaced(model, {path: lambda _: states.clone()}):
            return answer(model, repeated(inputs, rounds))

    return f


def scores(f: Function, x: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """f at the target class of every row: x (n, ...), targets (n,) int64; (n,). A network is in evaluation mode.

    StudyError unless f gives (n, classes) and every target is one of the classes.
    """
    check_input(x, "Attribution", numbers=False)
    if isinstance(f, nn.Module):
        with evaluating(f), addressable(f, []):
            outputs = answer(f, x)
    else:
        outputs = f(x)
    if not isinstance(outputs, torch.Tensor) or outputs.ndim != 2 or len(outputs) != len(x) or len(targets) != len(x):
        raise StudyError(
            f"Attribution needs outputs (n, classes) and n targets for n = {len(x)} rows, found outputs"
            f" {tuple(getattr(outputs, 'shape', [type(outputs).__name__]))} and {len(targets)} targets; explain"
            " one position of a sequence, or one part of a result, by a function of x that gives it alone."
        )
    if targets.min() < 0 or targets.max() >= outputs.shape[1]:
        raise StudyError(f"Targets must lie in 0..{outputs.shape[1] - 1}, found {targets.min()}..{targets.max()}.")
    return outputs.gather(1, targets.to(outputs.device)[:, None])[:, 0]


def check_input(x: torch.Tensor, purpose: str, numbers: bool = True) -> None:
    """StudyError unless x is one tensor; numbers: of floating-point numbers."""
    if not isinstance(x, torch.Tensor) or numbers and not x.is_floating_point():
        raise StudyError(
            f"{purpose} needs one input of floating-point numbers. Of words, take what embeds them: from_layer(model, path,"
            " inputs). Of several inputs, explain a function of one: lambda x: model(x, other)."
        )


def derivative(value: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """d sum(value(x)) / dx, shaped as x. StudyError where the value is cut off from x, as by a hook that detaches."""
    check_input(x, "A gradient")
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        total = value(x).sum()
        found = torch.autograd.grad(total, x, allow_unused=True)[0] if total.requires_grad else None
    if found is None:
        raise StudyError("The output does not depend on the input through operations with a gradient; is it detached?")
    return found


def gradient(f: Function, x: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """df_target / dx for every row of x (n, ...), shaped as x. Rows must not influence each other."""
    return derivative(lambda points: scores(f, points, targets), x)


def saliency(f: Function, x: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """|df_target / dx|, shaped as x (Simonyan 2014)."""
    return gradient(f, x, targets).abs()


def integrated_gradients(
    f: Function, x: torch.Tensor, targets: torch.Tensor, baseline: torch.Tensor, points: int = 256
) -> torch.Tensor:
    """(x - x0) times the mean gradient on the line from the baseline x0 to x, shaped as x (Sundararajan 2017, eq. 1).

    baseline: shaped as x or broadcast to it. The integral is a Gauss-Legendre quadrature at `points` points. Its sum over
    features is f(x) - f(x0) up to `completeness_gap`, which shows whether the points were enough.
    """
    if points < 1:
        raise StudyError(f"Integrated gradients need at least 1 point on the line, found {points}.")
    way = x - baseline
    nodes, weights = np.polynomial.legendre.leggauss(points)
    # Not in half precision, in which a sum of so many terms is no longer one.
    mean = torch.zeros(x.shape, dtype=torch.promote_types(x.dtype, torch.float32), device=x.device)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        mean += float(weight) * gradient(f, baseline + float(node) * way, targets)
    return way * mean


def completeness_gap(
    attributions: torch.Tensor, f: Function, x: torch.Tensor, targets: torch.Tensor, baseline: torch.Tensor
) -> torch.Tensor:
    """sum of a row's attributions - (f(x) - f(x0)), (n,): 0 for a complete method (Sundararajan 2017, prop. 1)."""
    with torch.no_grad():
        change = scores(f, x, targets) - scores(f, baseline.expand_as(x), targets)
    return attributions.flatten(1).sum(1) - change
