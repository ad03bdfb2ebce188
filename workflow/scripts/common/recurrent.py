"""A recurrent network at step 0 and its task, from a command line: to train it and to look into it."""

import argparse
from typing import NamedTuple

from repdyn.recurrent.networks import RecurrentNetwork, initialise
from repdyn.recurrent.record import probe_batch
from repdyn.recurrent.tasks import Batch, Task, task_of
from repdyn.recurrent.training import Recipe
from repdyn.training.adam import Adam


class Setup(NamedTuple):
    task: Task
    probe: Batch
    recipe: Recipe
    network: RecurrentNetwork
    optimizer: Adam


def set_up(arguments: argparse.Namespace) -> Setup:
    """The run of arguments network, seed and row."""
    row = arguments.row
    task = task_of(row["task"])
    recipe = Recipe((arguments.network, arguments.seed), row["steps"], row["batch_size"], row["learning_rate"])
    network = initialise(row["cell"], task.inputs, row["hidden"], task.outputs, recipe.key)
    return Setup(
        task, probe_batch(task, row["task"]), recipe, network, Adam(network.parameters(), recipe.learning_rate)
    )


def settings_of(arguments: argparse.Namespace) -> dict:
    """What a run depends on, besides code: `checkpoints.check_settings` compares it."""
    return {"network": arguments.network, "seed": arguments.seed, "row": arguments.row}
