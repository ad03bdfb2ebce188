"""Circuits that are planted: nodes behind units, events in a series, mixed units, motifs and signs."""

import numpy as np

from repdyn.calibration.trial import Trial, attempted
from repdyn.circuits.events import deconvolved, matched_events
from repdyn.circuits.latent_circuit import LatentCircuit, latent_circuit
from repdyn.circuits.motifs import LOOP, motifs
from repdyn.circuits.selectivity import mixed_selectivity
from repdyn.circuits.signs import Edges, diagram, edges, sign_consistency

NODES, INPUTS, UNITS, LEAK = 5, 3, 20, 0.4


def _circuit(rng: np.random.Generator) -> tuple[np.ndarray, LatentCircuit]:
    """The weights of a planted circuit and what is found in the activity of UNITS that it drives."""
    weights = rng.standard_normal((NODES, NODES)) * 0.4
    # Free nodes are silent at times: nodes that never are can be turned into others that fit as well.
    weights[INPUTS:, :INPUTS] = [[1.2, -1.2, 0], [0, 1.2, -1.2]]
    inputs = np.repeat(rng.random((80, 5, INPUTS)) * (rng.random((80, 5, INPUTS)) < 0.5), 4, axis=1)
    nodes, states = np.zeros((80, NODES)), []
    for t in range(20):
        heard = nodes @ weights.T
        heard[:, :INPUTS] += inputs[:, t]
        nodes = (1 - LEAK) * nodes + LEAK * np.maximum(heard, 0)
        states.append(nodes)
    seen = np.linalg.qr(rng.standard_normal((UNITS, NODES)))[0]
    found = latent_circuit(np.stack(states, 1) @ seen.T, inputs, NODES, LEAK, rng)
    order = np.abs(seen.T @ found.embedding).argmax(1)
    return weights, found._replace(weights=found.weights[np.ix_(order, order)])


def fit_of_a_circuit(rng: np.random.Generator) -> Trial:
    weights, found = _circuit(rng)
    return Trial(
        "five nodes behind 20 units", "held-out R^2", 1, 0.02, [found.r2], "the inputs of other trials", 0, 0.4,
        [found.null_r2],
    )  # fmt: skip


def weights_of_a_circuit(rng: np.random.Generator) -> Trial:
    weights, found = _circuit(rng)
    return Trial(
        "five nodes behind 20 units", "correlation of the weights with the true ones", 1, 0.1,
        [np.corrcoef(found.weights.ravel(), weights.ravel())[0, 1]],
        "fits to the inputs of other trials: with the best fit", 0, 0.8, [found.null_agreement],
    )  # fmt: skip


