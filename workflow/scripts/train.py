"""Train one run and measure every tracked layer; continue where a killed job stopped."""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from files import read_arrays, readable_errors, write_json, write_parquet
from progress import Progress
from provenance import Stopwatch, provenance
from repdyn.datasets import from_arrays
from repdyn.errors import StudyError
from repdyn.flags import at_chance, dead_layers, describe
from repdyn.tracking import Tracker, evaluate, make_probe
from repdyn.training import Recipe, checkpoint_steps, initialise, make_optimizer, standardise, train_steps
from unfinished import claim, discard, finish, resume, save, signature


def main():
    watch = Stopwatch()
    arguments = parse()
    lock = claim(arguments.out)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    data = from_arrays(*read_arrays(arguments.data))
    training, tracking = arguments.training, arguments.tracking
    recipe = Recipe(
        key=(arguments.experiment, arguments.seed),
        steps=training["steps"],
        batch_size=training["batch_size"],
        learning_rate=training["learning_rate"],
    )
    network = {"kind": data.kind, "shape": data.shape, "classes": len(data.classes), "vocabulary": len(data.vocabulary)}
    model = initialise(arguments.architecture, recipe, **network)
    optimizer = make_optimizer(model, recipe)
    inputs = standardise({split: torch.from_numpy(values) for split, values in data.inputs.items()})
    tensors = {split: (inputs[split], torch.from_numpy(labels)) for split, labels in data.labels.items()}
    probe = make_probe(*tensors["probe"], chunk=model.chunk, token_limit=tracking["token_limit"])
    tracker = Tracker(model, probe, tracking["spectrum_every"])
    grid = checkpoint_steps(recipe.steps, arguments.checkpoint_every)

    unfinished = arguments.out / "unfinished"
    settings = {name: value for name, value in vars(arguments).items() if name not in ("data", "out")}
    start = resume(unfinished, signature(settings, arguments.data), model, optimizer, tracker)
    progress = Progress(f"{arguments.experiment} seed {arguments.seed}", recipe.steps, start)
    diverged_at = None
    for step, loss in train_steps(model, optimizer, *tensors["train"], recipe, start):
        if not np.isfinite(loss):
            if step == 0:
                raise StudyError(f"{arguments.experiment}: the loss is {loss} before the first update; check its data")
            diverged_at = step
            break
        if step in grid and step > start or step == 0:
            save(unfinished, step, model, optimizer, tracker, tables=step % arguments.checkpoint_every == 0)
        if step % tracking["every"] == 0:
            tracker.measure(step, loss)
        progress.update(step, loss)

    trajectory, table = tracker.tables()
    test_loss, correct = evaluate(model, *tensors["test"])
    examples = len(tensors["test"][1])
    chance_level = bool(diverged_at is not None or at_chance(correct, examples, data.chance))
    dead = dead_layers(trajectory)
    facts = {
        "experiment": arguments.experiment,
        "architecture": arguments.architecture_name,
        "dataset": data.name,
        "seed": arguments.seed,
        "family": arguments.architecture["family"],
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "classes": len(data.classes),
        "chance": data.chance,
        "steps": recipe.steps,
        "last_step": int(table["step"].iloc[-1]),
        "diverged_at": diverged_at,
        "test_accuracy": correct / examples,
        "test_loss": test_loss,
        "test_examples": examples,
        "at_chance": chance_level,
        "layers": model.tracked,
        "dead_layers": dead,
        "flags": describe(diverged_at, chance_level, dead, len(table)),
    }
    write_parquet(arguments.out / "trajectory.parquet", trajectory)
    write_parquet(arguments.out / "training.parquet", table)
    write_json(arguments.out / "run.json", facts)
    finish(unfinished, arguments.out)
    write_json(arguments.out / "provenance.json", {**provenance(settings, watch), "resumed_at_step": start or None})
    discard(unfinished, lock)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="file written by dataset.py")
    parser.add_argument("--experiment", required=True)
    parser.add_argument("--architecture-name", required=True)
    parser.add_argument("--architecture", type=json.loads, required=True, help="JSON, as in config/architectures.yaml")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--training", type=json.loads, required=True, help="JSON: steps, batch_size, learning_rate")
    parser.add_argument("--tracking", type=json.loads, required=True, help="JSON: every, spectrum_every, token_limit")
    parser.add_argument("--checkpoint-every", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    return parser.parse_args()


if __name__ == "__main__":
    with readable_errors():
        main()
