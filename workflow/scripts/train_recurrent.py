"""Train one recurrent network for its task; continue where a killed job stopped."""

import argparse
from pathlib import Path

import numpy as np

from common.arguments import to_path
from common.files import readable_errors, write_json, write_parquet
from common.memory import settle
from common.progress import Progress
from common.provenance import Stopwatch, provenance
from common.recurrent import add_arguments, set_up, settings_of
from common.unfinished import claim, discard, finish, resume, save, signature
from repdyn.errors import StudyError
from repdyn.recurrent.record import EVERY, Record
from repdyn.recurrent.training import train_steps
from repdyn.training.devices import make_deterministic
from repdyn.training.loop import checkpoint_steps


def main():
    watch = Stopwatch()
    arguments = parse()
    lock = claim(arguments.out)
    make_deterministic()
    settle()
    task, probe, recipe, network, optimizer = set_up(arguments)
    record = Record(network, task, probe)
    every = arguments.row["checkpoint_every"]
    grid = checkpoint_steps(recipe.steps, every)
    unfinished, settings = arguments.out / "unfinished", settings_of(arguments)
    # The examples are drawn by the project's code, which is in the signature.
    start = resume(unfinished, signature(settings, Path(__file__), []), network, optimizer, record)
    progress = Progress(f"{arguments.network} seed {arguments.seed}", recipe.steps, start)
    for step, loss in train_steps(network, optimizer, task, recipe, start):
        if not np.isfinite(loss):
            raise StudyError(
                f"{arguments.network}, seed {arguments.seed}: the loss is {loss} at step {step}; lower its learning_rate"
            )
        # A resumed step was measured before it was saved.
        if (step % EVERY == 0 or step in grid) and (step > start or step == 0):
            record.measure(step, loss)
        if step in grid and (step > start or step == 0):
            save(unfinished, step, network, optimizer, record, tables=step % every == 0)
        progress.update(step, loss)

    trajectory, training = record.tables()
    write_parquet(arguments.out / "trajectory.parquet", trajectory)
    write_parquet(arguments.out / "training.parquet", training)
    facts = {
        "experiment": arguments.network,
        "seed": arguments.seed,
        **arguments.row,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "test_loss": training["probe_loss"].iloc[-1],
        "test_accuracy": training["probe_accuracy"].iloc[-1],
        "optimum": task.optimum,
        "floor": task.floor(probe),
        "roles": {},
    }
    write_json(arguments.out / "run.json", facts)
    finish(unfinished, arguments.out)
    write_json(
        arguments.out / "provenance.json",
        provenance(settings, watch) | {"device": "cpu", "resumed_at_step": start or None},
    )
    discard(unfinished, lock)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("--out", type=to_path, required=True, help="folder of the run")
    return parser.parse_args()


if __name__ == "__main__":
    with readable_errors():
        main()
