"""Look into one recurrent network at every checkpoint, with all tools for its task; of the others the tables are empty."""

import argparse

from common.arguments import to_path
from common.checkpoints import check_loss, check_settings, check_shapes, read_checkpoint
from common.files import read_json, read_parquet, readable_errors, write_arrays, write_parquet
from common.memory import settle
from common.recurrent import add_arguments, set_up, settings_of
from repdyn.measures.table import combine
from repdyn.recurrent.subject import RecurrentSubject, probe_loss
from repdyn.toolkit import RECURRENT, fits_task, load
from repdyn.training.devices import make_deterministic


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser)
    parser.add_argument(
        "--run", type=to_path, required=True, help="folder of the run; toolkit/<tool>.* is written there"
    )
    arguments = parser.parse_args()
    make_deterministic()
    settle()
    run = read_run(arguments)
    for tool in RECURRENT:
        fits = fits_task(tool, arguments.row["task"])
        table, maps = load(tool, "measure").measure(run) if fits else (combine([]), {})
        table.insert(0, "experiment", arguments.network)
        table.insert(1, "seed", arguments.seed)
        folder = arguments.run / "toolkit"
        write_parquet(folder / f"{tool}.parquet", table)
        write_arrays(folder / f"{tool}.safetensors", maps, {"steps": run.steps})


def read_run(arguments) -> RecurrentSubject:
    """The run at its checkpoints, each checked: file, settings, shapes, and the loss that training recorded."""
    setup = set_up(arguments)
    check_settings(arguments.run, settings_of(arguments))
    listed = read_json(arguments.run / "checkpoints.json")
    recorded = read_parquet(arguments.run / "training.parquet", columns=["step", "probe_loss"]).set_index("step")[
        "probe_loss"
    ]
    states = {}
    for step in sorted(map(int, listed)):
        state = read_checkpoint(arguments.run, step, listed)
        check_shapes(arguments.run, step, setup.network, state)
        weights = {name.removeprefix("model/"): value for name, value in state.items() if name.startswith("model/")}
        check_loss(arguments.run, step, probe_loss(setup.task, setup.network, weights, setup.probe), recorded[step])
        states[step] = weights
    return RecurrentSubject(setup.network, states, setup.task, setup.probe, setup.recipe.key)


if __name__ == "__main__":
    with readable_errors():
        main()
