"""What a tracked model is shown: a batch, or a function that makes one."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from repdyn.errors import StudyError, attempt, raised_at

Batch = torch.Tensor | tuple[torch.Tensor, ...] | dict[str, torch.Tensor]
Probe = Batch | Callable[[], Batch]


def batch_of(probe: Probe, model: nn.Module) -> Batch:
    """The batch of a probe. StudyError where it holds anything but tensors of two examples or more on the model's device."""
    batch: Any = probe
    if callable(batch):
        batch = attempt("The function that makes the probe", batch)
    batch = dict(batch) if isinstance(batch, Mapping) else tuple(batch) if isinstance(batch, list) else batch
    found = tensors_of(batch)
    if not found:
        raise StudyError(
            f"The probe is {described(batch)}; it must be a tensor, a tuple or dictionary of tensors, or a function that"
            " returns one of these."
        )
    here = next((each.device for each in (*model.parameters(), *model.buffers())), found[0].device)
    for tensor in found:
        if tensor.ndim == 0 or len(tensor) < 2:
            raise StudyError(f"The probe has the shape {tuple(tensor.shape)}; it needs two examples or more.")
        if tensor.device != here:
            raise StudyError(
                f"The probe is on {tensor.device} and the model on {here}; move what is small: probe.to({str(here)!r})."
            )
    checked: Batch = batch
    return checked


def tensors_of(batch: Any) -> list[torch.Tensor]:
    """The tensors of a batch; none where it holds anything else."""
    found = list(batch.values()) if isinstance(batch, dict) else list(batch) if isinstance(batch, tuple) else [batch]
    return found if all(isinstance(each, torch.Tensor) for each in found) else []


def call(model: nn.Module, batch: Batch) -> Any:
    """The model on a batch. StudyError where it raises."""
    try:
        if isinstance(batch, dict):
            return model(**batch)
        return model(*batch) if isinstance(batch, tuple) else model(batch)
    except StudyError:
        raise
    except Exception as error:
        raise StudyError(
            f"{type(model).__name__} could not read the probe ({described(batch)}): {type(error).__name__}: {error}"
            f"{raised_at(error)}"
        ) from error


def moved(probe: Probe, device: torch.device) -> Probe:
    """The same probe on a device; what a function makes is moved when it is made."""

    def to(batch: Any) -> Any:
        if isinstance(batch, Mapping):
            return {name: to(each) for name, each in batch.items()}
        if isinstance(batch, tuple | list):
            return tuple(map(to, batch))
        return batch.to(device) if isinstance(batch, torch.Tensor) else batch

    if isinstance(probe, torch.Tensor) or not callable(probe):
        there: Probe = to(probe)
        return there
    make = probe
    return lambda: to(make())


def described(batch: Any) -> str:
    """A batch in words, for messages."""
    if isinstance(batch, torch.Tensor):
        return f"a tensor {tuple(batch.shape)}"
    if isinstance(batch, dict):
        return "a dictionary with " + (
            ", ".join(f"{name}: {described(each)}" for name, each in batch.items()) or "nothing"
        )
    if isinstance(batch, tuple):
        return "a tuple of " + (", ".join(map(described, batch)) or "nothing")
    return f"an object of type {type(batch).__name__}"
