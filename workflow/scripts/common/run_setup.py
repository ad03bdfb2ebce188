"""What a run is trained on, built from a command line: for every step that trains a network, replays it or looks into it."""

import argparse
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from common.arguments import to_path, whole
from common.described import network, section, to_name
from common.files import read_arrays
from common.memory import settle
from common.own import code_of, load_function
from repdyn.datasets import Dataset, from_arrays
from repdyn.errors import StudyError
from repdyn.training.adam import Adam
from repdyn.training.devices import choose_device, make_deterministic
from repdyn.training.loop import Recipe, initialise, make_optimizer, standardise


class Setup(NamedTuple):
    """A network at step 0, and what it is trained on, both on `device`.

    splits: {split: (inputs, labels)}, inputs standardised.
    """

    device: torch.device
    data: Dataset
    recipe: Recipe
    model: nn.Module
    optimizer: Adam
    splits: dict[str, tuple[torch.Tensor, torch.Tensor]]


def run_parser(description: str) -> argparse.ArgumentParser:
    """The options that name a run and say how it is trained; a step adds its own."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=to_path, required=True, help="file written by dataset.py")
    parser.add_argument("--experiment", type=to_name, required=True)
    parser.add_argument("--seed", type=whole(0), required=True)
    parser.add_argument("--architecture", type=network, required=True, help="JSON, as in config/architectures.yaml")
    parser.add_argument(
        "--training", type=section("training"), required=True, help="JSON: steps, batch_size, learning_rate"
    )
    parser.add_argument("--checkpoint-every", type=whole(1), required=True)
    parser.add_argument("--device", default="cpu", help="cpu, cuda, or auto: a GPU if torch sees one")
    return parser


def run_settings(arguments: argparse.Namespace, device: torch.device) -> dict:
    """What `checkpoints.check_settings` compares with the settings that a run was trained with; `auto` is resolved."""
    names = ("experiment", "seed", "architecture", "training", "checkpoint_every")
    return {**{name: getattr(arguments, name) for name in names}, "device": device.type}


def set_up(arguments: argparse.Namespace) -> Setup:
    """The run that a command line names, with torch on one thread and deterministic.

    Initialised on the CPU and moved, so that runs start alike on every device.
    """
    make_deterministic()
    settle()
    device = choose_device(arguments.device)
    data = from_arrays(*read_arrays(arguments.data))
    training = arguments.training
    key = (arguments.experiment, arguments.seed)
    recipe = Recipe(key, training["steps"], training["batch_size"], training["learning_rate"])
    require_batch(arguments, data)
    network = {"kind": data.kind, "shape": data.shape, "classes": len(data.classes), "vocabulary": len(data.vocabulary)}
    try:
        model = initialise(with_function(arguments.architecture), recipe, **network).to(device)
    except StudyError as error:
        raise StudyError(f"experiment {arguments.experiment} (dataset {data.name}): {error}") from error
    inputs = standardise({split: torch.from_numpy(values) for split, values in data.inputs.items()})
    splits = {
        split: (inputs[split].to(device), torch.from_numpy(labels).to(device)) for split, labels in data.labels.items()
    }
    return Setup(device, data, recipe, model, make_optimizer(model, recipe), splits)


def with_function(architecture: dict) -> dict:
    """The description of a network, a user's own with the function itself in place of its file and name."""
    if architecture["family"] != "module":
        return architecture
    described = dict(architecture)
    function = load_function(Path(described.pop("file")), described["function"])
    return described | {"function": function}


def code_of_network(architecture: dict) -> list[Path]:
    """The files of a user's own network, once it has been made; none of ours, which are part of the project."""
    return code_of(Path(architecture["file"])) if architecture["family"] == "module" else []


def require_batch(arguments: argparse.Namespace, data: Dataset) -> None:
    """StudyError for fewer training examples than a batch."""
    examples, batch = len(data.labels["train"]), arguments.training["batch_size"]
    if examples < batch:
        raise StudyError(
            f"experiment {arguments.experiment}: training.batch_size is {batch}; dataset {data.name} has {examples} "
            "training examples"
        )
