"""Look into one run with one tool of the toolkit, at its checkpoints and at the phases asked for."""

import copy

import torch

from common.arguments import to_path
from common.checkpoints import replayed
from common.described import section
from common.files import read_arrays, read_json, read_parquet, readable_errors, write_arrays, write_parquet
from common.run_setup import run_parser, run_settings, set_up
from repdyn.measures.subject import Subject
from repdyn.measures.table import joined
from repdyn.study.event_windows import nearest_steps
from repdyn.toolkit import TOOLS, load


def main():
    parser = run_parser(__doc__)
    parser.add_argument(
        "--run", type=to_path, required=True, help="folder of the run; toolkit/<tool>.* is written there"
    )
    parser.add_argument("--tool", choices=TOOLS, required=True, help="a name in repdyn.toolkit.TOOLS")
    parser.add_argument(
        "--phases", type=section("toolkit", "phases"), required=True, help="JSON: phases for what is costly"
    )
    parser.add_argument(
        "--first", type=to_path, nargs="*", help="<tool>.safetensors of the first seed, with which this run is compared"
    )
    arguments = parser.parse_args()
    held_out, training = subjects(arguments)
    table, maps = load(arguments.tool, "measure").measure(held_out, training)
    for first in arguments.first or ():
        across = load(arguments.tool, "across").across(table, maps, read_arrays(first)[0], held_out.key)
        table = joined([table, across])
    table.insert(0, "experiment", arguments.experiment)
    table.insert(1, "seed", arguments.seed)
    folder = arguments.run / "toolkit"
    write_parquet(folder / f"{arguments.tool}.parquet", table)
    write_arrays(folder / f"{arguments.tool}.safetensors", maps, {"steps": held_out.steps, "grid": held_out.grid})


def subjects(arguments) -> tuple[Subject, Subject]:
    """The run on its test split and on its training split, a network for each."""
    setup = set_up(arguments)
    measured = read_parquet(arguments.run / "training.parquet", columns=["step", "probe_loss"])
    curve = tuple(measured[name].to_numpy() for name in ("step", "probe_loss"))
    grid = nearest_steps(arguments.phases, curve[0], setup.recipe.steps)
    saved = map(int, read_json(arguments.run / "checkpoints.json")) if TOOLS[arguments.tool].dense else ()
    states = replayed(arguments.run, setup, {*grid, *saved}, run_settings(arguments, setup.device))
    # Max pooling takes a quarter of the time there. Not of the network that is replayed: it rounds otherwise.
    model = copy.deepcopy(setup.model.cpu()).to(memory_format=torch.channels_last)
    classes, key = len(setup.data.classes), setup.recipe.key
    splits = {split: [values.cpu() for values in setup.splits[split]] for split in ("test", "train")}
    held_out, training = (
        Subject(copy.deepcopy(model), states, *values, classes, key, tuple(grid), curve=curve)
        for values in splits.values()
    )
    return held_out, training


if __name__ == "__main__":
    with readable_errors():
        main()
