"""Patching in a basis of features, of any dictionary given as arrays, with what the dictionary leaves out kept."""

from collections.abc import Callable

import torch

from repdyn.errors import StudyError

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
