"""Triads of graphs: counted as by networkx, beyond chance where they were planted, and refused where chance hides them."""

import networkx
import numpy as np
import pytest

from repdyn.circuits.motifs import LOOP, TRIADS, as_graph, motifs, rewired, strongest, triad_census
from repdyn.errors import StudyError


def random_graph(n, edges, rng, loops=0):
    """A random graph, and in it planted feed-forward loops a -> b -> c, a -> c."""
    graph = np.zeros((n, n), dtype=bool)
    places = np.flatnonzero(~np.eye(n, dtype=bool))
    graph.flat[rng.choice(places, edges, replace=False)] = True
    for _ in range(loops):
        a, b, c = rng.choice(n, 3, replace=False)
        graph[a, b] = graph[b, c] = graph[a, c] = True
    return graph


@pytest.mark.parametrize(("n", "edges"), [(3, 4), (12, 60), (40, 90)])
def test_the_census_is_that_of_networkx(n, edges):
    graphs = np.stack([random_graph(n, edges, np.random.default_rng(seed)) for seed in range(4)])
    for counts, graph in zip(triad_census(graphs), graphs, strict=True):
        theirs = networkx.triadic_census(networkx.from_numpy_array(graph.astype(int), create_using=networkx.DiGraph))
        assert dict(zip(TRIADS, counts.tolist(), strict=True)) == {name: theirs[name] for name in TRIADS}


def test_rewiring_keeps_degrees_and_mixes_edges():
    graph = random_graph(60, 100, np.random.default_rng(0), loops=5)
    others = rewired(graph, 50, np.random.default_rng(1))
    np.testing.assert_array_equal(others.sum(1), np.tile(graph.sum(0), (50, 1)))
    np.testing.assert_array_equal(others.sum(2), np.tile(graph.sum(1), (50, 1)))
    assert not others[:, range(60), range(60)].any()
    kept = (others & graph).sum((1, 2)) / graph.sum()
    assert kept.max() < 0.3 and len(np.unique(others.reshape(50, -1), axis=0)) == 50


def test_planted_loops_are_found_and_a_random_graph_has_none():
    rng = np.random.default_rng(2)
    planted = [motifs(random_graph(150, 250, rng, loops=30), rng) for _ in range(2)]
    assert min(each.z[LOOP] for each in planted) > 5 and max(each.p[LOOP] for each in planted) < 0.01
    assert all(each.counts[LOOP] >= 30 for each in planted)
    chance = [motifs(random_graph(150, 250, rng), rng) for _ in range(5)]
    assert abs(np.mean([each.z[LOOP] for each in chance])) < 1.5 and max(abs(each.z[LOOP]) for each in chance) < 3.5


def test_dense_graphs_hide_what_is_planted_and_are_refused():
    rng = np.random.default_rng(3)
    dense = random_graph(60, 346, rng, loops=10)
    with pytest.raises(StudyError, match=r"per node: motifs are evaluable up to 3"):
        motifs(dense, rng)


def test_graphs_without_a_null_and_matrices_that_are_none():
    star = np.zeros((6, 6), dtype=bool)
    star[0, 1:] = True
    with pytest.raises(StudyError, match="cannot be rewired"):
        motifs(star, np.random.default_rng(0))
    with pytest.raises(StudyError, match="cannot be rewired"):
        motifs(np.zeros((6, 6)), np.random.default_rng(0))
    for wrong, said in ((np.zeros((3, 4)), "square"), (np.eye(4), "itself"), (np.full((4, 4), 0.5), "entries 0 and 1")):
        with pytest.raises(StudyError, match=said):
            as_graph(wrong)


def test_the_strongest_weights_make_the_graph():
    weights = np.array([[9.0, 0.1, 0], [-3, 9, 2], [0, 1, 9]])  # [to, from]
    graph = strongest(weights, 1)
    assert sorted(zip(*np.nonzero(graph), strict=True)) == [(0, 1), (1, 2), (2, 1)]
    with pytest.raises(StudyError, match="6 edges are more than the 4 weights"):
        strongest(weights, 2)
    for wrong in (np.zeros((2, 3)), np.full((3, 3), np.nan)):
        with pytest.raises(StudyError, match="square and finite"):
            strongest(wrong, 1)
