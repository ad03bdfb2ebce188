"""Look inside one run: materialise the planned steps by replay and take every measurement that fits its family."""

import argparse
import json
import sys
import time
from pathlib import Path

import pandas as pd
import torch

from checkpoints import check_loss, check_settings, check_shapes, read_checkpoint
from files import read_arrays, read_json, readable_errors, write_arrays, write_json, write_parquet
from provenance import Stopwatch, provenance
from repdyn.datasets import from_arrays
from repdyn.measures import load, modules_for
from repdyn.measures.subject import Subject, Window
from repdyn.moments import steps_of
from repdyn.replay import materialise
from repdyn.tracking import evaluate
from repdyn.training import Recipe, initialise, make_optimizer, standardise


def main():
    watch = Stopwatch()
    arguments = parse()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    settings = {
        name: getattr(arguments, name)
        for name in ("experiment", "seed", "architecture", "training", "checkpoint_every")
    }
    check_settings(arguments.run, settings)
    planned = read_json(arguments.run / "moments.json")
    subject = observed(arguments, planned)
    tables, maps = [], {}
    for name in modules_for(arguments.architecture["family"]):
        began = time.perf_counter()
        module = load(name)
        tables.append(module.measure(subject))
        if hasattr(module, "maps"):
            maps |= module.maps(subject)
        print(f"{name}: {len(tables[-1])} measurements, {time.perf_counter() - began:.1f} s", file=sys.stderr)
    table = pd.concat(tables, ignore_index=True)
    table = table.astype({"layer": "category", "quantity": "category"})
    table.insert(0, "experiment", pd.Categorical([arguments.experiment] * len(table)))
    table.insert(1, "seed", arguments.seed)
    write_parquet(arguments.run / "measurements.parquet", table)
    write_arrays(arguments.run / "maps.safetensors", maps, {"steps": subject.steps})
    write_json(arguments.run / "phase2_provenance.json", provenance(settings, watch))


def observed(arguments, planned: dict) -> Subject:
    """The run at all planned steps, each checked against the loss recorded while training."""
    run = arguments.run
    data = from_arrays(*read_arrays(arguments.data))
    training = arguments.training
    key = (arguments.experiment, arguments.seed)
    recipe = Recipe(key, training["steps"], training["batch_size"], training["learning_rate"])
    network = {"kind": data.kind, "shape": data.shape, "classes": len(data.classes), "vocabulary": len(data.vocabulary)}
    model = initialise(arguments.architecture, recipe, **network)
    inputs = standardise({split: torch.from_numpy(values) for split, values in data.inputs.items()})
    tensors = {split: (inputs[split], torch.from_numpy(labels)) for split, labels in data.labels.items()}
    listed = read_json(run / "checkpoints.json")
    recorded = pd.read_parquet(run / "training.parquet", columns=["step", "probe_loss"]).set_index("step")["probe_loss"]

    def load_state(step):
        state = read_checkpoint(run, step, listed)
        check_shapes(run, step, model, state)
        return state

    states = {}
    began = time.perf_counter()
    steps, grid = steps_of(planned), map(int, listed)
    for step in materialise(model, make_optimizer(model, recipe), grid, load_state, steps, *tensors["train"], recipe):
        check_loss(run, step, evaluate(model, *tensors["probe"])[0], recorded[step])
        states[step] = {name: value.clone() for name, value in model.state_dict().items()}
    print(f"{len(states)} steps replayed, {time.perf_counter() - began:.1f} s", file=sys.stderr)
    windows = tuple(Window(*(moment[name] for name in Window._fields)) for moment in planned["moments"])
    return Subject(model, states, *tensors["test"], len(data.classes), key, tuple(planned["grid"]), windows)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run; the tables are written there")
    parser.add_argument("--data", type=Path, required=True, help="file written by dataset.py")
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--architecture", type=json.loads, required=True, help="JSON, as in config/architectures.yaml")
    parser.add_argument("--training", type=json.loads, required=True, help="JSON: steps, batch_size, learning_rate")
    parser.add_argument("--checkpoint-every", type=int, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    with readable_errors():
        main()
