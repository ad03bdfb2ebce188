"""Motifs: triads of a directed graph that are more frequent than in graphs with the same degrees."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError

REWIRINGS = 300  # with fewer, no kind of thirteen could be beyond chance alone
SWAPS = 10  # tried per edge
DENSEST = 3.0  # edges per node

# The thirteen connected triads in the notation of Davis & Leinhardt (1972), as networkx writes it: the dyads of (i, j),
# (j, k) and (i, k), A one way, T the other way, M both ways, N neither; and how many orders of the nodes are alike.
TRIADS = {
    "021D": ("T", "A", "N", 2), "021U": ("A", "T", "N", 2), "021C": ("A", "A", "N", 1), "111D": ("M", "T", "N", 1),
    "111U": ("M", "A", "N", 1), "030T": ("A", "A", "A", 1), "030C": ("A", "A", "T", 3), "201": ("M", "M", "N", 2),
    "120D": ("T", "A", "M", 2), "120U": ("A", "T", "M", 2), "120C": ("A", "A", "M", 1), "210": ("M", "M", "A", 1),
    "300": ("M", "M", "M", 6),
}  # fmt: skip
LOOP = list(TRIADS).index("030T")  # the feed-forward loop


class Motifs(NamedTuple):
    """Of the triads in the order of TRIADS, (13,) each: counts; mean and deviation of their null; z, NaN where the null
    does not vary; p, one-sided, that a rewired graph has as many or more."""

    counts: np.ndarray
    null_mean: np.ndarray
    null_sd: np.ndarray
    z: np.ndarray
    p: np.ndarray


def motifs(graph: np.ndarray, rng: np.random.Generator) -> Motifs:
    """Triads of a graph (n, n) bool, [from, to], against REWIRINGS graphs with the same degrees (Milo et al. 2002, Science
    298, 824).

    For sparse graphs: the triads of chance grow with the cube of the edges per node, and where there are more than DENSEST
    they hide those that mean something. StudyError there, and for a graph whose edges cannot be rewired.
    """
    graph = as_graph(graph)
    n, edges = len(graph), int(graph.sum())
    if edges > DENSEST * n:
        raise StudyError(
            f"{edges} edges between {n} nodes are {edges / n:.1f} per node: motifs are evaluable up to {DENSEST:g}, beyond"
            " that triads of chance hide them"
        )
    # One at a time they stay in the cache.
    null = np.stack([triad_census(each) for each in rewired(graph, REWIRINGS, rng)])
    counts = triad_census(graph)
    mean, sd = null.mean(0), null.std(0, ddof=1)
    z = np.divide(counts - mean, sd, out=np.full(len(mean), np.nan), where=sd > 0)
    return Motifs(counts, mean, sd, z, (1 + (null >= counts).sum(0)) / (1 + REWIRINGS))


def triad_census(graphs: np.ndarray) -> np.ndarray:
    """How many triads of each kind of TRIADS graphs (..., n, n) bool without loops have: (..., 13) int."""
    forth, back = graphs, np.swapaxes(graphs, -1, -2)
    neither = ~(forth | back)
    neither[..., range(neither.shape[-1]), range(neither.shape[-1])] = False
    kinds = {"A": forth & ~back, "T": back & ~forth, "M": forth & back, "N": neither}
    kinds = {name: kind.astype(np.float64) for name, kind in kinds.items()}
    products = {(x, y): kinds[x] @ kinds[y] for x, y in {(x, y) for x, y, _, _ in TRIADS.values()}}
    counts = [(products[x, y] * kinds[z]).sum((-2, -1)) / orders for x, y, z, orders in TRIADS.values()]
    return np.rint(np.stack(counts, -1)).astype(np.int64)


def rewired(graph: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` graphs (count, n, n) in which every node has the in- and out-degree it has in `graph` (n, n) bool.

    Two edges a -> b and c -> d become a -> d and c -> b, unless that makes a loop or an edge that is there; SWAPS times per
    edge. StudyError where no swap is possible, as in a star: there is no null.
    """
    source, target = np.nonzero(graph)
    graphs, targets, rows = np.tile(graph, (count, 1, 1)), np.tile(target, (count, 1)), np.arange(count)
    for _ in range(SWAPS * len(source)):
        first, second = rng.integers(len(source), size=(2, count))
        a, b, c, d = source[first], targets[rows, first], source[second], targets[rows, second]
        free = (a != d) & (c != b) & ~graphs[rows, a, d] & ~graphs[rows, c, b]
        r, a, b, c, d = (each[free] for each in (rows, a, b, c, d))
        graphs[r, a, b] = graphs[r, c, d] = False
        graphs[r, a, d] = graphs[r, c, b] = True
        targets[r, first[free]], targets[r, second[free]] = d, b
    if (graphs == graph).all():
        raise StudyError(f"the {len(source)} edges of this graph cannot be rewired: no other has its degrees")
    return graphs


def strongest(weights: np.ndarray, per_node: float) -> np.ndarray:
    """The graph (n, n) bool, [from, to], of the largest absolute weights (n, n), [to, from], `per_node` n of them; no loops.

    StudyError unless weights are square, finite, and enough of them differ from 0.
    """
    weights = np.asarray(weights, dtype=np.float64)
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1] or not np.isfinite(weights).all():
        raise StudyError(f"recurrent weights are square and finite, found shape {weights.shape}")
    sizes = np.abs(weights.T)
    np.fill_diagonal(sizes, 0)
    edges = round(per_node * len(weights))
    if edges > (sizes > 0).sum():
        raise StudyError(f"{edges} edges are more than the {(sizes > 0).sum()} weights between units that are not 0")
    graph = np.zeros(sizes.shape, dtype=bool)
    graph.flat[np.argsort(-sizes, axis=None, kind="stable")[:edges]] = True
    return graph


def as_graph(graph: np.ndarray) -> np.ndarray:
    """A graph (n, n) as bool. StudyError unless it is square, of zeros and ones, without loops, with three nodes or more."""
    graph = np.asarray(graph)
    if graph.ndim != 2 or graph.shape[0] != graph.shape[1] or len(graph) < 3:
        raise StudyError(f"a graph of three nodes or more is a square matrix, found shape {graph.shape}")
    if not np.isin(graph, (0, 1)).all() or np.diag(graph).any():
        raise StudyError("a graph has entries 0 and 1, and no edge from a node to itself")
    return graph.astype(bool)
