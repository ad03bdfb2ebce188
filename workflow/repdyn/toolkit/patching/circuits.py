"""Circuits on nodes: how few units, channels, heads and feed-forward layers carry the difference between two classes."""

from collections.abc import Iterator

import numpy as np

from repdyn.interventions.circuits import circuit_metric, greedy_order, nested_circuits, size_needed
from repdyn.interventions.patching import activations
from repdyn.interventions.recovery import recovery
from repdyn.measures.table import entry
from repdyn.toolkit.pairwise import Look

# Sizes of circuits, at most twice as many: all, or small ones in equal ratios and large ones in equal steps.
SIZES = 16


def circuits(look: Look, orders: int, threshold: float, greedy_nodes: int) -> Iterator[dict]:
    """The entries of circuit_* and greedy_*; orders: random ones of the null, greedy_nodes: at most, for greedy_*."""
    model, pairs, nodes = look.model, look.pairs, look.nodes()
    m = len(nodes)
    paths = list(dict.fromkeys(node.path for node in nodes))
    values = activations(model, pairs.corrupted, paths)
    sizes = _sizes(m)
    empty = circuit_metric(model, pairs.clean, values, nodes, np.zeros(m, dtype=bool), pairs.metric)

    def grown(order):
        """The metric of the circuits in an order, and the share of nodes from which on they are faithful."""
        changed = nested_circuits(model, pairs.clean, values, nodes, order, sizes, pairs.metric)
        value = recovery(changed, empty, look.clean, look.rng("bootstrap")).value
        return changed, value, size_needed(value, sizes, threshold) / m

    def written(name, order):
        changed, _, share = grown(order)
        yield from _sized(look.recovered("", f"{name}_faithfulness", changed, empty, look.clean, null), sizes)
        yield entry(look.step, "", f"{name}_share", share, *null_share)

    rng = look.rng("random circuits")
    _, values_of_random, shares = zip(*(grown(rng.permutation(m)) for _ in range(orders)), strict=True)
    null, null_share = ((np.mean(drawn, axis=0), np.std(drawn, axis=0, ddof=1)) for drawn in (values_of_random, shares))
    order = np.argsort(-np.abs(look.attributions(look.discovery, nodes)), kind="stable")
    yield from written("circuit", order)
    rank = np.argsort(order)
    rest = np.stack([circuit_metric(model, pairs.clean, values, nodes, rank >= size, pairs.metric) for size in sizes])
    yield from _sized(look.recovered("", "circuit_necessity", rest, look.clean, empty), sizes)
    if m <= greedy_nodes:
        corrupted = activations(model, look.discovery.corrupted, paths)
        yield from written("greedy", greedy_order(model, look.discovery.clean, corrupted, nodes, pairs.metric))


def _sizes(m: int) -> np.ndarray:
    if m <= 2 * SIZES:
        return np.arange(1, m + 1)
    return np.unique(np.concatenate([np.geomspace(1, m, SIZES), np.linspace(1, m, SIZES)]).round().astype(int))


def _sized(entries: Iterator[dict], sizes: np.ndarray) -> Iterator[dict]:
    """Entries of circuits, whose unit is their size."""
    for item in entries:
        yield item | {"unit": sizes}
