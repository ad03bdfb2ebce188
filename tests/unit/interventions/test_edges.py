"""Circuits on edges: planted ones are found, runs of a circuit by hand, direct effects by path patching, and refusals."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.errors import StudyError
from repdyn.interventions.edges import edge_attributions, edge_circuit_metric, edge_effects, edges_between
from repdyn.interventions.patching import activations, measured, patched, sites_along, whole
from repdyn.interventions.paths import path_patched
from repdyn.models import build

NODES = [whole(name) for name in ("first", "a", "b", "c")]
PLANTED = [(0, 1), (1, 2), (2, 4)]  # first to a, a to b, b to the output


class Stream(nn.Module):
    """a, b and c write into a stream and read it. planted: a reads the first number, b reads a, c the second number, and b
    alone is read out."""

    def __init__(self, planted=False):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.first = nn.Identity()
            self.a, self.b, self.c = (nn.Sequential(nn.Linear(5, 5), nn.Tanh()) for _ in range(3))
            self.read = nn.Linear(5, 1)
        if planted:
            with torch.no_grad():
                for parameter in self.parameters():
                    parameter.zero_()
                for part, source, sink in ((self.a, 0, 2), (self.b, 2, 3), (self.c, 1, 4)):
                    part[0].weight[sink, source] = 1
                self.read.weight[0, 3] = 2

    def forward(self, x):
        stream = self.first(x)
        for part in (self.a, self.b, self.c):
            stream = stream + part(stream)
        return self.read(stream)


def metric(answers):
    return answers[:, 0]


def looked_at(model, told=5, n=6):
    """Clean inputs, of which the first numbers tell something, and the nodes' values on them and on corrupted ones."""
    draw = np.random.default_rng(0)
    clean, corrupted = (torch.from_numpy(draw.standard_normal((n, 5)).astype(np.float32)) for _ in range(2))
    clean[:, told:] = corrupted[:, told:] = 0
    paths = [node.path for node in NODES]
    return clean, *(activations(model, x, paths) for x in (clean, corrupted))


def test_planted_edges_are_the_circuit_and_no_other_edge_has_an_effect():
    model, edges = Stream(planted=True), edges_between(NODES)
    inputs, clean, corrupted = looked_at(model, told=2)
    assert len(edges) == 10
    for found in (
        edge_effects(model, inputs, clean, corrupted, NODES, edges, metric),
        edge_attributions(model, inputs, clean, corrupted, NODES, edges, metric),
    ):
        size = np.abs(found).mean(1)
        assert {edge for edge, one in zip(edges, size, strict=True) if one > 1e-6} == set(PLANTED)
        assert sorted(size)[-3] > 0.1
    kept = np.array([edge in PLANTED for edge in edges])
    whole_run = model(inputs)[:, 0].detach().numpy()
    found = edge_circuit_metric(model, inputs, corrupted, NODES, edges, kept, metric)
    np.testing.assert_allclose(found, whole_run, atol=1e-6)
    for missing in PLANTED:
        found = edge_circuit_metric(
            model, inputs, corrupted, NODES, edges, kept & [e != missing for e in edges], metric
        )
        assert np.abs(found - whole_run).max() > 0.1


@pytest.mark.parametrize("seed", range(3))
def test_a_circuits_run_is_the_one_by_hand(seed):
    model, edges = Stream(), edges_between(NODES)
    inputs, _, corrupted = looked_at(model)
    kept = np.random.default_rng(seed).random(len(edges)) < 0.6
    heard = {edge for edge, keep in zip(edges, kept, strict=True) if keep}
    with torch.no_grad():
        outputs = [inputs]
        for j, part in enumerate((model.a, model.b, model.c), 1):
            parts = [outputs[i] if (i, j) in heard else corrupted[NODES[i].path] for i in range(j)]
            outputs.append(part(sum(parts)))
        ends = [outputs[i] if (i, 4) in heard else corrupted[NODES[i].path] for i in range(4)]
        by_hand = model.read(sum(ends))[:, 0].double().numpy()
    found = edge_circuit_metric(model, inputs, corrupted, NODES, edges, kept, metric)
    np.testing.assert_allclose(found, by_hand, atol=1e-5)


