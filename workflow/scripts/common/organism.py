"""An organism at step 0 and its task, from a command line: to train it and to look into it."""

import argparse
from typing import NamedTuple

from torch import nn

from common.arguments import whole
from common.described import organism, to_name
from repdyn.organisms.registry import task_of
from repdyn.organisms.tasks import Task, initialise
from repdyn.training.adam import Adam
from repdyn.training.loop import Recipe


class Setup(NamedTuple):
    task: Task
    recipe: Recipe
    network: nn.Module
    optimizer: Adam


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those that name an organism and its seed, and say how it is trained."""
    parser.add_argument("--organism", type=to_name, required=True)
    parser.add_argument("--seed", type=whole(0), required=True)
    parser.add_argument(
        "--row", type=organism, required=True, help="JSON: a row of config/organisms.tsv without its name"
    )


def set_up(arguments: argparse.Namespace) -> Setup:
    """The run of arguments organism, seed and row."""
    row, key = arguments.row, (arguments.organism, arguments.seed)
    task = task_of(row["task"], key)
    network = initialise(task, key)
    recipe = Recipe(key, row["steps"], row["batch_size"], row["learning_rate"])
    return Setup(task, recipe, network, Adam(network.parameters(), recipe.learning_rate))


def settings_of(arguments: argparse.Namespace) -> dict:
    """What a run depends on, besides code: `checkpoints.check_settings` compares it."""
    return {"organism": arguments.organism, "seed": arguments.seed, "row": arguments.row}
