"""Train one recurrent network for its task; continue where a killed job stopped."""

import argparse
from pathlib import Path

from common.arguments import to_path
from common.by_task import Job, train_into
from common.files import readable_errors
from common.memory import settle
from common.recurrent import add_arguments, set_up, settings_of
from repdyn.recurrent.record import EVERY
from repdyn.recurrent.training import train_steps
from repdyn.training.by_task import Record
from repdyn.training.devices import make_deterministic


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument("--out", type=to_path, required=True, help="folder of the run")
    arguments = parser.parse_args()
    make_deterministic()
    settle()
    task, probe, recipe, network, optimizer = set_up(arguments)
    job = Job(
        recipe,
        network,
        optimizer,
        Record(network, task, probe),
        lambda start: train_steps(network, optimizer, task, recipe, start),
        EVERY,
        arguments.row["checkpoint_every"],
    )
    facts = arguments.row | {"optimum": task.optimum, "floor": task.floor(probe)}
    train_into(arguments.out, Path(__file__), settings_of(arguments), facts, job)


if __name__ == "__main__":
    with readable_errors():
        main()
