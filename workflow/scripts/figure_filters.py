"""Draw the first-layer filters of one CNN while it learns."""

import argparse
from pathlib import Path

import pandas as pd

from common.figure_files import write_figure
from common.files import read_arrays, read_json, readable_errors
from repdyn.figures.filters import OVERLAP, filter_evolution

PAGE_DPI, PAGE_LIMIT = 132, 60 * 1024  # bytes: every run has a page with its figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    moments = read_json(arguments.run / "moments.json")
    maps, _ = read_arrays(arguments.run / "maps.safetensors")
    measurements = pd.read_parquet(
        arguments.run / "measurements.parquet",
        columns=["step", "layer", "quantity", "value", "null_mean"],
        filters=[("quantity", "==", OVERLAP)],
    )
    title = f"{moments['experiment']}, seed {moments['seed']}"
    write_figure(filter_evolution(maps, moments, measurements, title), arguments.out, PAGE_DPI, PAGE_LIMIT)


if __name__ == "__main__":
    with readable_errors():
        main()
