"""Training on batches that a task draws, and what is measured meanwhile.

Every step is a function of (key, step) and the state before it, so that a run can resume.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import pandas as pd
import torch

from repdyn.seeds import derive
from repdyn.spectrum import leading_measures
from repdyn.training.adam import Adam
from repdyn.training.loop import Recipe

MEASURED = ("participation_ratio", "stable_rank")


class Task(Protocol):
    """draw(n, rng): a batch with `inputs`; error of outputs and a batch, which training lowers; accuracy, a share."""

    @property
    def draw(self) -> Callable[[int, np.random.Generator], Any]: ...

    @property
    def error(self) -> Callable[[torch.Tensor, Any], torch.Tensor]: ...

    @property
    def accuracy(self) -> Callable[[torch.Tensor, Any], float]: ...


class Observed(Protocol):
    """A network of which `observed(inputs)` gives the states (n, d), whose dimension is measured, and the outputs."""

    def observed(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]: ...


def train_steps(
    network: torch.nn.Module,
    optimizer: Adam,
    task: Task,
    recipe: Recipe,
    prepare: Callable[[int], None],
    start: int = 0,
) -> Iterator[tuple[int, float]]:
    """Yield (step, loss) for steps start..recipe.steps, each before its update; stops after a loss that is not finite.

    prepare(step): sets the learning rate of the update after `step`, and changes gradients or weights before it.
    """
    for step in range(start, recipe.steps + 1):
        batch = task.draw(recipe.batch_size, np.random.default_rng(derive(*recipe.key, "batch", step)))
        optimizer.zero_grad()
        loss = task.error(network(batch.inputs), batch)
        loss.backward()
        value = loss.item()
        yield step, value
        if not np.isfinite(value):
            return
        if step < recipe.steps:
            prepare(step)
            optimizer.step()


def probe_loss(task: Task, network: torch.nn.Module, weights: dict[str, torch.Tensor], probe) -> float:
    """The task's error on the held-out examples, as `Record` measured it; the network keeps the weights."""
    network.load_state_dict(weights)
    with torch.no_grad():
        return float(task.error(network(probe.inputs), probe))


class Record:
    """Losses of a run as tables; kept and restored as `unfinished.save` and `resume` need it."""

    def __init__(self, network: Observed, task: Task, probe):
        self.network, self.task, self.probe = network, task, probe
        self.trajectory: list[dict] = []
        self.training: list[dict] = []

    def measure(self, step: int, loss: float) -> None:
        with torch.no_grad():
            states, outputs = self.network.observed(self.probe.inputs)
        found = leading_measures(states[None])
        self.trajectory.append({"step": step, **{name: float(found[name][0]) for name in MEASURED}})
        held_out, right = float(self.task.error(outputs, self.probe)), self.task.accuracy(outputs, self.probe)
        self.training.append({"step": step, "loss": loss, "probe_loss": held_out, "probe_accuracy": right})

    def tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Dimension of the states, and losses, by step."""
        return pd.DataFrame(self.trajectory), pd.DataFrame(self.training)

    def restore(self, trajectory: pd.DataFrame, training: pd.DataFrame) -> None:
        self.trajectory, self.training = trajectory.to_dict("records"), training.to_dict("records")
