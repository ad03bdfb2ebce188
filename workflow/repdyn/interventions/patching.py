"""Activation patching: which values of one run, put into another, carry the answer over (Heimersheim & Nanda 2024).

A run on one input, the receiver, takes the values of some sites from a run on another, the donor. Clean values in a
corrupted run (denoising) tell what is enough for the clean answer, corrupted values in a clean run (noising) what it needs.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from repdyn.activations.addresses import Where, named
from repdyn.activations.answers import Inputs, answer, checked, count, shapes
from repdyn.activations.hooks import recorded, replaced
from repdyn.activations.resume import resumed
from repdyn.errors import StudyError
from repdyn.training.tracker import evaluating

Metric = Callable[[torch.Tensor], torch.Tensor]
Change = Callable[[torch.Tensor], torch.Tensor]


class Site(NamedTuple):
    """Part of a module's output. mask: bool, broadcastable to the output for one example, True where the site is.

    path: or an `activations.addresses.Address`.
    """

    path: Where
    mask: torch.Tensor


def whole(path: Where) -> Site:
    """All of a module's output."""
    return Site(path, torch.tensor(True))


def sites_along(path: Where, shape: Sequence[int], axis: int) -> list[Site]:
    """One site for each index of an axis of a module's output; shape and axis: of the output for one example.

    Units of (m,), axis 0; channels of (C, H, W), axis 0; heads of (T, H, d), axis 1; positions of (T, d), axis 0.
    """
    length = shape[axis]
    view = [1] * len(shape)
    view[axis] = length
    return [Site(path, (torch.arange(length) == i).view(view)) for i in range(length)]


def joined(sites: Sequence[Site]) -> dict[Where, torch.Tensor]:
    """{path: mask} of several sites together."""
    masks = {}
    for path, mask in sites:
        masks[path] = masks[path] | mask if path in masks else mask
    return masks


def activations(
    model: nn.Module, inputs: Inputs, paths: Iterable[Where], changes: dict[Where, Change] | None = None
) -> dict[Where, torch.Tensor]:
    """Outputs (n, ...) at addresses in a run of their own, in evaluation mode, after any changes of modules' outputs.

    Copies, taken as the module puts them out: neither a later run nor a later module that works in place changes them.
    """
    paths = list(paths)
    checked(inputs)
    with torch.no_grad(), evaluating(model), replaced(model, changes or {}), recorded(model, paths) as outputs:
        answer(model, inputs)
    return {path: outputs[path] for path in paths}


def patched(model: nn.Module, inputs: Inputs, sites: Sequence[Site], values: dict[Where, torch.Tensor]) -> torch.Tensor:
    """Output of a run on inputs (n, ...) in evaluation mode, with every site at its values.

    values: {path: (n, ...)}, an example each, or (1, ...) for all. Raises StudyError where values or a mask do not fit.
    """
    changes = {path: putting(path, mask, values[path]) for path, mask in joined(sites).items()}
    with torch.no_grad(), evaluating(model), replaced(model, changes):
        return answer(model, inputs)


def patch_each(model: nn.Module, inputs: Inputs, donors: Inputs, sites: Sequence[Site], metric: Metric) -> np.ndarray:
    """The metric (sites, n), each site patched alone: receivers and donors (n, ...), the i-th donor for the i-th receiver.

    The network is run on from each site. Raises StudyError where receivers and donors differ in shape.
    """
    if shapes(inputs) != shapes(donors):
        raise StudyError(f"Receivers are {shapes(inputs)}, donors {shapes(donors)}; each needs one donor.")
    values = activations(model, donors, {site.path for site in sites})
    found = np.empty((len(sites), count(inputs)))  # at once: small results among activations would scatter the memory
    with torch.no_grad(), evaluating(model):
        for path in values:
            with resumed(model, path, inputs) as (output, run):
                for row, site in zip(found, sites, strict=True):
                    if site.path == path:
                        row[:] = measured(metric, run(putting(path, site.mask, values[path])(output)))
    return found


def logit_difference(right: int, wrong: int) -> Metric:
    """The metric of Wang 2022: logits (n, classes) to (n,), the logit of one class minus that of another."""

    def metric(logits):
        if logits.ndim != 2 or not 0 <= min(right, wrong) <= max(right, wrong) < logits.shape[1]:
            raise StudyError(f"classes {right} and {wrong} are not among outputs {tuple(logits.shape)}, (n, classes)")
        return logits[:, right] - logits[:, wrong]

    return metric


def measured(metric: Metric, logits: torch.Tensor) -> np.ndarray:
    """The metric of each example, float64 (n,)."""
    return metric(logits.detach().double()).cpu().numpy()


def putting(path: Where, mask: torch.Tensor, value: torch.Tensor) -> Change:
    """The change of a module's output that puts the value (n or 1, ...) where the mask is True."""

    def change(output):
        shape = output.shape[1:]
        if value.shape[1:] != shape or len(value) not in (1, len(output)):
            raise StudyError(
                f"the output of {named(path)} is {tuple(output.shape)}, the values for it {tuple(value.shape)}"
            )
        if mask.ndim > len(shape) or any(
            m not in (1, s) for m, s in zip(reversed(mask.shape), reversed(shape), strict=False)
        ):
            raise StudyError(
                f"a site of {named(path)} is {tuple(mask.shape)}, the output for one example {tuple(shape)}"
            )
        return torch.where(mask.to(output.device), value.to(output), output)

    return change
