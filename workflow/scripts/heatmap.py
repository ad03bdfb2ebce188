"""Draw one run's layers by steps: PNG, SVG, and a small WebP for the page."""

import argparse
from pathlib import Path

import pandas as pd

from common.figure_files import write_figure
from common.files import read_json, readable_errors
from repdyn.figures.heatmap import layer_heatmap

PAGE_DPI, PAGE_LIMIT = 132, 40 * 1024  # bytes: 55 of them share one page


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trajectory", type=Path, required=True)
    parser.add_argument("--convergence", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True, help="run.json")
    parser.add_argument("--metric", default="participation_ratio")
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    run = read_json(arguments.run)
    columns = ["step", "layer", "depth", arguments.metric]
    convergence = pd.read_parquet(arguments.convergence)
    figure = layer_heatmap(
        pd.read_parquet(arguments.trajectory, columns=columns),
        arguments.metric,
        title=f"{run['experiment']}, seed {run['seed']}",
        total_steps=run["steps"],
        convergence=convergence[convergence["metric"] == arguments.metric],
    )
    write_figure(figure, arguments.out, PAGE_DPI, PAGE_LIMIT)


if __name__ == "__main__":
    with readable_errors():
        main()
