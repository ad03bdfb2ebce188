"""Plan which steps of a run phase 2 looks into."""

import argparse
import json
from pathlib import Path

import pandas as pd

from files import read_json, readable_errors, write_json
from repdyn.moments import plan


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--metric", required=True, help="whose jumps are taken")
    parser.add_argument("--grid", type=float, nargs="+", required=True, help="phases")
    parser.add_argument("--window", type=int, required=True, help="steps before and after a moment")
    parser.add_argument("--most", type=json.loads, required=True, help="JSON: jumps taken per period, at most")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    facts = read_json(arguments.run / "run.json")
    jumps = pd.read_parquet(arguments.run / "jumps.parquet")
    measured = pd.read_parquet(arguments.run / "training.parquet", columns=["step"])["step"].to_numpy()
    planned = plan(
        jumps[jumps["metric"] == arguments.metric],
        measured if facts["diverged_at"] is None else measured[:1],
        facts["steps"],
        arguments.grid,
        arguments.window,
        arguments.most,
    )
    about = {name: facts[name] for name in ("experiment", "seed", "steps")}
    write_json(arguments.out, {**about, "metric": arguments.metric, "window": arguments.window, **planned})


if __name__ == "__main__":
    with readable_errors():
        main()
