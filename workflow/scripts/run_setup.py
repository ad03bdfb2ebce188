"""What a run is trained on, built from a command line: for every step that trains a network, replays it or looks into it."""

import argparse
import json
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from files import read_arrays
from repdyn.adam import Adam
from repdyn.datasets import Dataset, from_arrays
from repdyn.devices import choose_device, make_deterministic
from repdyn.training import Recipe, initialise, make_optimizer, standardise


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
    parser.add_argument("--data", type=Path, required=True, help="file written by dataset.py")
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--architecture", type=json.loads, required=True, help="JSON, as in config/architectures.yaml")
    parser.add_argument("--training", type=json.loads, required=True, help="JSON: steps, batch_size, learning_rate")
    parser.add_argument("--checkpoint-every", type=int, required=True)
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
    device = choose_device(arguments.device)
    data = from_arrays(*read_arrays(arguments.data))
    training = arguments.training
    key = (arguments.experiment, arguments.seed)
    recipe = Recipe(key, training["steps"], training["batch_size"], training["learning_rate"])
    network = {"kind": data.kind, "shape": data.shape, "classes": len(data.classes), "vocabulary": len(data.vocabulary)}
    model = initialise(arguments.architecture, recipe, **network).to(device)
    inputs = standardise({split: torch.from_numpy(values) for split, values in data.inputs.items()})
    splits = {
        split: (inputs[split].to(device), torch.from_numpy(labels).to(device)) for split, labels in data.labels.items()
    }
    return Setup(device, data, recipe, model, make_optimizer(model, recipe), splits)
