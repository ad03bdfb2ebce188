"""How a recurrent network is trained: one cycle of the learning rate, gradients of bounded length."""

from collections.abc import Iterator

import numpy as np
import torch

from repdyn.recurrent.networks import RecurrentNetwork
from repdyn.recurrent.tasks import Task
from repdyn.training import by_task
from repdyn.training.adam import Adam
from repdyn.training.loop import Recipe

WARM = 0.3  # share of the steps over which the rate rises; then it falls, along cosines (one cycle; Smith & Topin 2019)
LOWEST = 1 / 25  # of the rate at the first step; 1e-4 of that at the last
CLIP = 1.0  # norm of the gradient, at most


def rate_at(step: int, recipe: Recipe) -> float:
    """The learning rate of the update after `step`."""
    peak, top = recipe.learning_rate, max(1.0, WARM * recipe.steps)
    if step < top:
        start, end, share = LOWEST * peak, peak, step / top
    else:
        start, end, share = peak, LOWEST * peak * 1e-4, min(1.0, (step - top) / max(recipe.steps - top, 1))
    return end + (start - end) * (1 + np.cos(np.pi * share)) / 2


def train_steps(
    network: RecurrentNetwork, optimizer: Adam, task: Task, recipe: Recipe, start: int = 0
) -> Iterator[tuple[int, float]]:
    """Yield (step, loss) for steps start..recipe.steps, as `by_task.train_steps`."""

    def prepare(step: int) -> None:
        torch.nn.utils.clip_grad_norm_(optimizer.parameters, CLIP)
        optimizer.learning_rate = rate_at(step, recipe)

    return by_task.train_steps(network, optimizer, task, recipe, prepare, start)
