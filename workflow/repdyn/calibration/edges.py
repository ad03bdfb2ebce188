"""Circuits on edges where the circuit is planted: parts that write into one stream, of which one path is read out."""

import numpy as np
import torch
from torch import nn

from repdyn.calibration.trial import Trial
from repdyn.interventions.edges import edge_attributions, edge_circuit_metric, edge_effects, edges_between
from repdyn.interventions.patching import activations, whole
from repdyn.measures.units import selectivity_importance as rank_correlation

NODES = [whole(name) for name in ("first", "a", "b", "c")]
PLANTED = ((0, 1), (1, 2), (2, 4))  # first to a, a to b, b to the output


class Stream(nn.Module):
    """Of inputs (n, 5) with two numbers that tell something, a reads the first, b reads a, c the second; b is read out."""

    def __init__(self):
        super().__init__()
        self.first = nn.Identity()
        self.a, self.b, self.c = (nn.Sequential(nn.Linear(5, 5), nn.Tanh()) for _ in range(3))
        with torch.no_grad():
            for part, source, sink in ((self.a, 0, 2), (self.b, 2, 3), (self.c, 1, 4)):
                for parameter in part.parameters():
                    parameter.zero_()
                next(part.parameters())[sink, source] = 1

    def forward(self, x):
        stream = self.first(x)
        for part in (self.a, self.b, self.c):
            stream = stream + part(stream)
        return stream[:, 3:4]


def _answer(answers: torch.Tensor) -> torch.Tensor:
    return answers[:, 0]


def _run(rng: np.random.Generator) -> tuple:
    """The network, clean inputs, and values of the nodes on them and on corrupted ones."""
    model = Stream()
    clean, corrupted = (torch.zeros(40, 5) for _ in range(2))
    for inputs, shift in ((clean, 0.7), (corrupted, -0.7)):
        inputs[:, :2] = torch.from_numpy(0.3 * rng.standard_normal((40, 2)) + shift)
    return model, clean, *(activations(model, inputs, [node.path for node in NODES]) for inputs in (clean, corrupted))


def edges_of_a_circuit(rng: np.random.Generator) -> Trial:
    model, inputs, clean, corrupted = _run(rng)
    edges = edges_between(NODES)

    def answers(kept):
        return edge_circuit_metric(model, inputs, corrupted, NODES, edges, kept, _answer).mean()

    def faithful(order):
        kept = np.isin(np.arange(len(edges)), order[: len(PLANTED)])
        ends = [answers(np.full(len(edges), whole)) for whole in (False, True)]
        return (answers(kept) - ends[0]) / (ends[1] - ends[0])

    size = np.abs(edge_attributions(model, inputs, clean, corrupted, NODES, edges, _answer)).mean(1)
    others = [i for i, edge in enumerate(edges) if edge not in PLANTED]
    return Trial(
        "three of ten edges carry the answer", "faithfulness of the first three by attribution", 1, 1e-4,
        [faithful(np.argsort(-size, kind="stable"))], "three other edges", 0, 1e-6,
        [faithful(rng.permutation(others)) for _ in range(5)],
    )  # fmt: skip


def attributed_edges(rng: np.random.Generator) -> Trial:
    model, inputs, clean, corrupted = _run(rng)
    with torch.no_grad():
        for part in (model.a, model.b, model.c):
            part[0].weight += torch.from_numpy(0.4 * rng.standard_normal((5, 5)))
    clean = activations(model, inputs, list(clean))
    other = inputs - 1.4 * (inputs.abs() > 0)
    corrupted = activations(model, other, list(corrupted))
    edges = edges_between(NODES)
    effects = edge_effects(model, inputs, clean, corrupted, NODES, edges, _answer).mean(1)
    estimates = edge_attributions(model, inputs, clean, corrupted, NODES, edges, _answer).mean(1)
    return Trial(
        "ten edges of a random network", "rank correlation of attribution and patching", 1, 0.15,
        [rank_correlation(estimates, effects)[0]], "edges in random order", 0, 0.25,
        [rank_correlation(rng.permutation(estimates), effects)[0] for _ in range(40)],
    )  # fmt: skip
