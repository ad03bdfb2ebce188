"""Any model, its checkpoints and data, as the tools look at them."""

import copy
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from repdyn.activations.addresses import Where
from repdyn.activations.answers import Inputs, answer, rows_of
from repdyn.activations.hooks import addressable
from repdyn.errors import StudyError
from repdyn.measures.subject import Subject
from repdyn.models.modes import evaluating
from repdyn.roles import output_layer, state_layers


def subjects(
    model: nn.Module,
    checkpoints: Mapping[int, Mapping[str, torch.Tensor]],
    held_out: tuple[Inputs, torch.Tensor],
    training: tuple[Inputs, torch.Tensor],
    layers: Mapping[Where, str],
    valid: tuple[torch.Tensor, torch.Tensor] | tuple[None, None] = (None, None),
    curve: tuple[np.ndarray, np.ndarray] | None = None,
    key: tuple = ("model",),
) -> tuple[Subject, Subject]:
    """What `measure` of every tool takes: `toolkit.load("geometry", "measure").measure(*subjects(model, ...))`.

    model: not changed, two copies of it are. checkpoints: {training step: state_dict}, the first before training, the last
    at its end. held_out, training: inputs (n, ...), or several, and the class of each example (n,) int64. layers:
    {address: role} in the order of the forward pass, roles as in `repdyn.roles`: one "output", and the "hidden" layers or
    "block"s through which everything passes. valid: the tokens that count of held_out and of training, (n, T) bool each.
    curve: steps and losses (k,) of the training. key: names the run for random nulls. Raises StudyError for a model
    without classes, whose answer to an example is not a function of it, layers without the roles that are needed, and a
    checkpoint that is not of this model.
    """
    if not checkpoints:
        raise StudyError("a tool looks at checkpoints, {training step: state_dict}; there are none")
    classes = _classes(model, held_out[0])
    made = (
        Subject(
            copy.deepcopy(model),
            {step: _weights(state) for step, state in checkpoints.items()},
            *split,
            classes,
            key,
            layers=dict(layers),
            valid=counted,
            curve=curve,
        )
        for split, counted in zip((held_out, training), valid, strict=True)
    )
    ours, theirs = made
    output_layer(ours.roles)
    if not state_layers(ours.roles):
        raise StudyError('a layer through which everything passes is needed: one with the role "hidden" or "block"')
    for subject in (ours, theirs):
        for step in subject.steps:
            subject.model(step)
    return ours, theirs


def _weights(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A copy, by the names of the model itself, not of what torch.compile puts around it."""
    return {name.removeprefix("_orig_mod."): value.clone() for name, value in state.items()}


def _classes(model: nn.Module, inputs: Inputs) -> int:
    with torch.inference_mode(), evaluating(model), addressable(model, []):
        few, again, more = (answer(model, rows_of(inputs, slice(0, rows))) for rows in (2, 2, 4))
    shape = few.shape
    near = {"rtol": 0, "atol": torch.finfo(few.dtype).eps ** 0.5 * float(few.abs().max()), "equal_nan": True}
    for other, why in (
        (again, "is not the same twice: it draws at random, also in evaluation mode"),
        (more[:2], "depends on which others come with it, as by normalising over those that come together"),
    ):
        if not torch.allclose(few, other, **near):
            raise StudyError(
                f"the answer of {type(model).__name__} to an example {why}; no tool can tell that from an effect"
            )
    if len(shape) != 2 or shape[1] < 2:
        raise StudyError(
            f"{type(model).__name__} puts out {tuple(shape)} for 2 examples; the tools look at networks with one answer of"
            " two or more classes per example, (n, classes)"
        )
    return shape[1]
