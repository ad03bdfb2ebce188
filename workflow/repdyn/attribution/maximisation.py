"""Activation maximisation: the input that a unit likes best, to be compared with the examples that it likes best.

The activation is read with its gradient: a hook that detaches it would leave nothing to optimise but a penalty.
"""

from collections.abc import Callable

import torch
from torch import nn

from repdyn.activations.addresses import Where, address, named
from repdyn.activations.answers import answer
from repdyn.activations.axes import unit_axis
from repdyn.activations.hooks import recorded
from repdyn.attribution.gradients import derivative
from repdyn.errors import StudyError
from repdyn.training.tracker import evaluating


def unit_activation(model: nn.Module, path: Where, units: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    """The function that gives, for inputs (n, ...), the activation of unit units[i] at an address on row i: (n,).

    units (n,) int64: channels of (n, channels, h, w), features of (n, T, features) or (n, features); means over space or
    tokens. StudyError where a unit is not there.
    """

    place = address(path)

    def activation(x: torch.Tensor) -> torch.Tensor:
        with evaluating(model), recorded(model, [path]) as outputs:
            answer(model, x)
        rows = output = outputs[path]
        if output.ndim > 2:
            axis = unit_axis(model, place, output)
            rows = output.flatten(2).mean(2) if axis == 1 else output.movedim(axis, -1).flatten(1, -2).mean(1)
        if units.min() < 0 or units.max() >= rows.shape[1]:
            raise StudyError(f"{named(path)} has units 0..{rows.shape[1] - 1}, found {units.min()}..{units.max()}.")
        return rows.gather(1, units.to(rows.device)[:, None])[:, 0]

    return activation


def maximise(
    activation: Callable[[torch.Tensor], torch.Tensor], start: torch.Tensor, radius: float, steps: int = 50
) -> tuple[torch.Tensor, torch.Tensor]:
    """The best input with norm at most `radius` found for each row of start (n, ...), and its activation (n,).

    activation: (n, ...) to (n,), rows independent. Frank-Wolfe on the ball (Jaggi 2013): each step moves 2 / (k + 2) of the
    way to the point of the ball that lies farthest along the gradient; exact after one step for a linear unit. A row
    whose gradient is zero, as of a silent ReLU, stays where it is. StudyError for a radius or steps not above zero, and for
    an activation that is cut off from its input.
    """
    if radius <= 0 or steps < 1:
        raise StudyError(f"Maximisation needs a radius and steps above zero, found {radius} and {steps}.")
    shape = (-1, *[1] * (start.ndim - 1))
    norms = start.flatten(1).norm(dim=1).clamp(min=torch.finfo(start.dtype).tiny)
    x = start * (radius / norms).clamp(max=1).view(shape)
    best = x.clone()
    with torch.no_grad():
        highest = activation(x)
    for k in range(steps):
        slope = derivative(activation, x)
        norms = slope.flatten(1).norm(dim=1).view(shape)
        moved = x + 2 / (k + 2) * (radius * slope / norms - x)
        x = torch.where(norms > 0, moved, x)
        with torch.no_grad():
            reached = activation(x)
        better = reached > highest
        best[better], highest = x[better], torch.where(better, reached, highest)
    return best, highest
