"""Any step of a run, bit for bit, from its checkpoint grid."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import nn

from repdyn.errors import StudyError, require_indices
from repdyn.training.adam import Adam
from repdyn.training.loop import Recipe, replay, set_state


def materialise(
    model: nn.Module,
    optimizer: Adam,
    grid: Iterable[int],
    load: Callable[[int], dict[str, torch.Tensor]],
    steps: Iterable[int],
    inputs: torch.Tensor,
    labels: torch.Tensor,
    recipe: Recipe,
) -> Iterator[int]:
    """Bring the model to each of `steps` in ascending order and yield the step: its weights are then those of the run.

    grid: steps of the checkpoints; load: gives the state saved at one of them (`training.get_state`). Trains from the
    nearest checkpoint or earlier wanted step below, never more than one grid interval for a step. inputs, labels: the
    training split. StudyError for a step that the run does not have, and for one before the first checkpoint.
    """
    grid, steps = sorted(grid), sorted(set(steps))
    require_indices("steps", steps, recipe.steps + 1)
    if steps and (not grid or grid[0] > steps[0]):
        raise StudyError(f"step {steps[0]} comes before the first checkpoint: {grid}")
    position = -1
    for step in steps:
        nearest = max(saved for saved in grid if saved <= step)
        if nearest > position:
            set_state(model, optimizer, load(nearest))
            position = nearest
        if step > position:
            replay(model, optimizer, inputs, labels, recipe, position, step)
            position = step
        yield step