def test_direct_effects_are_those_of_path_patching_and_attribution_is_near():
    model, edges = Stream(), edges_between(NODES)
    draw = np.random.default_rng(0)
    inputs, donors = (torch.from_numpy(draw.standard_normal((6, 5)).astype(np.float32)) for _ in range(2))
    clean, corrupted = (activations(model, x, [node.path for node in NODES]) for x in (inputs, donors))
    effects = edge_effects(model, inputs, clean, corrupted, NODES, edges, metric)
    base = measured(metric, model(inputs))
    direct = path_patched(model, inputs, donors, [whole("a")], frozen=["b", "c"])
    np.testing.assert_allclose(effects[edges.index((1, 4))], base - measured(metric, direct), atol=1e-6)
    through = path_patched(model, inputs, donors, [whole("a")], [whole("c")], frozen=["b"])
    np.testing.assert_allclose(effects[edges.index((1, 3))], base - measured(metric, through), atol=1e-6)
    estimates = edge_attributions(model, inputs, clean, corrupted, NODES, edges, metric)
    assert spearmanr(effects.mean(1), estimates.mean(1)).statistic > 0.9
    # What is linear all the way is exact: every node to the output.
    np.testing.assert_allclose(estimates[-4:], effects[-4:], atol=1e-5)


def test_attributions_of_parts_of_a_layer_are_means_of_slopes_by_hand():
    model = Stream()
    nodes = [whole("first"), *sites_along("a", (5,), 0), whole("b"), whole("c")]
    draw, last = np.random.default_rng(3), len(nodes)
    inputs, donors = (torch.from_numpy(2 * draw.standard_normal((6, 5)).astype(np.float32)) for _ in range(2))
    clean, corrupted = (activations(model, x, ["first", "a", "b", "c"]) for x in (inputs, donors))
    edges = [(0, unit) for unit in range(1, 6)] + [(unit, last) for unit in range(1, 6)]
    found = edge_attributions(model, inputs, clean, corrupted, nodes, edges, metric, points=2)
    by_hand = torch.zeros(5, 6)
    for share in (0.25, 0.75):
        first, a = (corrupted[path] + share * (clean[path] - corrupted[path]) for path in ("first", "a"))
        for unit in range(5):
            part = torch.where(torch.arange(5) == unit, a, clean["a"]).requires_grad_()
            stream = inputs + part
            stream = stream + model.b(stream)
            slope = torch.autograd.grad(metric(model.read(stream + model.c(stream))).sum(), part)[0][:, unit]
            sender = first.clone().requires_grad_()
            own = torch.autograd.grad(model.a(sender)[:, unit].sum(), sender)[0]
            by_hand[unit] += slope * (own * (clean["first"] - corrupted["first"])).sum(1) / 2
    np.testing.assert_allclose(found[:5], by_hand.numpy(), atol=1e-6)
    direct = model.read.weight.detach()[0][:, None] * (clean["a"] - corrupted["a"]).T
    np.testing.assert_allclose(found[5:], direct.numpy(), atol=1e-6)


def test_heads_of_a_transformer_are_nodes_and_all_edges_give_its_answer():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = build(NETWORKS["transformer"], **SHAPE).eval()
    (clean, _), (corrupted, _) = data(4), data(4, 1)
    paths = ["embedding", "blocks.0.attention.heads", "blocks.0.feedforward", "blocks.1.attention.heads"]
    nodes = [whole("embedding")]
    for block in range(2):
        nodes += sites_along(f"blocks.{block}.attention.heads", (16, 4, 4), 1) + [whole(f"blocks.{block}.feedforward")]
    edges = edges_between(nodes)
    assert (1, 2) not in edges and (1, 5) in edges and (10, 11) in edges
    values = activations(model, corrupted, [*paths, "blocks.1.feedforward"])
    for kept, inputs in ((True, clean), (False, corrupted)):
        found = edge_circuit_metric(model, clean, values, nodes, edges, np.full(len(edges), kept), metric)
        np.testing.assert_allclose(found, measured(metric, patched(model, inputs, [], {})), atol=1e-6)


def test_where_nothing_differs_no_edge_counts():
    model, edges = Stream(), edges_between(NODES)
    inputs, clean, _ = looked_at(model)
    assert np.abs(edge_effects(model, inputs, clean, clean, NODES, edges, metric)).max() < 1e-6
    assert not edge_attributions(model, inputs, clean, clean, NODES, edges, metric).any()
    with pytest.raises(StudyError, match="10 edges need as many entries"):
        edge_circuit_metric(model, inputs, clean, NODES, edges, np.ones(3, dtype=bool), metric)
