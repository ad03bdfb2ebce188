"""Circuits on edges of networks whose parts write into one stream: which edges carry the difference between two classes."""

from collections.abc import Iterator

import numpy as np

from repdyn.activations.answers import Inputs
from repdyn.interventions.circuits import size_needed
from repdyn.interventions.edges import edge_attributions, edge_circuit_metric, edge_effects, edges_between
from repdyn.interventions.patching import Site, activations, whole
from repdyn.interventions.recovery import recovery
from repdyn.measures.table import entry
from repdyn.measures.units import selectivity_importance as rank_correlation
from repdyn.roles import EMBEDDING, layers_with
from repdyn.toolkit.pairwise import Look

EDGES = 100  # at most: a circuit takes as many runs as there are nodes, and edges grow with their square
ORDERS = 5  # in which random circuits grow
SIZES = 10  # of circuits, in equal steps


def edges(look: Look, threshold: float) -> Iterator[dict]:
    """The entries of edge_*; none for networks without an embedding, attention and feed-forward layers."""
    embedding = layers_with(look.roles, EMBEDDING)
    if not embedding or not look.head_paths:
        return
    nodes = [whole(embedding[0]), *look.nodes()]
    between = edges_between(nodes)
    if len(between) > EDGES:
        return
    clean, corrupted = _values(look, nodes, look.pairs.clean), _values(look, nodes, look.pairs.corrupted)
    run = (look.model, look.pairs.clean, clean, corrupted, nodes, between, look.pairs.metric)
    effects = edge_effects(*run)
    rho, count = rank_correlation(edge_attributions(*run).mean(1), effects.mean(1))
    yield entry(look.step, "", "edge_rho", rho, *((np.nan, np.nan) if np.isnan(rho) else (0.0, 1 / np.sqrt(count - 1))))
    yield entry(look.step, "", "edge_sender", [i for i, _ in between])
    yield entry(look.step, "", "edge_receiver", [j for _, j in between])
    yield from look.recovered("", "edge_noising", look.clean - effects, look.clean, look.corrupted)
    yield from _circuits(look, nodes, between, corrupted, threshold)


def _circuits(look: Look, nodes: list[Site], between: list, corrupted: dict, threshold: float) -> Iterator[dict]:
    m = len(between)
    sizes = np.unique((np.arange(1, SIZES + 1) * m / SIZES).round().astype(int).clip(1))

    def grown(order):
        rank = np.argsort(order)
        changed = np.stack(
            [
                edge_circuit_metric(
                    look.model, look.pairs.clean, corrupted, nodes, between, rank < size, look.pairs.metric
                )
                for size in sizes
            ]
        )
        value = recovery(changed, look.corrupted, look.clean, look.rng("bootstrap")).value
        return changed, value, size_needed(value, sizes, threshold) / m

    rng, discovery = look.rng("random edges"), look.discovery
    _, values, shares = zip(*(grown(rng.permutation(m)) for _ in range(ORDERS)), strict=True)
    null, null_share = ((np.mean(drawn, axis=0), np.std(drawn, axis=0, ddof=1)) for drawn in (values, shares))
    ends = (_values(look, nodes, inputs) for inputs in (discovery.clean, discovery.corrupted))
    found = edge_attributions(look.model, discovery.clean, *ends, nodes, between, look.pairs.metric).mean(1)
    changed, _, share = grown(np.argsort(-np.abs(found), kind="stable"))
    for item in look.recovered("", "edge_faithfulness", changed, look.corrupted, look.clean, null):
        yield item | {"unit": sizes}
    yield entry(look.step, "", "edge_share", share, *null_share)


def _values(look: Look, nodes: list[Site], inputs: Inputs) -> dict:
    return activations(look.model, inputs, list(dict.fromkeys(node.path for node in nodes)))
