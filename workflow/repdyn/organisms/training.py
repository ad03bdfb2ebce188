"""How an organism is trained: a learning rate by the share of steps, weights that decay, numbers too small taken for 0."""

from collections.abc import Iterator

import torch

from repdyn.organisms.tasks import Task
from repdyn.training import by_task
from repdyn.training.adam import Adam
from repdyn.training.loop import Recipe


def train_steps(
    network: torch.nn.Module, optimizer: Adam, task: Task, recipe: Recipe, decay: float = 0.0, start: int = 0
) -> Iterator[tuple[int, float]]:
    """Yield (step, loss) for steps start..recipe.steps, as `by_task.train_steps`.

    decay: of all weights, decoupled from Adam (Loshchilov & Hutter 2019). Numbers that are too small to be normal are taken
    for 0 meanwhile: without decay, moments of weights that no longer change become such, and an update takes twice as long.
    """

    def prepare(step: int) -> None:
        optimizer.learning_rate = recipe.learning_rate * task.rate(step / recipe.steps)
        with torch.no_grad():
            for weight in optimizer.parameters:
                weight.mul_(1 - optimizer.learning_rate * decay)

    torch.set_flush_denormal(True)
    try:
        yield from by_task.train_steps(network, optimizer, task, recipe, prepare, start)
    finally:
        torch.set_flush_denormal(False)
