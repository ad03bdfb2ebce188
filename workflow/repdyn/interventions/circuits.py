"""Circuits: the few nodes that alone, all others at values of another run, give a network's answer.

Nodes are sites (units, channels, heads). A circuit's answer is the metric with every other node at its replacement: in the
pair's corrupted run (Conmy 2023), or a mean over reference examples. The removed nodes stay removed where the circuit is
measured. Faithfulness and its interval: `recovery.recovery` of the circuit from no nodes to all.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import torch
from torch import nn

from repdyn.activations.addresses import Where
from repdyn.activations.answers import Inputs, answer, checked, count, parts
from repdyn.activations.hooks import recorded, replaced
from repdyn.activations.resume import resumed
from repdyn.errors import StudyError
from repdyn.interventions.patching import Metric, Site, joined, measured, patched, putting
from repdyn.training.tracker import evaluating

# Points between corrupted and clean at which attribution patching takes the gradient.
POINTS = 8
EXHAUSTIVE_LIMIT = 16


def reference_means(
    model: nn.Module, reference: Inputs, paths: Sequence[Where], chunk: int = 256
) -> dict[Where, torch.Tensor]:
    """Mean output (1, ...) of modules over reference examples (n, ...), as replacements.

    Raises StudyError for fewer than two: the mean of an example is itself, and replacing by it does nothing.
    """
    n = checked(reference)
    if n < 2:
        raise StudyError(f"A mean to replace by needs two reference examples or more, not {n}.")
    totals = dict.fromkeys(paths, 0)
    with torch.no_grad(), evaluating(model), recorded(model, paths) as outputs:
        for _, inputs in parts(reference, chunk):
            answer(model, inputs)
            for path in paths:
                totals[path] = totals[path] + outputs[path].sum(0, keepdim=True)
    return {path: total / n for path, total in totals.items()}


def circuit_metric(
    model: nn.Module,
    inputs: Inputs,
    replacements: dict[Where, torch.Tensor],
    nodes: Sequence[Site],
    kept: np.ndarray,
    metric: Metric,
) -> np.ndarray:
    """The metric (n,) of the circuit of the kept nodes (m,) bool: all others at their replacements."""
    if len(kept) != len(nodes):
        raise StudyError(f"{len(nodes)} nodes need as many entries that say which are kept, not {len(kept)}.")
    removed = [node for node, keep in zip(nodes, kept, strict=True) if not keep]
    return measured(metric, patched(model, inputs, removed, replacements))


def nested_circuits(model, inputs, replacements, nodes, order: np.ndarray, sizes: Sequence[int], metric) -> np.ndarray:
    """The metric (sizes, n) of the circuits of the first k nodes in order (m,), for each size k."""
    if sorted(order) != list(range(len(nodes))):
        raise StudyError(f"an order of {len(nodes)} nodes holds each of 0..{len(nodes) - 1} once, found {list(order)}")
    rank = np.argsort(order)
    return np.stack([circuit_metric(model, inputs, replacements, nodes, rank < size, metric) for size in sizes])


def node_attributions(
    model: nn.Module,
    inputs: Inputs,
    clean: dict[Where, torch.Tensor],
    corrupted: dict[Where, torch.Tensor],
    nodes: Sequence[Site],
    metric: Metric,
    points: int = POINTS,
) -> np.ndarray:
    """Attribution patching (Nanda 2023; Syed 2023): estimates (m, n) of how the metric falls with one node corrupted.

    inputs: the clean examples (n, ...). clean, corrupted: {path: (n, ...)} of both runs. The gradient is a mean over points
    between the corrupted and the clean output of the node's module (integrated gradients, Sundararajan 2017; Hanna 2024),
    so that the estimates of all units of a layer that everything passes through add up to the fall with all corrupted.
    """
    attributions = {}
    for path in dict.fromkeys(node.path for node in nodes):
        difference = clean[path] - corrupted[path]
        gradient = torch.zeros_like(difference)
        for share in (np.arange(points) + 0.5) / points:
            point = (corrupted[path] + float(share) * difference).requires_grad_()
            with evaluating(model), replaced(model, {path: lambda _, point=point: point.clone()}):
                gradient += torch.autograd.grad(metric(answer(model, inputs)).sum(), point)[0] / points
        attributions[path] = (gradient * difference).double()
    found = np.empty((len(nodes), count(inputs)))  # at once: small results among the products would scatter the memory
    for row, (path, mask) in zip(found, nodes, strict=True):
        row[:] = (attributions[path] * mask.to(attributions[path].device)).flatten(1).sum(1).cpu().numpy()
    return found


def greedy_order(model, inputs, replacements, nodes, metric) -> np.ndarray:
    """Nodes (m,) from the last to the first removed: backward elimination, m (m + 1) / 2 runs on from a node.

    Each time the node goes whose removal leaves the circuit's answers nearest to the network's: mean over examples of the
    absolute difference, in which errors of opposite sign do not cancel.
    """
    full = circuit_metric(model, inputs, replacements, nodes, np.ones(len(nodes), dtype=bool), metric)
    kept = np.ones(len(nodes), dtype=bool)
    removed = []
    while kept.any():
        departures = _departures(model, inputs, replacements, nodes, kept, metric, full)
        removed.append(min(sorted(departures), key=departures.get))
        kept[removed[-1]] = False
    return np.array(removed[::-1])


def _departures(model, inputs, replacements, nodes, kept: np.ndarray, metric, full: np.ndarray) -> dict[int, float]:
    """Of every kept node, how far the circuit's answers without it are from the network's, on average."""
    gone = joined([node for node, keep in zip(nodes, kept, strict=True) if not keep])
    changes = {path: putting(path, mask, replacements[path]) for path, mask in gone.items()}
    found = {}
    with torch.no_grad(), evaluating(model), replaced(model, changes):
        for path in dict.fromkeys(nodes[i].path for i in np.flatnonzero(kept)):
            with resumed(model, path, inputs) as (output, run):
                for i in np.flatnonzero(kept):
                    if nodes[i].path == path:
                        without = putting(path, nodes[i].mask, replacements[path])(output)
                        found[int(i)] = np.abs(measured(metric, run(without)) - full).mean()
        answer(model, inputs)  # `replaced` looks whether the last pass called all that it changes
    return found


def best_circuit(model, inputs, replacements, nodes, size: int, metric) -> np.ndarray:
    """The kept nodes (m,) bool of the circuit of a size whose answers are nearest to the network's: all are tried.

    The truth for `greedy_order`. Raises StudyError for more than EXHAUSTIVE_LIMIT nodes.
    """
    if len(nodes) > EXHAUSTIVE_LIMIT:
        raise StudyError(f"All circuits of {len(nodes)} nodes are too many to try; at most {EXHAUSTIVE_LIMIT} nodes.")
    full = circuit_metric(model, inputs, replacements, nodes, np.ones(len(nodes), dtype=bool), metric)

    def departure(chosen):
        kept = np.isin(np.arange(len(nodes)), chosen)
        return np.abs(circuit_metric(model, inputs, replacements, nodes, kept, metric) - full).mean()

    return np.isin(np.arange(len(nodes)), min(combinations(range(len(nodes)), size), key=departure))


def size_needed(faithfulness: np.ndarray, sizes: Sequence[int], threshold: float) -> float:
    """The smallest of the sizes (ascending) from which on the faithfulness stays at the threshold or above; NaN if none."""
    below = np.flatnonzero(~(np.asarray(faithfulness) >= threshold))
    at = below[-1] + 1 if len(below) else 0
    return float(sizes[at]) if at < len(sizes) else np.nan
