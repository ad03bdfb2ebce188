"""Draw the moments at which one run is looked into, over its trajectory."""

import argparse
from pathlib import Path

import pandas as pd

from common.figure_files import write_figure
from common.files import read_json, readable_errors
from repdyn.figures.moments import moment_plan
from repdyn.roles import with_roles

PAGE_DPI, PAGE_LIMIT = 132, 60 * 1024  # bytes: every run has a page with its figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--metric", default="participation_ratio")
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    moments = read_json(arguments.run / "moments.json")
    columns = ["step", "layer", "depth", arguments.metric]
    trajectory = pd.read_parquet(arguments.run / "trajectory.parquet", columns=columns)
    trajectory = with_roles(trajectory, read_json(arguments.run / "run.json")["roles"])
    jumps = pd.read_parquet(arguments.run / "jumps.parquet", columns=["layer", "step", "metric"])
    jumps = jumps[jumps["metric"] == arguments.metric]
    title = f"{moments['experiment']}, seed {moments['seed']}"
    figure = moment_plan(trajectory, moments, jumps, arguments.metric, title)
    write_figure(figure, arguments.out, PAGE_DPI, PAGE_LIMIT)


if __name__ == "__main__":
    with readable_errors():
        main()
