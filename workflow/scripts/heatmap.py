"""Draw the layers by steps of each run: PNG, SVG, and a small WebP for its page."""

from pathlib import Path

import pandas as pd

from files import read_json, readable_errors
from repdyn.figures.heatmap import layer_heatmap
from run_figures import parser_of_runs, write_figures

PAGE_LIMIT = 40 * 1024  # bytes


def main():
    parser = parser_of_runs(__doc__)
    parser.add_argument("--metric", default="participation_ratio")
    arguments = parser.parse_args()
    write_figures(arguments.runs, arguments.name, lambda run: draw(run, arguments.metric), PAGE_LIMIT)


def draw(folder: Path, metric: str):
    run = read_json(folder / "run.json")
    convergence = pd.read_parquet(folder / "convergence.parquet")
    return layer_heatmap(
        pd.read_parquet(folder / "trajectory.parquet", columns=["step", "layer", "depth", metric]),
        metric,
        title=f"{run['experiment']}, seed {run['seed']}",
        total_steps=run["steps"],
        convergence=convergence[convergence["metric"] == metric],
    )


if __name__ == "__main__":
    with readable_errors():
        main()
