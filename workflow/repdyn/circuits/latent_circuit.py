"""A latent circuit: a few rectified nodes, each input with a node of its own, whose activity explains that of many units.

That a circuit fits says nothing of its connections: nodes that are never at rest can be turned into others that fit as
well, and so can inputs that reach every node. So each input reaches one node only, and how far restarts agree is part of the
answer.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from repdyn.errors import StudyError
from repdyn.training.adam import Adam

RESTARTS = 5
NULLS = 2  # fits to the inputs of other trials
STEPWISE, UPDATES = 500, 100  # on single steps, from the true state; on whole trials
BATCH = 48  # trials of an update
RATE = 0.03
FITTED = 0.75  # share of the trials; the rest tests
SUPPORTED = 1e-4  # of the largest singular value of the states: below it they have no such direction


class LatentCircuit(NamedTuple):
    """Of the best restart: weights (n, n) between nodes, [to, from], the first k those of the inputs; gains (k,) of the
    inputs; embedding (N, n), orthonormal, from nodes to units. r2: of held-out states. agreement: median over the other
    restarts of the correlation of their weights with the best ones, free nodes matched. null_r2, null_agreement: means of
    the same for fits to the inputs of other trials."""

    weights: np.ndarray
    gains: np.ndarray
    embedding: np.ndarray
    r2: float
    agreement: float
    null_r2: float
    null_agreement: float


def latent_circuit(
    states: np.ndarray, inputs: np.ndarray, nodes: int, leak: float, rng: np.random.Generator
) -> LatentCircuit:
    """The circuit x(t) = (1 - leak) x(t - 1) + leak ReLU(w x(t - 1) + gain u(t)), y = Q x behind states y (trials, T, N).

    Langdon & Engel (2025, Nat. Neurosci. 28, 665), from state 0, without the task's output. inputs (trials, T, k), u, each
    to the node of its number. Q = V R: V the leading right singular vectors of the states, R = R0 exp(skew) orthogonal, R0
    from the directions in which filtered inputs drive the states. The best by loss of RESTARTS fits to FITTED of the
    trials. StudyError for shapes that do not fit, fewer nodes than inputs, and more nodes than directions of the states.
    """
    states, inputs = (np.asarray(each, dtype=np.float64) for each in (states, inputs))
    _check(states, inputs, nodes, leak)
    cut = int(FITTED * len(states))
    order = rng.permutation(len(states))
    states, inputs = states[order], inputs[order]
    basis = _basis(states[:cut], nodes)
    seen = states @ basis
    others = np.stack([inputs, *(inputs[_rolled(len(inputs), cut, rng)] for _ in range(NULLS))])
    which = np.repeat(np.arange(NULLS + 1), [RESTARTS] + [1] * NULLS)
    turn, weights, gains, losses = _fit(seen[:cut], others[:, :cut], which, leak, rng)
    with torch.no_grad():
        heard = torch.from_numpy(others[which][:, cut:])
        activity = _run(torch.from_numpy(weights), torch.from_numpy(gains), heard, leak).numpy()
    held_out = states[cut:]
    spread = ((held_out - held_out.mean((0, 1))) ** 2).sum()
    missing = (held_out**2).sum() - (seen[cut:] ** 2).sum()  # outside the basis
    errors = ((seen[cut:] - activity @ np.swapaxes(turn, 1, 2)[:, None]) ** 2).sum((1, 2, 3)) + missing
    r2 = 1 - errors / spread
    best = int(losses[:RESTARTS].argmin())
    matched = [
        np.corrcoef(weights[best].ravel(), _matched(weights[i], activity[i], activity[best], inputs.shape[2]).ravel())[
            0, 1
        ]
        for i in range(len(which))
    ]
    rest = [i for i in range(RESTARTS) if i != best]
    return LatentCircuit(
        weights[best], gains[best], basis @ turn[best], float(r2[best]), float(np.median([matched[i] for i in rest])),
        float(r2[RESTARTS:].mean()), float(np.mean(matched[RESTARTS:])),
    )  # fmt: skip


def rectified(inputs: np.ndarray) -> np.ndarray:
    """Inputs (trials, T, k) as non-negative ones: a signed one becomes two, its positive and its negative part, in place."""
    parts = []
    for i in range(inputs.shape[2]):
        column = inputs[:, :, i]
        parts += [column.clip(min=0), (-column).clip(min=0)] if column.min() < 0 else [column]
    return np.stack(parts, 2)


def _fit(seen: np.ndarray, inputs: np.ndarray, which: np.ndarray, leak: float, rng: np.random.Generator):
    """Rotations (f, n, n), weights (f, n, n), gains (f, k) and losses (f,) of fits to seen (trials, T, n), all at once."""
    n, k, fits = seen.shape[2], inputs.shape[3], len(which)
    starts = np.stack([_start(seen, inputs[i], leak, rng) for i in which])
    # Free nodes hear something at the start, or their gradient would be 0 for ever.
    drawn = rng.standard_normal((fits, n, n)) * 0.3 / np.sqrt(n)
    drawn[:, k:] = np.abs(drawn[:, k:]) + 0.1
    weights, gains, angles = (
        torch.nn.Parameter(torch.from_numpy(each)) for each in (drawn, np.ones((fits, k)), np.zeros((fits, n, n)))
    )
    turned, driven, target = (torch.from_numpy(each) for each in (starts, inputs[which], seen))
    optimizer = Adam([weights, gains, angles], RATE)

    def updated(error: Callable[[torch.Tensor], torch.Tensor], updates: int) -> None:
        for update in range(updates):
            optimizer.zero_grad()
            error(turned @ torch.matrix_exp(angles - angles.mT)).sum().backward()
            optimizer.learning_rate = RATE * (1 - update / updates)
            optimizer.step()

    before = torch.nn.functional.pad(target, (0, 0, 1, 0))[:, :-1]
    moved = ((target - before) ** 2).mean()

    def of_steps(turn: torch.Tensor) -> torch.Tensor:
        """Error of the next state from the true one: all time steps at once."""
        rows = torch.from_numpy(rng.choice(len(seen), min(BATCH, len(seen)), replace=False))
        nodes, following = (each[rows].flatten(0, 1) @ turn for each in (before, target))
        heard = torch.nn.functional.pad(driven[:, rows].flatten(1, 2) * gains[:, None], (0, n - k))
        ahead = torch.lerp(nodes, torch.relu(torch.baddbmm(heard, nodes, weights.mT)), leak)
        return ((following - ahead) ** 2).mean((1, 2)) / moved

    def of_runs(turn: torch.Tensor, rows: slice = slice(BATCH)) -> torch.Tensor:
        nodes = _run(weights, gains, driven[:, rows], leak)
        return ((target[rows] - nodes @ turn.mT[:, None]) ** 2).mean((1, 2, 3)) / (target**2).mean()

    with torch.enable_grad():
        updated(of_steps, STEPWISE)
        updated(of_runs, UPDATES)
    with torch.no_grad():
        turn = turned @ torch.matrix_exp(angles - angles.mT)
        losses = of_runs(turn, slice(None))
    return turn.numpy(), weights.detach().numpy(), gains.detach().numpy(), losses.numpy()


def _run(weights: torch.Tensor, gains: torch.Tensor, inputs: torch.Tensor, leak: float) -> torch.Tensor:
    """Activity (f, trials, T, n) of circuits with weights (f, n, n) and gains (f, k) under inputs (f, trials, T, k)."""
    n, k = weights.shape[1], gains.shape[1]
    driven = torch.nn.functional.pad(inputs * gains[:, None, None], (0, n - k))
    nodes, activity = torch.zeros_like(driven[:, :, 0]), []
    for each in driven.unbind(2):
        nodes = torch.lerp(nodes, torch.relu(torch.baddbmm(each, nodes, weights.mT)), leak)
        activity.append(nodes)
    return torch.stack(activity, 2)


def _start(seen: np.ndarray, inputs: np.ndarray, leak: float, rng: np.random.Generator) -> np.ndarray:
    """An orthogonal matrix (n, n) whose first k columns are about where filtered inputs drive the states."""
    totals = [np.zeros_like(inputs[:, 0])]
    for t in range(inputs.shape[1]):
        totals.append(totals[-1] + leak * (inputs[:, t] - totals[-1]))
    filtered = np.stack(totals[1:], 1).reshape(-1, inputs.shape[2])
    directions = np.linalg.lstsq(filtered, seen.reshape(len(filtered), -1), rcond=None)[0].T
    n = len(directions)
    directions = directions / np.maximum(np.linalg.norm(directions, axis=0), 1e-12)
    free = rng.standard_normal((n, n - directions.shape[1])) / np.sqrt(n)
    left, _, right = np.linalg.svd(np.hstack([directions, free]) + 0.05 * rng.standard_normal((n, n)))
    return left @ right


def _basis(states: np.ndarray, nodes: int) -> np.ndarray:
    """The leading right singular vectors (N, nodes) of states (trials, T, N)."""
    _, values, right = np.linalg.svd(states.reshape(-1, states.shape[2]), full_matrices=False)
    supported = int((values > SUPPORTED * values[0]).sum()) if values[0] > 0 else 0
    if nodes > supported:
        raise StudyError(f"these states have {supported} directions, too few for {nodes} nodes")
    return right[:nodes].T


def _matched(weights: np.ndarray, activity: np.ndarray, reference: np.ndarray, fixed: int) -> np.ndarray:
    """Weights (n, n) with the free nodes, those after `fixed`, in the order in which their activity is most alike."""
    own, theirs = (each[:, :, fixed:].reshape(-1, each.shape[2] - fixed) for each in (activity, reference))
    own, theirs = ((each - each.mean(0)) / np.maximum(each.std(0), 1e-12) for each in (own, theirs))
    order = np.r_[np.arange(fixed), fixed + linear_sum_assignment(-(theirs.T @ own))[1]]
    return weights[np.ix_(order, order)]


def _rolled(n: int, cut: int, rng: np.random.Generator) -> np.ndarray:
    """Another trial for each of n, at random, of the same side of the cut."""
    places = np.empty(n, dtype=np.int64)
    for side in (np.arange(cut), np.arange(cut, n)):
        order = rng.permutation(side)
        places[order] = np.roll(order, 1)
    return places


def _check(states: np.ndarray, inputs: np.ndarray, nodes: int, leak: float) -> None:
    if states.ndim != 3 or inputs.ndim != 3 or states.shape[:2] != inputs.shape[:2] or len(states) < 8:
        raise StudyError(
            f"states (trials, T, N) and inputs (trials, T, k) of 8 trials or more: {states.shape}, {inputs.shape}"
        )
    if not (np.isfinite(states).all() and np.isfinite(inputs).all()):
        raise StudyError("states and inputs of a latent circuit must be finite")
    if not inputs.shape[2] <= nodes <= states.shape[2] or not 0 < leak <= 1:
        raise StudyError(
            f"{inputs.shape[2]} inputs and {states.shape[2]} units take as many nodes as inputs up to as many as units, not"
            f" {nodes}; the leak is above 0 and at most 1, not {leak}"
        )
