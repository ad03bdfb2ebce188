"""A recurrent network at step 0 and its task, from a command line: to train it and to look into it."""

import argparse
from typing import NamedTuple

from common.arguments import whole
from common.described import recurrent, to_name
from repdyn.recurrent.losses import Batch
from repdyn.recurrent.networks import RecurrentNetwork, initialise
from repdyn.recurrent.record import probe_batch
from repdyn.recurrent.tasks import Task, task_of
from repdyn.training.adam import Adam
from repdyn.training.loop import Recipe


class Setup(NamedTuple):
    task: Task
    probe: Batch
    recipe: Recipe
    network: RecurrentNetwork
    optimizer: Adam


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those that name a recurrent network and its seed, and say how it is trained."""
    parser.add_argument("--network", type=to_name, required=True)
    parser.add_argument("--seed", type=whole(0), required=True)
    parser.add_argument(
        "--row", type=recurrent, required=True, help="JSON: a row of config/recurrent.tsv without its name"
    )


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
