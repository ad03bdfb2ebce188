"""What a measure looks at: one network at several steps of its training, and held-out examples."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from repdyn.activations.addresses import Where, address, inner, named, tensors
from repdyn.activations.answers import Inputs, answer, array, checked, parts
from repdyn.activations.axes import unit_axis
from repdyn.activations.hooks import recorded
from repdyn.errors import StudyError
from repdyn.measures.activity import active_units, rectified
from repdyn.models.embedding import PADDING, masked_mean
from repdyn.roles import check_roles, output_layer
from repdyn.seeds import derive
from repdyn.training.tracker import evaluating, make_probe, matrix

# Examples in a forward pass of a network that does not say how many.
CHUNK = 64


class Window(NamedTuple):
    """The steps of a window. kind: "jump", "control", "placebo" or "placebo control"."""

    kind: str
    before: int
    at: int
    after: int


class Subject:
    """A network whose weights at several steps are at hand, with the test split on which everything is measured.

    model: the network, whose weights are replaced at will. states: {step: state_dict}, of the model itself where it is
    `Answering`. inputs (n, ...), labels (n,) int64.
    key: names the run for random nulls. grid: the fixed steps, the first is initialisation, the last the end. windows: the
    moments. chunk: examples in a forward pass. layers: addresses of the layers to look at, in the order of the forward
    pass, or {address: role}; without them those that the network declares, `roles`. valid (n, T)
    bool: the tokens that count, of a network that does not mark them by PADDING; all, if not given. curve: steps and losses
    (k,) of every measurement of the training, if there are any. Any module will do as a network, and several inputs, as
    for `activations.answers.answer`. Raises StudyError for layers of the same name and for labels that do not fit.
    """

    def __init__(
        self,
        model: nn.Module,
        states: dict[int, dict[str, torch.Tensor]],
        inputs: Inputs,
        labels: torch.Tensor,
        classes: int,
        key: tuple = (),
        grid: tuple[int, ...] = (),
        windows: tuple[Window, ...] = (),
        token_limit: int = 1024,
        layers: Sequence[Where] | Mapping[Where, str] | None = None,
        chunk: int | None = None,
        valid: torch.Tensor | None = None,
        curve: tuple[np.ndarray, np.ndarray] | None = None,
    ):
        if layers is None and not hasattr(model, "roles"):
            raise StudyError(f"{type(model).__name__} does not declare its layers (`roles`); name them: layers=[...]")
        self.network = model
        self.states = dict(sorted(states.items()))
        self.steps = list(self.states)
        self.grid = sorted(grid) if grid else self.steps
        self.windows = windows
        self.chunk = chunk or getattr(model, "chunk", CHUNK)
        # Of layers that are only listed nothing is known.
        self.roles = dict(model.roles) if layers is None else dict(layers) if isinstance(layers, Mapping) else {}
        check_roles(self.roles)
        self.layers = list(self.roles if layers is None else layers)
        if len({named(layer) for layer in self.layers}) < len(self.layers):
            raise StudyError(f"layers need different names, found {', '.join(map(named, self.layers))}")
        self.inputs = inputs
        self.valid = valid
        self.curve = curve
        self.token_limit = token_limit
        self.declared = layers is None
        self.rectified = rectified(model, self.layers) if self.declared else []
        tokens = getattr(model, "tokens", None)
        self.probe = make_probe(inputs, labels, self.chunk, token_limit, tokens) if self.declared else None
        self.labels = labels.cpu().numpy()
        self.classes = classes
        self.key = key
        self.loaded = None
        self.seen = {}
        self.answers: dict[int, np.ndarray] = {}
        if self.labels.shape != (checked(inputs),) or self.labels.min() < 0 or self.labels.max() >= classes:
            raise StudyError(
                f"{checked(inputs)} inputs need as many labels in 0..{classes - 1}, found {self.labels.shape} in"
                f" {self.labels.min(initial=0)}..{self.labels.max(initial=0)}"
            )

    def model(self, step: int) -> nn.Module:
        """The network with the weights of a step. One module serves all steps: it holds them until the next call."""
        if self.loaded != step:
            try:
                inner(self.network).load_state_dict(self.states[step])
            except RuntimeError as error:
                raise StudyError(f"the checkpoint of step {step} is not one of this network: {error}") from None
            self.loaded = step
        return self.network

    def capture(self, step: int, layers: Sequence[Where]) -> dict[Where, list[torch.Tensor]]:
        """Outputs at addresses on all examples in evaluation mode, one entry per chunk of examples.

        The first forward pass of a network that declares its layers serves `representations`, `examples`, `logits` and
        `active` of the step too.
        """
        return self._run(step, layers, observing=self.declared and step not in self.seen)

    def _run(self, step: int, layers: Sequence[Where], observing: bool) -> dict[Where, list[torch.Tensor]]:
        tracked = self.layers if observing else []
        places = dict.fromkeys([*layers, *tracked])
        model, current, chunks = self.model(step), [], []

        def keep(layer, output):
            return output if layer in layers else None, self._seen(
                layer, output, *current
            ) if layer in tracked else None

        with torch.inference_mode(), evaluating(model), recorded(model, places, keep) as outputs:
            for chunk in self._chunks():
                current[:] = chunk
                answer(model, chunk[0])
                chunks.append({layer: outputs[layer] for layer in places})
        if observing:
            self.seen[step] = {layer: _joined([chunk[layer][1] for chunk in chunks]) for layer in tracked}
        return {layer: [chunk[layer][0] for chunk in chunks] for layer in layers}

    def _chunks(self) -> Iterator[tuple[Inputs, torch.Tensor | slice]]:
        """Inputs, and which token rows are kept of them: numbers, or for undeclared layers the slice of their examples."""
        if self.declared:
            yield from zip(self.probe.inputs, self.probe.rows, strict=True)
        else:
            yield from ((inputs, rows) for rows, inputs in parts(self.inputs, self.chunk))

    def representations(self, step: int) -> dict[str, np.ndarray]:
        """Representation matrix (rows, features) of every tracked layer.

        Rows are examples (channels averaged over space); of a transformer they are tokens, a fixed subset.
        """
        return self._observed(step, 0)

    def examples(self, step: int) -> dict[str, np.ndarray]:
        """(n, features) of every tracked layer, one row per example: channels and tokens averaged (without padding)."""
        return self._observed(step, 1)

    def active(self, step: int) -> dict[str, tuple[np.ndarray, int]]:
        """Of every tracked layer behind a ReLU in how many rows each unit (d,) is not exactly zero, and of how many rows:
        examples at every position or token, without padding. None of layers that are only listed."""
        return {layer: counts for layer, counts in self._observed(step, 2).items() if counts is not None}

    def logits(self, step: int) -> np.ndarray:
        """(n, classes): the network's answers. Of layers that are only listed, the last may be followed by more."""
        if self.declared:
            return self.examples(step)[output_layer(self.roles)]
        if step not in self.answers:
            model = self.model(step)
            with torch.inference_mode(), evaluating(model):
                self.answers[step] = array(torch.cat([answer(model, inputs) for inputs, _ in self._chunks()]))
        return self.answers[step]

    @property
    def text(self) -> bool:
        """Whether what comes in are numbers of words, with which nothing can be computed."""
        return any(each.dtype == torch.int64 for each in tensors(self.inputs))

    @property
    def counted(self) -> torch.Tensor | None:
        """The tokens that count, (n, T) bool; None where all do."""
        if self.valid is not None or not (self.declared and self.text):
            return self.valid
        return self.inputs != PADDING

    def _observed(self, step: int, which: int) -> dict[Where, Any]:
        if step not in self.seen:
            self._run(step, (), observing=True)
        return {layer: kept[which] for layer, kept in self.seen[step].items()}

    def _seen(self, layer, output, inputs, rows) -> tuple:
        """What is kept of a layer for a chunk: rows of its representation matrix, of its examples, and active units."""
        if not self.declared:
            return *self._undeclared(layer, output, rows), None
        counts = active_units(output, inputs) if layer in self.rectified else None
        return matrix(output, rows), _pooled(output, inputs), counts

    def _undeclared(self, layer, output, rows) -> tuple[torch.Tensor, torch.Tensor]:
        axis = unit_axis(self.network, address(layer), output)
        output = output.movedim(axis, -1)
        if axis != output.ndim - 1 or output.ndim == 2:  # channels are averaged over places
            mean = output.flatten(1, -2).mean(1) if output.ndim > 2 else output
            return mean, mean
        output = output.flatten(1, -2)
        valid = torch.ones(output.shape[:2], dtype=torch.bool) if self.valid is None else self.valid[rows]
        if valid.shape != output.shape[:2]:
            raise StudyError(
                f"{named(layer)} has tokens {tuple(output.shape[:2])}, the mask that counts {tuple(valid.shape)}"
            )
        chosen = valid & self._tokens(output.shape[1])[rows]
        return output[chosen.to(output.device)], masked_mean(output, valid.to(output.device))

    def _tokens(self, length: int) -> torch.Tensor:
        """The token rows (n, T) of the representation matrix: at most token_limit of those that count, always the same."""
        n = len(self.labels)
        valid = np.ones((n, length), dtype=bool) if self.valid is None else self.valid.cpu().numpy()
        rows = np.flatnonzero(valid)
        if len(rows) > self.token_limit:
            rows = np.random.default_rng(derive("token rows")).choice(rows, self.token_limit, replace=False)
        chosen = np.zeros(n * length, dtype=bool)
        chosen[rows] = True
        return torch.from_numpy(chosen.reshape(n, length))


def _joined(chunks: list[tuple]) -> tuple:
    """What `Subject` keeps of a layer, of all chunks of examples: its two matrices, and the counts added up."""
    matrices, means, counts = zip(*chunks, strict=True)
    counted = None if counts[0] is None else (array(sum(each for each, _ in counts)), sum(rows for _, rows in counts))
    return array(torch.cat(matrices)), array(torch.cat(means)), counted


def _pooled(output: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    if output.ndim == 4:
        return output.mean((2, 3))
    if output.ndim == 3:
        return masked_mean(output, inputs != PADDING) if inputs.dtype == torch.int64 else output.mean(1)
    return output
