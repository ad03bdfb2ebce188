"""Look inside one run: materialise the planned steps by replay and take every measurement that fits its family."""

import sys
import time
from pathlib import Path

import pandas as pd

from checkpoints import replayed
from files import read_json, readable_errors, write_arrays, write_json, write_parquet
from provenance import Stopwatch, provenance
from repdyn.devices import device_name
from repdyn.measures import load, modules_for
from repdyn.measures.subject import Subject, Window
from repdyn.moments import steps_of
from run_setup import Setup, run_parser, run_settings, set_up


def main():
    watch = Stopwatch()
    arguments = parse()
    setup = set_up(arguments)
    settings = run_settings(arguments, setup.device)
    subject = observed(arguments.run, setup, settings)
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
    write_json(
        arguments.run / "phase2_provenance.json", {**provenance(settings, watch), "device": device_name(setup.device)}
    )


def observed(run: Path, setup: Setup, settings: dict) -> Subject:
    """The run at all planned steps, on its test split; replayed where it was trained, looked into on the CPU."""
    planned = read_json(run / "moments.json")
    began = time.perf_counter()
    states = replayed(run, setup, steps_of(planned), settings)
    print(f"{len(states)} steps replayed, {time.perf_counter() - began:.1f} s", file=sys.stderr)
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
    parser.add_argument("--run", type=Path, required=True, help="folder of the run; the tables are written there")
    return parser.parse_args()


if __name__ == "__main__":
    with readable_errors():
        main()
