"""Patching in a basis of features, of any dictionary given as arrays, with what the dictionary leaves out kept."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from repdyn.activations.addresses import Where
from repdyn.activations.answers import Inputs, answer
from repdyn.activations.hooks import replaced
from repdyn.errors import StudyError
from repdyn.interventions.circuits import POINTS
from repdyn.interventions.patching import Metric
from repdyn.training.tracker import evaluating

Encode = Callable[[torch.Tensor], torch.Tensor]


def with_features(
    receiver: torch.Tensor,
    donor: torch.Tensor,
    encode: Encode,
    decoder: torch.Tensor,
    chosen: torch.Tensor,
    error: bool = False,
) -> torch.Tensor:
    """h + (f' - f) W_d: the receiver's states (..., d) with the chosen features (m,) bool at the donor's values.

    encode: (..., d) to features (..., m), f of the receiver and f' of the donor; decoder W_d: (m, d). What the
    dictionary does not reconstruct, h - f W_d, stays the receiver's, so that a poor dictionary changes nothing by itself;
    error: take it from the donor as well. All features and the error give the donor's states. Raises StudyError for
    shapes that do not fit.
    """
    ours, theirs = encode(receiver), encode(donor)
    if ours.shape[-1:] != chosen.shape or decoder.shape != (len(chosen), receiver.shape[-1]):
        raise StudyError(
            f"{ours.shape[-1]} features of {receiver.shape[-1]} dimensions need as many choices and a decoder of that "
            f"shape; there are {tuple(chosen.shape)} choices and a decoder {tuple(decoder.shape)}."
        )
    change = ((theirs - ours) * chosen) @ decoder
    if error:
        change = change + (donor - theirs @ decoder) - (receiver - ours @ decoder)
    return receiver + change


def feature_change(
    donor: torch.Tensor, encode: Encode, decoder: torch.Tensor, chosen: torch.Tensor, error=False, axis: int = -1
) -> Encode:
    """`with_features` as a change of a module's output for `replaced`; axis: of the d dimensions (1: channels)."""
    moved = donor.movedim(axis, -1)

    def change(output):
        return with_features(output.movedim(axis, -1), moved, encode, decoder, chosen, error).movedim(-1, axis)

    return change


def feature_attributions(
    model: nn.Module,
    inputs: Inputs,
    path: Where,
    clean: torch.Tensor,
    corrupted: torch.Tensor,
    encode: Encode,
    decoder: torch.Tensor,
    metric: Metric,
    axis: int = -1,
    points: int = POINTS,
) -> np.ndarray:
    """Estimates (m, n) of how the metric falls with one feature corrupted, as `circuits.node_attributions` of units.

    clean, corrupted: outputs (n, ...) at the path on the clean inputs and on the others. The gradient along the direction of
    a feature, mean over points between the two, times the difference of the feature, summed over positions.
    """
    difference = clean - corrupted
    gradient = torch.zeros_like(difference)
    for share in (np.arange(points) + 0.5) / points:
        point = (corrupted + float(share) * difference).requires_grad_()
        with evaluating(model), replaced(model, {path: lambda _, point=point: point.clone()}):
            gradient += torch.autograd.grad(metric(answer(model, inputs)).sum(), point)[0] / points
    along = gradient.movedim(axis, -1) @ decoder.T
    features = encode(clean.movedim(axis, -1)) - encode(corrupted.movedim(axis, -1))
    return (along * features).double().reshape(len(clean), -1, len(decoder)).sum(1).T.cpu().numpy()
