"""Circuits on edges: which node hears which, where a network's parts write into one stream and read from it.

Nodes are sites in the order in which they are computed, the first such as the embedding; an edge (i, j) goes from node i to
a later node j, or to the output, j = the number of nodes. Over an edge a node hears another directly, through no third node.
A circuit is a set of edges; over all others a node hears the values of the pair's corrupted run (Conmy 2023, ACDC).
Nodes must hold all paths from the first to the output, and one must not lie within another.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from repdyn.activations.addresses import Where
from repdyn.activations.answers import Inputs, answer, count
from repdyn.activations.hooks import recorded, replaced
from repdyn.errors import StudyError
from repdyn.interventions.patching import Metric, Site, activations, joined, measured, patched, putting
from repdyn.training.tracker import evaluating

Values = dict[Where, torch.Tensor]

POINTS = 4  # between corrupted and clean, at which edge attribution takes the gradient


def edges_between(nodes: Sequence[Site]) -> list[tuple[int, int]]:
    """All edges (i, j) of nodes: from each to those behind it, and to the output; not within a module, as between heads."""
    later = [(i, j) for j in range(len(nodes)) for i in range(j) if nodes[i].path != nodes[j].path]
    return later + [(i, len(nodes)) for i in range(len(nodes))]


def edge_circuit_metric(
    model: nn.Module,
    inputs: Inputs,
    corrupted: Values,
    nodes: Sequence[Site],
    edges: Sequence[tuple[int, int]],
    kept: np.ndarray,
    metric: Metric,
) -> np.ndarray:
    """The metric (n,) of the circuit of the kept edges (m,) bool, on clean inputs (n, ...): a run for every node.

    corrupted: {path: (n, ...)} of the corrupted run. A node that hears nothing has its corrupted value. The first node is
    computed from the input. StudyError where kept does not say of every edge whether it is kept.
    """
    if len(kept) != len(edges):
        raise StudyError(f"{len(edges)} edges need as many entries that say which are kept, not {len(kept)}")
    heard = {(i, j) for (i, j), keep in zip(edges, kept, strict=True) if keep}
    own = {path: values.clone() for path, values in corrupted.items()}
    for j, node in enumerate(nodes):
        if j and not any((i, j) in heard for i in range(j)):
            continue
        changes = _changes(nodes, range(j), own, corrupted, [i for i in range(j) if (i, j) in heard])
        found = activations(model, inputs, [node.path], changes)[node.path]
        own[node.path] = torch.where(node.mask, found, own[node.path])
    last = len(nodes)
    changes = _changes(nodes, range(last), own, corrupted, [i for i in range(last) if (i, last) in heard])
    with torch.no_grad(), evaluating(model), replaced(model, changes):
        return measured(metric, answer(model, inputs))


def edge_effects(
    model: nn.Module,
    inputs: Inputs,
    clean: Values,
    corrupted: Values,
    nodes: Sequence[Site],
    edges: Sequence[tuple[int, int]],
    metric: Metric,
) -> np.ndarray:
    """By how much the metric falls with one edge corrupted, all else as it follows: (m, n), two runs for each edge."""
    whole_run = measured(metric, patched(model, inputs, [], {}))
    found = np.empty((len(edges), count(inputs)))
    for row, (i, j) in zip(found, edges, strict=True):
        others = [k for k in range(len(nodes)) if k not in (i, j)] if j < len(nodes) else range(len(nodes))
        mixed = {path: values.clone() for path, values in clean.items()}
        mixed[nodes[i].path] = torch.where(nodes[i].mask, corrupted[nodes[i].path], mixed[nodes[i].path])
        held = [nodes[k] for k in (*others, i)]
        if j == len(nodes):
            row[:] = whole_run - measured(metric, patched(model, inputs, held, mixed))
            continue
        heard = activations(model, inputs, [nodes[j].path], _putting(held, mixed))
        row[:] = whole_run - measured(metric, patched(model, inputs, [nodes[j]], heard))
    return found


def edge_attributions(
    model: nn.Module,
    inputs: Inputs,
    clean: Values,
    corrupted: Values,
    nodes: Sequence[Site],
    edges: Sequence[tuple[int, int]],
    metric: Metric,
    points: int = POINTS,
) -> np.ndarray:
    """Edge attribution patching (Syed 2023): estimates (m, n) of `edge_effects`, one gradient for each receiver.

    The change of the sender, times the slope of the receiver's value in it with all other nodes held, times the slope of the
    metric in the receiver's value; both are means over points from the corrupted run to the clean one (Hanna 2024).
    """
    found = np.zeros((len(edges), count(inputs)))
    for share in (np.arange(points) + 0.5) / points:
        here = {path: corrupted[path] + float(share) * (clean[path] - corrupted[path]) for path in clean}
        slopes = _slopes(model, inputs, clean, here, nodes, metric)
        for j in sorted({j for _, j in edges}):
            senders = [i for i, receiver in edges if receiver == j]
            free = {path: values.clone().requires_grad_() for path, values in here.items()}
            held = [nodes[k] for k in range(len(nodes)) if k != j]
            with torch.enable_grad(), evaluating(model), replaced(model, _putting(held, free)):
                if j == len(nodes):
                    answered = metric(answer(model, inputs)).sum()
                else:
                    with recorded(model, [nodes[j].path]) as outputs:
                        answer(model, inputs)
                    answered = (outputs[nodes[j].path] * nodes[j].mask * slopes[j]).sum()
                paths = list(dict.fromkeys(nodes[i].path for i in senders))
                gradients = torch.autograd.grad(answered, [free[path] for path in paths], allow_unused=True)
            by_path = dict(zip(paths, gradients, strict=True))
            for row, edge in zip(found, edges, strict=True):
                if edge[1] == j and by_path[nodes[edge[0]].path] is not None:
                    path, mask = nodes[edge[0]]
                    part = by_path[path] * (clean[path] - corrupted[path]) * mask
                    row += part.flatten(1).sum(1).double().cpu().numpy() / points
    return found


def _slopes(model, inputs: Inputs, clean: Values, here: Values, nodes: Sequence[Site], metric: Metric) -> list:
    """Of every node the gradient of the metric in its value at `here`, all before it clean, all behind it computed."""
    found = []
    for node in nodes:
        point = torch.where(node.mask, here[node.path], clean[node.path]).requires_grad_()
        with torch.enable_grad(), evaluating(model), replaced(model, {node.path: lambda _, point=point: point.clone()}):
            found.append(torch.autograd.grad(metric(answer(model, inputs)).sum(), point)[0] * node.mask)
    return found


def _changes(nodes: Sequence[Site], held: Sequence[int], own: Values, corrupted: Values, heard: list[int]) -> dict:
    """What puts the held nodes at their own values where they are heard, else at those of the corrupted run."""
    mixed = {}
    for i in held:
        path, mask = nodes[i]
        source = own if i in heard else corrupted
        mixed[path] = torch.where(mask, source[path], mixed.get(path, source[path]))
    return _putting([nodes[i] for i in held], mixed)


def _putting(nodes: Sequence[Site], values: Values) -> dict:
    return {path: putting(path, mask, values[path]) for path, mask in joined(nodes).items()}
