"""What is measured on the probe set while a network trains, without changing the training."""

from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import get_total_norm

from repdyn.errors import require_indices
from repdyn.models.embedding import PADDING
from repdyn.models.modes import evaluating
from repdyn.models.transformer import Transformer
from repdyn.seeds import derive
from repdyn.training.measurements import Measurements


class Probe(NamedTuple):
    """Held-out examples in chunks, and which of a chunk's n * T token rows are kept where tokens are rows.

    Inputs and rows are where the network is, labels on the CPU.
    """

    inputs: tuple[torch.Tensor, ...]
    labels: torch.Tensor
    rows: tuple[torch.Tensor, ...]


def make_probe(
    inputs: torch.Tensor, labels: torch.Tensor, chunk: int, token_limit: int = 1024, tokens: int | None = None
) -> Probe:
    """Split a probe set, inputs (n, ...) and labels (n,), into chunks of examples.

    At most `token_limit` of its token rows are chosen: the same for every network and seed; padding is never chosen.
    tokens: of an example that is no text; None for those of our transformer.
    """
    if inputs.dtype == torch.int64:
        valid = (inputs != PADDING).cpu()
    else:
        valid = torch.ones(len(inputs), tokens or Transformer.PATCHES**2, dtype=torch.bool)
    rows = valid.flatten().nonzero()[:, 0].numpy()
    if len(rows) > token_limit:
        rows = np.random.default_rng(derive("token rows")).choice(rows, token_limit, replace=False)
    keep = torch.zeros(valid.numel(), dtype=torch.bool)
    keep[torch.from_numpy(rows)] = True
    chunks = keep.view_as(valid).split(chunk)
    kept = tuple(part.flatten().nonzero()[:, 0].to(inputs.device) for part in chunks)
    return Probe(inputs.split(chunk), labels.cpu(), kept)


@contextmanager
def captured(model: nn.Module, layers: list[str]):
    """Collect the outputs of modules by path: yields {layer: [output, ...]}, one entry per forward pass."""
    outputs = {layer: [] for layer in layers}
    handles = []
    try:
        for layer, kept in outputs.items():
            module = model.get_submodule(layer)
            handles.append(module.register_forward_hook(lambda _m, _i, output, kept=kept: kept.append(output)))
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def representations(model: nn.Module, probe: Probe) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Representation matrix (rows, features) of every tracked layer in eval mode, and the logits (n, classes).

    Both on the CPU, where they are measured. Rows are examples; channels are averaged over space; tokens of a
    transformer are rows of their own.
    """
    logits = []
    with torch.inference_mode(), evaluating(model), captured(model, model.tracked) as outputs:
        for inputs, rows in zip(probe.inputs, probe.rows, strict=True):
            logits.append(model(inputs))
            for kept in outputs.values():
                kept[-1] = matrix(kept[-1], rows)
        return {layer: joined(kept).cpu() for layer, kept in outputs.items()}, joined(logits).cpu()


def joined(chunks: list[torch.Tensor]) -> torch.Tensor:
    """The rows of all chunks, without a copy where there is one."""
    return chunks[0] if len(chunks) == 1 else torch.cat(chunks)


def evaluate(model: nn.Module, inputs: torch.Tensor, labels: torch.Tensor) -> tuple[float, int]:
    """Mean cross-entropy and number of correct answers in evaluation mode. StudyError for labels that are no class."""
    with torch.inference_mode(), evaluating(model):
        logits = torch.cat([model(chunk) for chunk in inputs.split(model.chunk)])
    require_indices("labels", labels.cpu(), logits.shape[1])
    return cross_entropy(logits, labels).item(), int((logits.argmax(1) == labels).sum())


def matrix(output: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """A layer's output as rows: channels averaged over space, the chosen `rows` of all tokens, or as it is."""
    if output.ndim == 4:
        return output.mean((2, 3))
    if output.ndim == 3:
        return output.flatten(0, 1).index_select(0, rows)
    return output


class Tracker:
    """The measurements of one run. `measure` is called between a backward pass and its update.

    spectrum_every: steps between full spectra; the leading measures are taken at every measurement.
    """

    def __init__(self, model: nn.Module, probe: Probe, spectrum_every: int):
        self.model = model
        self.probe = probe
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.measurements = Measurements(model.tracked, spectrum_every)
        self.training = []

    def measure(self, step: int, loss: float) -> None:
        """Record the state before update `step`, and the loss and gradient of the batch drawn at it."""
        matrices, logits = representations(self.model, self.probe)
        self.training.append(
            {
                "step": step,
                "loss": loss,
                "grad_norm": get_total_norm([p.grad for p in self.parameters]).item(),
                "weight_norm": get_total_norm([p.detach() for p in self.parameters]).item(),
                "probe_loss": cross_entropy(logits, self.probe.labels).item(),
                "probe_accuracy": (logits.argmax(1) == self.probe.labels).double().mean().item(),
            }
        )
        self.measurements.add(step, list(matrices.values()))

    def tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Trajectory (one row per step and layer) and training table (one row per step), complete and in order."""
        return self.measurements.trajectory(), pd.DataFrame(self.training)

    def restore(self, trajectory: pd.DataFrame, training: pd.DataFrame) -> None:
        """Continue from the tables of an interrupted run."""
        self.measurements.restore(trajectory)
        self.training = training.to_dict("records")
