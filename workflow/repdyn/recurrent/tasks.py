"""Tasks whose solution is known: what they ask, and how many of the answers are right."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from repdyn.errors import StudyError

BITS, PULSES = 3, 0.1  # of the flip-flop; chance of a pulse per bit and time step
CHANNELS, NOISE, EVIDENCE = 2, 0.3, 0.15  # of the integration; standard deviation and size of the mean per time step


class Batch(NamedTuple):
    """inputs (n, T, i), targets (n, T, o) and which of them count, (n, T, o) bool; float32."""

    inputs: torch.Tensor
    targets: torch.Tensor
    counted: torch.Tensor


class Task(NamedTuple):
    """inputs, outputs: their numbers; time: steps of an example; draw(n, rng) -> Batch; held: input vectors (k, inputs)
    without an event, under which the network is an autonomous map, by name; optimum: its known solution, in words."""

    inputs: int
    outputs: int
    time: int
    draw: Callable[[int, np.random.Generator], Batch]
    held: dict[str, tuple[float, ...]]
    optimum: str


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


TASKS = {
    "flipflop": Task(BITS, BITS, 40, flipflop, {"no pulse": (0.0,) * BITS}, "an attractor for each state of the bits"),
    "context": Task(
        2 * CHANNELS, 1, 40, context,
        {"context 1": (0.0, 0.0, 1.0, 0.0), "context 2": (0.0, 0.0, 0.0, 1.0)},
        "a line attractor for each context",
    ),
}  # fmt: skip


def task_of(name: str) -> Task:
    """The task of that name. StudyError if there is none."""
    if name not in TASKS:
        raise StudyError(f"task {name!r} is not known; one of {', '.join(TASKS)} is needed")
    return TASKS[name]


def error(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean squared error of outputs (n, T, o) over what counts."""
    return ((outputs - batch.targets) ** 2)[batch.counted].mean()


def accuracy(outputs: torch.Tensor, batch: Batch) -> float:
    """Share of the outputs (n, T, o) that count and have the sign of their target."""
    return float(((outputs > 0) == (batch.targets > 0))[batch.counted].float().mean())


def _batch(inputs: np.ndarray, targets: np.ndarray, counted: np.ndarray) -> Batch:
    return Batch(
        torch.from_numpy(inputs.astype(np.float32)),
        torch.from_numpy(targets.astype(np.float32)),
        torch.from_numpy(np.ascontiguousarray(counted)),
    )
