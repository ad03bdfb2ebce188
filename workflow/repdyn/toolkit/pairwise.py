"""A network at one step with pairs of examples between which it is patched, and its parts that are patched."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from repdyn.activations.addresses import Where, address, named
from repdyn.activations.answers import Inputs, answer, rows_of
from repdyn.activations.axes import unit_axis
from repdyn.activations.heads import heads_of
from repdyn.attribution.groups import image_parts
from repdyn.errors import StudyError
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
from repdyn.roles import ATTENTION, FEEDFORWARD, OUTPUT, layers_with, state_layers
from repdyn.seeds import derive
from repdyn.toolkit.layers import flat
from repdyn.training.tracker import evaluating

# Pairs of each split at most: a run of the network costs as much as there are pairs.
PAIRS = 32


class Pairs(NamedTuple):
    """Inputs (n, ...): of class a, of class b, and unrelated ones of class b with the shape of the pair's. metric: the logit
    of a minus that of b. classes: a and b."""

    clean: Inputs
    corrupted: Inputs
    unrelated: Inputs
    metric: Metric
    classes: tuple[int, int]


def pairs_of(held_out: Subject, training: Subject) -> tuple[Pairs, Pairs]:
    """Validation pairs of the test split and discovery pairs of the training split.

    The classes are those of the training data whose mean inputs are nearest. Examples are right at the last step.
    """
    classes = nearest_classes(_features(training), training.labels)
    sides = []
    for name, subject in (("validation", held_out), ("discovery", training)):
        rng = np.random.default_rng(derive(*held_out.key, "patching pairs", name))
        right = subject.logits(subject.grid[-1]).argmax(1) == subject.labels
        lengths = _lengths(subject)
        first, second = (np.flatnonzero(right & (subject.labels == label)) for label in classes)
        clean, corrupted = matched_pairs(first, second, lengths, rng)[:PAIRS].T
        other = corrupted[unrelated(lengths[corrupted], rng)]
        inputs = (rows_of(subject.inputs, rows) for rows in (clean, corrupted, other))
        sides.append(Pairs(*inputs, logit_difference(*classes), classes))
    return tuple(sides)


class Look:
    """The network at a step, its pairs, and its answers to them: the metric of the clean and of the corrupted, (n,)."""

    def __init__(self, subject: Subject, step: int, pairs: Pairs, discovery: Pairs):
        self.model, self.roles, self.key = subject.model(step), subject.roles, subject.key
        self.layers = [layer for layer, role in subject.roles.items() if role != OUTPUT]
        self.step, self.pairs, self.discovery = step, pairs, discovery
        # {attention layer: where its heads are, (T, H, d) of one example}
        attention = {path: heads_of(self.model, path) for path in layers_with(self.roles, ATTENTION)}
        self.head_paths = {path: heads for path, heads in attention.items() if heads}
        found = activations(self.model, pairs.clean, {*self.layers, *self.head_paths.values()})
        self.shapes = {path: output.shape[1:] for path, output in found.items()}
        self.axes = {path: unit_axis(self.model, address(path), found[path]) for path in self.layers}
        with torch.no_grad(), evaluating(self.model):
            self.clean, self.corrupted = (
                measured(pairs.metric, answer(self.model, x)) for x in (pairs.clean, pairs.corrupted)
            )

    def parts(self) -> list[Where]:
        """The attention and feed-forward layers in the order of the forward pass."""
        return layers_with(self.roles, ATTENTION, FEEDFORWARD)

    def units(self) -> dict[Where, list[Site]]:
        """The hidden units of feed-forward layers; where there are none, the units and channels of hidden layers."""
        paths = layers_with(self.roles, FEEDFORWARD) or self.states()
        return {path: sites_along(path, self.shapes[path], self.axes[path] - 1) for path in paths}

    def heads(self) -> dict[Where, list[Site]]:
        return {heads: sites_along(heads, self.shapes[heads], 1) for heads in self.head_paths.values()}

    def nodes(self) -> list[Site]:
        """Of which circuits are made: units, channels, or heads and feed-forward layers."""
        if not self.parts():
            return [node for group in self.units().values() for node in group]
        heads = self.heads()
        groups = (heads.get(self.head_paths.get(path), [whole(path)]) for path in self.parts())
        return [node for group in groups for node in group]

    def states(self) -> list[Where]:
        """The layers through which everything passes, but for the embedding and the logits."""
        return state_layers(self.roles)

    def positions(self, path: Where, side: int) -> list[Site]:
        """The tokens (T, d) of a layer, or parts of its map (C, H, W), at most side x side; none of (d,)."""
        shape, axis = self.shapes[path], self.axes[path]
        if len(shape) == 2:
            return sites_along(path, shape, 0 if axis == 2 else 1)
        if len(shape) != 3 or axis != 1:
            return []
        parts = image_parts(*shape[1:], min(side, *shape[1:]))
        return [Site(path, torch.from_numpy(parts == part)) for part in range(parts.max() + 1)]

    def rng(self, *purpose: Where | int) -> np.random.Generator:
        words = (each if isinstance(each, int) else named(each) for each in purpose)
        return np.random.default_rng(derive(*self.key, "patching", self.step, *words))

    def recovered(
        self,
        layer: Where,
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

    def denoised(self, layer: Where, quantity: str, sites: list[Site]) -> Iterator[dict]:
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


def _features(subject: Subject) -> np.ndarray:
    """Images as vectors, texts as the frequencies of their words: (n, d)."""
    inputs = subject.inputs
    if not subject.text:
        return flat(inputs)
    if not isinstance(inputs, torch.Tensor):
        raise StudyError(
            "texts are one input of numbers of words, (n, T); what else comes in cannot be compared with it"
        )
    counts = torch.zeros(len(inputs), int(inputs.max()) + 1)
    valid = inputs != PADDING if subject.counted is None else subject.counted
    counts.scatter_add_(1, inputs, valid.float())
    return (counts / counts.sum(1, keepdim=True)).numpy()


def _lengths(subject: Subject) -> np.ndarray:
    """Words of a text; images are all alike."""
    counted = subject.counted
    return np.zeros(len(subject.labels), dtype=np.int64) if counted is None else counted.sum(1).numpy()
