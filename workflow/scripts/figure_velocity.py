"""Draw how fast the dimensions of layers move, and when their critical steps fall."""

import argparse
from pathlib import Path

import pandas as pd

from common.figure_files import write_figure
from common.files import readable_errors
from repdyn.figures.velocity import velocity_curves


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="file written by velocity_data.py")
    parser.add_argument("--metric", default="participation_ratio", help="its name in the key")
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    write_figure(velocity_curves(pd.read_parquet(arguments.data), arguments.metric), arguments.out)


if __name__ == "__main__":
    with readable_errors():
        main()
