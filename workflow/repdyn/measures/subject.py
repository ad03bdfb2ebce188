"""What a measurement module looks at: one network at several steps of its training, and held-out examples."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from repdyn.models.embedding import PADDING, masked_mean
from repdyn.roles import output_layer
from repdyn.training.tracker import captured, evaluating, make_probe, matrix


class Window(NamedTuple):
    """The steps around a moment. kind: "jump", "control", "placebo" or "placebo control"."""

    kind: str
    before: int
    at: int
    after: int


class Subject:
    """A network whose weights at several steps are at hand, with the test split on which everything is measured.

    model: the network, whose weights are replaced at will. states: {step: state_dict}. inputs (n, ...), labels (n,) int64.
    key: names the run for random nulls. grid: the fixed steps, the first is initialisation, the last the end. windows: the
    moments. chunk: examples in a forward pass.
    """

    def __init__(
        self,
        model: nn.Module,
        states: dict[int, dict[str, torch.Tensor]],
        inputs: torch.Tensor,
        labels: torch.Tensor,
        classes: int,
        key: tuple = (),
        grid: tuple[int, ...] = (),
        windows: tuple[Window, ...] = (),
        token_limit: int = 1024,
    ):
        self.network = model
        self.states = dict(sorted(states.items()))
        self.steps = list(self.states)
        self.grid = sorted(grid) if grid else self.steps
        self.windows = windows
        self.probe = make_probe(inputs, labels, model.chunk, token_limit, getattr(model, "tokens", None))
        self.inputs = inputs
        self.labels = labels.numpy()
        self.classes = classes
        self.key = key
        self.roles = dict(model.roles)
        self.layers = list(self.roles)
        self.loaded = None
        self.seen = {}

    def model(self, step: int) -> nn.Module:
        """The network with the weights of a step. One module serves all steps: it holds them until the next call."""
        if self.loaded != step:
            self.network.load_state_dict(self.states[step])
            self.loaded = step
        return self.network

    def capture(self, step: int, layers: list[str], keep: Callable | None = None) -> dict[str, list]:
        """Outputs of modules by path on all examples in evaluation mode, one entry per chunk of examples.

        keep(output, inputs, rows): what to keep of an output, where the whole of all chunks would not fit into memory;
        rows are those of the chunk's tokens that belong to the representation matrix.
        """
        model = self.model(step)
        with torch.inference_mode(), evaluating(model), captured(model, layers) as outputs:
            for inputs, rows in zip(self.probe.inputs, self.probe.rows, strict=True):
                model(inputs)
                for kept in outputs.values() if keep else ():
                    kept[-1] = keep(kept[-1], inputs, rows)
            return {layer: list(kept) for layer, kept in outputs.items()}

    def representations(self, step: int) -> dict[str, np.ndarray]:
        """Representation matrix (rows, features) of every tracked layer.

        Rows are examples (channels averaged over space); of a transformer they are tokens, a fixed subset.
        """
        return self._observe(step)[0]

    def examples(self, step: int) -> dict[str, np.ndarray]:
        """(n, features) of every tracked layer, one row per example: channels and tokens averaged (without padding)."""
        return self._observe(step)[1]

    def logits(self, step: int) -> np.ndarray:
        """(n, classes)."""
        return self._observe(step)[1][output_layer(self.roles)]

    def _observe(self, step: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        if step not in self.seen:
            outputs = self.capture(
                step, self.layers, lambda output, inputs, rows: (matrix(output, rows), _pooled(output, inputs))
            )
            self.seen[step] = tuple(
                {layer: torch.cat([pair[which] for pair in kept]).numpy() for layer, kept in outputs.items()}
                for which in (0, 1)
            )
        return self.seen[step]


def _pooled(output: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    if output.ndim == 4:
        return output.mean((2, 3))
    if output.ndim == 3:
        return masked_mean(output, inputs != PADDING) if inputs.dtype == torch.int64 else output.mean(1)
    return output
