"""Tasks whose solution is known: what they ask, how answers are judged, and the best that there can be."""

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import numpy as np
import torch

from repdyn.errors import StudyError
from repdyn.recurrent.connect_four import COLUMNS, PLIES, Games, cells, play
from repdyn.recurrent.losses import Batch, allowed, cross_entropy, entropy, no_error, right_signs, squared_error

BITS, PULSES = 3, 0.1  # of the flip-flop; chance of a pulse per bit and time step
MIDDLE = 16  # the ply at which players are asked: the first player's, in the middle of most games
CHANNELS, NOISE, EVIDENCE = 2, 0.3, 0.15  # of the integration; standard deviation and size of the mean per time step


class Task(NamedTuple):
    """inputs, outputs: their numbers; time: steps of an example; draw(n, rng) -> Batch; held: input vectors (k, inputs)
    without an event, under which the network is an autonomous map, by name; optimum: its known solution, in words.
    answers: the outputs that stand for a class each (classes, outputs), when the network is asked once, at time step asked.
    Of outputs (n, T, o) and a batch: error, which training lowers, never below floor(batch), and accuracy, a share."""

    inputs: int
    outputs: int
    time: int
    draw: Callable[[int, np.random.Generator], Batch]
    held: dict[str, tuple[float, ...]]
    optimum: str
    answers: np.ndarray
    asked: int
    error: Callable[[torch.Tensor, Batch], torch.Tensor] = squared_error
    accuracy: Callable[[torch.Tensor, Batch], float] = right_signs
    floor: Callable[[Batch], float] = no_error


def flipflop(n: int, rng: np.random.Generator, time: int = 40) -> Batch:
    """Three bits, each the sign of its last pulse (Sussillo & Barak 2013, Neural Comput. 25, 626, section 3.2).

    A pulse of +1 or -1 comes with probability PULSES per bit and time step. A bit counts from its first pulse on.
    """
    there = rng.random((n, time, BITS)) < PULSES
    pulses = there * rng.choice([-1.0, 1.0], (n, time, BITS))
    last = np.maximum.accumulate(np.where(there, np.arange(time)[:, None], -1), axis=1)
    targets = np.where(last >= 0, np.take_along_axis(pulses, np.maximum(last, 0), 1), 0.0)
    return _batch(pulses, targets, last >= 0)


def context(n: int, rng: np.random.Generator, time: int = 40) -> Batch:
    """Two noisy channels, of which a context says which one counts: tanh of half its sum so far (Mante et al. 2013).

    Inputs: the channels, then a one for the context. The answer counts in the second half, where evidence has come in.
    """
    means = EVIDENCE * rng.choice([-1.0, 1.0], (n, 1, CHANNELS))
    evidence = means + NOISE * rng.standard_normal((n, time, CHANNELS))
    which = rng.integers(CHANNELS, size=n)
    told = np.broadcast_to(np.eye(CHANNELS)[which][:, None], (n, time, CHANNELS))
    relevant = np.take_along_axis(evidence, which[:, None, None], 2)
    counted = np.broadcast_to(np.arange(time)[:, None] >= time // 2, (n, time, 1))
    return _batch(np.concatenate([evidence, told], 2), np.tanh(np.cumsum(relevant, 1) / 2), counted)


def moves(n: int, rng: np.random.Generator) -> Batch:
    """The next move of the teacher of `connect_four`, from the moves before it: the network has to keep the board.

    Input: the column of the move before, all zeros at the first. Target: the teacher's distribution, the same chance for
    each of its moves, of whoever moves. Moves count up to the end of a game; every game is new.
    """
    games = play(n, rng)
    columns = np.arange(COLUMNS) == games.moves[..., None]
    return _of_games(np.concatenate([np.zeros_like(columns[:, :1]), columns[:, :-1]], 1), games)


def board(n: int, rng: np.random.Generator) -> Batch:
    """The same from the board: the cells that hold a stone of who moves, then those of the other."""
    games = play(n, rng)
    return _of_games(np.concatenate([cells(games.mine), cells(games.theirs)], 2), games)


def _of_games(inputs: np.ndarray, games: Games) -> Batch:
    number = games.best.sum(-1, keepdims=True)
    counted = np.broadcast_to(games.moves[..., None] >= 0, games.best.shape)
    return _batch(inputs, games.best / np.maximum(number, 1), counted)._replace(games=games)


def _connect4(inputs: int, draw: Callable[[int, np.random.Generator], Batch]) -> Task:
    """No input is without an event: every move changes the board."""
    return Task(
        inputs, COLUMNS, PLIES, draw, {}, "the teacher's distribution over its moves",
        np.eye(COLUMNS), MIDDLE, cross_entropy, allowed, entropy,
    )  # fmt: skip


TASKS = {
    "flipflop": Task(
        BITS, BITS, 40, flipflop,
        {"no pulse": (0.0,) * BITS},
        "an attractor for each state of the bits",
        np.array(list(product([-1.0, 1.0], repeat=BITS))), 39,
    ),
    "context": Task(
        2 * CHANNELS, 1, 40, context,
        {"context 1": (0.0, 0.0, 1.0, 0.0), "context 2": (0.0, 0.0, 0.0, 1.0)},
        "a line attractor for each context",
        np.array([[-1.0], [1.0]]), 39,
    ),
    "connect4_moves": _connect4(COLUMNS, moves),
    "connect4_board": _connect4(2 * PLIES, board),
}  # fmt: skip


def task_of(name: str) -> Task:
    """The task of that name. StudyError if there is none."""
    if name not in TASKS:
        raise StudyError(f"task {name!r} is not known; one of {', '.join(TASKS)} is needed")
    return TASKS[name]


def _batch(inputs: np.ndarray, targets: np.ndarray, counted: np.ndarray) -> Batch:
    return Batch(
        torch.from_numpy(inputs.astype(np.float32)),
        torch.from_numpy(targets.astype(np.float32)),
        torch.from_numpy(np.ascontiguousarray(counted)),
    )
