"""Look inside one run: plan steps around its jumps, replay to them and take every measurement that fits its family."""

import argparse
import sys
import time
from pathlib import Path

import pandas as pd

from common.arguments import between, to_path, whole
from common.checkpoints import replayed
from common.described import section
from common.files import read_json, read_parquet, readable_errors, write_arrays, write_json, write_parquet
from common.provenance import Stopwatch, provenance
from common.run_setup import Setup, run_parser, run_settings, set_up
from repdyn.measures import load, modules_for
from repdyn.measures.subject import Subject, Window
from repdyn.study.event_windows import plan, steps_of
from repdyn.training.devices import device_name


def main():
    watch = Stopwatch()
    arguments = parse()
    setup = set_up(arguments)
    settings = run_settings(arguments, setup.device)
    planned = planned_windows(arguments)
    write_json(arguments.run / "moments.json", planned)
    subject = observed(arguments.run, setup, settings, planned)
    tables, maps = {}, {}
    names = modules_for(arguments.architecture["family"])
    # What fits one family reads parts of the network besides its layers, in forward passes that then serve the others.
    for name in reversed(names):
        began = time.process_time()
        module = load(name)
        tables[name], drawn = (
            module.with_maps(subject) if hasattr(module, "with_maps") else (module.measure(subject), {})
        )
        maps |= drawn
        print(f"{name}: {len(tables[name])} measurements, {time.process_time() - began:.1f} CPU s", file=sys.stderr)
    table = pd.concat([tables[name] for name in names], ignore_index=True)
    table = table.astype({"layer": "category", "quantity": "category"})
    table.insert(0, "experiment", pd.Categorical([arguments.experiment] * len(table)))
    table.insert(1, "seed", arguments.seed)
    write_parquet(arguments.run / "measurements.parquet", table)
    write_arrays(arguments.run / "maps.safetensors", maps, {"steps": subject.steps})
    write_json(
        arguments.run / "phase2_provenance.json", {**provenance(settings, watch), "device": device_name(setup.device)}
    )


def planned_windows(arguments: argparse.Namespace) -> dict:
    """The plan for this run's jumps, with what it was made for."""
    facts = read_json(arguments.run / "run.json")
    jumps = read_parquet(arguments.run / "jumps.parquet", held=("metric", "layer", "step"))
    measured = read_parquet(arguments.run / "training.parquet", columns=["step"])["step"].to_numpy()
    planned = plan(
        jumps[jumps["metric"] == arguments.metric],
        measured if facts["diverged_at"] is None else measured[:1],
        facts["steps"],
        arguments.grid,
        arguments.window,
        arguments.most,
    )
    about = {name: facts[name] for name in ("experiment", "seed", "steps")}
    return {**about, "metric": arguments.metric, "window": arguments.window, **planned}


def observed(run: Path, setup: Setup, settings: dict, planned: dict) -> Subject:
    """The run at all planned steps, on its test split; replayed where it was trained, looked into on the CPU."""
    began = time.process_time()
    states = replayed(run, setup, steps_of(planned), settings)
    print(f"{len(states)} steps replayed, {time.process_time() - began:.1f} CPU s", file=sys.stderr)
    windows = tuple(Window(*(moment[name] for name in Window._fields)) for moment in planned["moments"])
    return Subject(
        setup.model.cpu(),
        states,
        *(values.cpu() for values in setup.splits["test"]),
        len(setup.data.classes),
        setup.recipe.key,
        tuple(planned["grid"]),
        windows,
    )


def parse():
    parser = run_parser(__doc__)
    parser.add_argument("--run", type=to_path, required=True, help="folder of the run; the tables are written there")
    parser.add_argument("--metric", required=True, help="whose jumps are looked at")
    parser.add_argument(
        "--grid",
        type=between(0, 1),
        nargs="+",
        required=True,
        help="training fractions at which every run is looked into",
    )
    parser.add_argument(
        "--window", type=whole(1), required=True, help="steps before and after the middle of an event window"
    )
    parser.add_argument(
        "--most", type=section("phase2", "jumps"), required=True, help="JSON: jumps taken per period, at most"
    )
    return parser.parse_args()


if __name__ == "__main__":
    with readable_errors():
        main()
