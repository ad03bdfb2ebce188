"""Draw how alike the representations of one run are between its measured steps."""

import argparse
from pathlib import Path

import pandas as pd

from common.figure_files import write_figure
from common.files import read_json, readable_errors
from repdyn.figures.similarity import similarity_matrices
from repdyn.roles import inner_layers

PAGE_DPI, PAGE_LIMIT = 132, 60 * 1024  # bytes: every run has a page with its figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    moments = read_json(arguments.run / "moments.json")
    measurements = pd.read_parquet(
        arguments.run / "measurements.parquet",
        columns=["step", "reference", "layer", "quantity", "value"],
        filters=[("quantity", "==", "cka")],
    )
    layers = inner_layers(read_json(arguments.run / "run.json")["roles"])
    title = f"{moments['experiment']}, seed {moments['seed']}"
    write_figure(similarity_matrices(measurements, layers, moments, title), arguments.out, PAGE_DPI, PAGE_LIMIT)


if __name__ == "__main__":
    with readable_errors():
        main()
