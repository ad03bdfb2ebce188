"""A network at one step with pairs of examples between which it is patched, and its parts that are patched."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from repdyn.interventions.circuits import node_attributions
from repdyn.interventions.pairs import matched_pairs, nearest_classes, unrelated
from repdyn.interventions.patching import (
    Metric,
    Site,
    activations,
    logit_difference,
    measured,
    patch_each,
    sites_along,
    whole,
)
from repdyn.interventions.recovery import null_of, recovery
from repdyn.measures.subject import Subject
from repdyn.measures.table import entry
from repdyn.models.embedding import PADDING
from repdyn.models.transformer import Transformer
from repdyn.roles import ATTENTION, FEEDFORWARD, layers_with, state_layers
from repdyn.seeds import derive
from repdyn.training.tracker import evaluating

# Pairs of each split at most: a run of the network costs as much as there are pairs.
PAIRS = 32


class Pairs(NamedTuple):
    """Inputs (n, ...): of class a, of class b, and unrelated ones of class b with the shape of the pair's. metric: the logit
    of a minus that of b. classes: a and b."""

    clean: torch.Tensor
    corrupted: torch.Tensor
    unrelated: torch.Tensor
    metric: Metric
    classes: tuple[int, int]


def pairs_of(held_out: Subject, training: Subject) -> tuple[Pairs, Pairs]:
    """Validation pairs of the test split and discovery pairs of the training split.

    The classes are those of the training data whose mean inputs are nearest. Examples are right at the last step.
    """
    classes = nearest_classes(_features(training.inputs), training.labels)
    sides = []
    for name, subject in (("validation", held_out), ("discovery", training)):
        rng = np.random.default_rng(derive(*held_out.key, "patching pairs", name))
        right = subject.logits(subject.grid[-1]).argmax(1) == subject.labels
        lengths = _lengths(subject.inputs)
        first, second = (np.flatnonzero(right & (subject.labels == label)) for label in classes)
        clean, corrupted = matched_pairs(first, second, lengths, rng)[:PAIRS].T
        other = corrupted[unrelated(lengths[corrupted], rng)]
        inputs = (subject.inputs[torch.from_numpy(rows)] for rows in (clean, corrupted, other))
        sides.append(Pairs(*inputs, logit_difference(*classes), classes))
    return tuple(sides)


class Look:
    """The network at a step, its pairs, and its answers to them: the metric of the clean and of the corrupted, (n,)."""

    def __init__(self, model: nn.Module, step: int, pairs: Pairs, discovery: Pairs, key: tuple):
        self.model, self.step, self.pairs, self.discovery, self.key = model, step, pairs, discovery, key
        paths = {*model.tracked, *_head_paths(model)}
        self.shapes = {path: output.shape[1:] for path, output in activations(model, pairs.clean, paths).items()}
        with torch.no_grad(), evaluating(model):
            self.clean, self.corrupted = (measured(pairs.metric, model(x)) for x in (pairs.clean, pairs.corrupted))

    def units(self) -> dict[str, list[Site]]:
        """The units of hidden layers, the channels of convolutions, the hidden units of feed-forward layers."""
        if isinstance(self.model, Transformer):
            return {path: sites_along(path, self.shapes[path], 1) for path in parts(self.model)[1::2]}
        return {path: sites_along(path, self.shapes[path], 0) for path in self.states()}

    def heads(self) -> dict[str, list[Site]]:
        return {path: sites_along(path, self.shapes[path], 1) for path in _head_paths(self.model)}

    def nodes(self) -> list[Site]:
        """Of which circuits are made: units, channels, or heads and feed-forward layers."""
        groups = list(self.units().values())
        if isinstance(self.model, Transformer):
            groups = [group for pair in zip(self.heads().values(), self.units(), strict=True) for group in pair]
            groups = [[whole(group)] if isinstance(group, str) else group for group in groups]
        return [node for group in groups for node in group]

    def states(self) -> list[str]:
        """The layers through which everything passes, but for the embedding and the logits."""
        return state_layers(self.model.roles)

    def rng(self, *purpose: str | int) -> np.random.Generator:
        return np.random.default_rng(derive(*self.key, "patching", self.step, *purpose))

    def recovered(
        self,
        layer: str,
        quantity: str,
        changed: np.ndarray,
        start: np.ndarray,
        end: np.ndarray,
        null: Sequence = (np.nan, np.nan),
    ) -> Iterator[dict]:
        """Entries for R of one change (n,) or of the s sites of a layer (s, n), and for its interval."""
        found = recovery(changed, start, end, self.rng("bootstrap"))
        null = [np.where(np.isnan(found.value), np.nan, side) for side in null]
        single = np.ndim(changed) == 1
        value, low, high, *null = (side[0] if single else side for side in (*found, *null))
        yield entry(self.step, layer, quantity, value, *null)
        yield entry(self.step, layer, f"{quantity}_low", low)
        yield entry(self.step, layer, f"{quantity}_high", high)

    def denoised(self, layer: str, quantity: str, sites: list[Site]) -> Iterator[dict]:
        """Entries for R of the corrupted run with each site clean; null: the site of an unrelated example of its class."""
        pairs = self.pairs
        changed, other = (
            patch_each(self.model, pairs.corrupted, donors, sites, pairs.metric)
            for donors in (pairs.clean, pairs.unrelated)
        )
        null = null_of(other, self.corrupted, self.clean)
        single = len(sites) == 1
        yield from self.recovered(layer, quantity, changed[0] if single else changed, self.corrupted, self.clean, null)

    def attributions(self, pairs: Pairs, nodes: list[Site]) -> np.ndarray:
        """Estimated effect of noising each node, mean over pairs: (m,)."""
        paths = list(dict.fromkeys(node.path for node in nodes))
        clean, corrupted = (activations(self.model, inputs, paths) for inputs in (pairs.clean, pairs.corrupted))
        return node_attributions(self.model, pairs.clean, clean, corrupted, nodes, pairs.metric).mean(1)


def parts(model: Transformer) -> list[str]:
    """The attention and feed-forward layers in the order of the forward pass."""
    return layers_with(model.roles, ATTENTION, FEEDFORWARD)


def _head_paths(model: nn.Module) -> list[str]:
    return [f"{path}.heads" for path in parts(model)[::2]] if isinstance(model, Transformer) else []


def _features(inputs: torch.Tensor) -> np.ndarray:
    """Images as vectors, texts as the frequencies of their words: (n, d)."""
    if inputs.dtype != torch.int64:
        return inputs.flatten(1).numpy()
    counts = torch.zeros(len(inputs), int(inputs.max()) + 1)
    counts.scatter_add_(1, inputs, (inputs != PADDING).float())
    return (counts / counts.sum(1, keepdim=True)).numpy()


def _lengths(inputs: torch.Tensor) -> np.ndarray:
    """Words of a text; images are all alike."""
    words = (inputs != PADDING).sum(1) if inputs.dtype == torch.int64 else torch.zeros(len(inputs), dtype=torch.int64)
    return words.numpy()