def _series(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Thirty trials of 120 samples with two events each of one kernel, and where they are."""
    shape = np.exp(-np.arange(15) / 4.0) * np.cos(np.arange(15) / 3)
    series, events = 0.05 * rng.standard_normal((30, 120)), []
    for trial in range(30):
        for time in rng.choice(50, 2, replace=False) * 2:
            series[trial, time : time + 15] += shape
            events.append((trial, time))
    return series, np.array(events)


def times_of_events(rng: np.random.Generator) -> Trial:
    series, events = _series(rng)
    found = deconvolved(series, 1, 15, rng).events[:, [0, 2]]
    elsewhere = events * [1, 0] + np.stack([0 * events[:, 0], rng.permutation(events[:, 1])], 1)
    return Trial(
        "two events in each of 30 trials, noise .05", "F1 of their times", 1, 0.1, [matched_events(found, events)],
        "the times of other trials", 0.1, 0.2, [matched_events(found, elsewhere)],
    )  # fmt: skip


def explained_by_events(rng: np.random.Generator) -> Trial:
    series, _ = _series(rng)
    return Trial(
        "the same series", "share of its squares that events explain", 1 - 0.05**2 / (series**2).mean(), 0.05,
        [deconvolved(series, 1, 15, rng).r2], "white noise", np.nan, 0,
        [attempted(lambda: deconvolved(rng.standard_normal((30, 120)), 1, 15, rng).r2) for _ in range(3)],
    )  # fmt: skip


def mixed_units(rng: np.random.Generator) -> Trial:
    first, second = np.meshgrid(np.arange(4) - 1.5, np.arange(4) - 1.5, indexing="ij")
    additive, crossed = (first + second) / np.std(first + second), np.sign(first) * np.sign(second)

    def share(means):
        responses = means[:, :, None, None] + 3 * rng.standard_normal((4, 4, 20, 200))
        return mixed_selectivity(responses, rng).population

    return Trial(
        "200 units, half additive and half crossed, noise of three deviations", "share of the interaction", 0.5, 0.03,
        [share((additive + crossed) / np.sqrt(2)) for _ in range(3)], "additive units", 0, 0.03, [share(additive)],
    )  # fmt: skip


def loops_of_three(rng: np.random.Generator) -> Trial:
    def beyond(loops):
        graph = np.zeros((150, 150), dtype=bool)
        graph.flat[rng.choice(np.flatnonzero(~np.eye(150, dtype=bool)), 250, replace=False)] = True
        for _ in range(loops):
            a, b, c = rng.choice(150, 3, replace=False)
            graph[a, b] = graph[b, c] = graph[a, c] = True
        return float(motifs(graph, rng).p[LOOP] < 0.01)

    return Trial(
        "30 feed-forward loops among 250 random edges of 150 nodes", "share of graphs where they are beyond rewiring", 1, 0,
        [beyond(30) for _ in range(2)], "random edges alone", 0, 0.26, [beyond(0) for _ in range(4)],
    )  # fmt: skip


def dense_graphs(rng: np.random.Generator) -> Trial:
    """A ring of edges has no feed-forward loop, whatever is rewired; in a dense graph none is counted."""
    ring = np.roll(np.eye(60, dtype=bool), 1, axis=1)
    return Trial(
        "a ring of 60 nodes", "feed-forward loops", 0, 0, [motifs(ring, rng).counts[LOOP]],
        "a graph of 6 edges per node", np.nan, 0,
        [attempted(lambda: motifs((rng.random((60, 60)) < 0.1) & ~np.eye(60, dtype=bool), rng).z[LOOP])],
    )  # fmt: skip


BLOCKS = np.array([[0.3, -1.0], [0.5, -0.7]])  # [to, from], of exciting and inhibiting units
KINDS = (np.arange(40) >= 32).astype(int)


def _dale(rng: np.random.Generator) -> np.ndarray:
    return BLOCKS[np.ix_(KINDS, KINDS)] * rng.lognormal(0, 0.3, (40, 40))


def dales_law(rng: np.random.Generator) -> Trial:
    return Trial(
        "a network of 32 exciting and 8 inhibiting units", "consistency of signs", 1, 1e-9,
        [sign_consistency(_dale(rng), rng).consistency], "random signs: less that of shuffled ones", 0, 0.05,
        [_beyond(rng.standard_normal((40, 40)), rng) for _ in range(3)],
    )  # fmt: skip


def _beyond(weights: np.ndarray, rng: np.random.Generator) -> float:
    found = sign_consistency(weights, rng)
    return found.consistency - found.null_mean


def two_populations(rng: np.random.Generator) -> Trial:
    return Trial(
        "the same network", "largest relative error of four median weights", 0, 0.1,
        [_error(diagram(_dale(rng), rng)) for _ in range(3)], "random signs", np.nan, 0,
        [attempted(lambda: diagram(rng.standard_normal((40, 40)), rng).median[0, 1])],
    )  # fmt: skip


def edges_between(rng: np.random.Generator) -> Trial:
    def beyond():
        found = edges(rng.standard_normal((40, 40)), KINDS, KINDS, rng)
        return float((found.p <= 0.05).mean())

    return Trial(
        "weights from 40 cells, 8 of which inhibit, to 40 others", "largest relative error of four median weights", 0, 0.1,
        [_error(edges(_dale(rng), KINDS, KINDS, rng)) for _ in range(3)],
        "random signs: share of edges beyond shuffled ones at 5 %", 0.05, 0.1, [beyond() for _ in range(10)],
    )  # fmt: skip


def _error(found: Edges) -> float:
    return float(np.abs(found.median / BLOCKS - 1).max())
