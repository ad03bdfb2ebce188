"""Draw the dimension of all runs at their last step, by architecture."""

import argparse
from pathlib import Path

import pandas as pd

from common.figure_files import write_figure
from common.files import readable_errors
from repdyn.figures.final import final_dimension


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    write_figure(final_dimension(pd.read_parquet(arguments.experiments)), arguments.out)


if __name__ == "__main__":
    with readable_errors():
        main()
