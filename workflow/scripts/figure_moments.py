"""Draw the moments at which each run is looked into, over its trajectory."""

from pathlib import Path

import pandas as pd

from files import read_json, readable_errors
from repdyn.figures.moments import moment_plan
from run_figures import parser_of_runs, write_figures


def main():
    parser = parser_of_runs(__doc__)
    parser.add_argument("--metric", default="participation_ratio")
    arguments = parser.parse_args()
    write_figures(arguments.runs, arguments.name, lambda run: draw(run, arguments.metric))


def draw(run: Path, metric: str):
    moments = read_json(run / "moments.json")
    trajectory = pd.read_parquet(run / "trajectory.parquet", columns=["step", "layer", "depth", metric])
    jumps = pd.read_parquet(run / "jumps.parquet", columns=["layer", "step", "metric"])
    title = f"{moments['experiment']}, seed {moments['seed']}"
    return moment_plan(trajectory, moments, jumps[jumps["metric"] == metric], metric, title)


if __name__ == "__main__":
    with readable_errors():
        main()
