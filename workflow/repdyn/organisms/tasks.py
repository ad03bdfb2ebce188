"""What organisms are trained for: examples, how answers are judged, and the solution that is known."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from repdyn.seeds import derive


class Batch(NamedTuple):
    """inputs (n, ...), and targets: classes (n, ...) where the outputs are logits, else what outputs should be."""

    inputs: torch.Tensor
    targets: torch.Tensor


class Task(NamedTuple):
    """build() -> a network, from torch's generator; draw(n, rng) -> Batch; held_out: examples that no batch holds; learnt:
    those that every update sees, where they are so few. Of outputs and a batch: error, which training lowers, and accuracy,
    a share. rate(share of the steps): factor of the learning rate. optimum: the known solution, in words."""

    build: Callable[[], Any]
    draw: Callable[[int, np.random.Generator], Batch]
    held_out: Batch
    error: Callable[[torch.Tensor, Batch], torch.Tensor]
    accuracy: Callable[[torch.Tensor, Batch], float]
    rate: Callable[[float], float]
    optimum: str
    learnt: Batch | None = None


def initialise(task: Task, key: tuple) -> Any:
    """The network of a run at step 0, drawn from its key."""
    with torch.random.fork_rng():
        torch.default_generator.manual_seed(derive(*key, "init"))
        return task.build()


def cross_entropy_of(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean, in nats, of logits (..., classes)."""
    return cross_entropy(outputs.flatten(0, -2), batch.targets.flatten())


def share_right(outputs: torch.Tensor, batch: Batch) -> float:
    """Share of the answers whose largest logit is that of the target."""
    return float((outputs.argmax(-1) == batch.targets).float().mean())


def constant(share: float) -> float:
    """The same learning rate all the time."""
    return 1.0


def falling(share: float) -> float:
    """A learning rate that falls linearly to 0."""
    return 1 - share
