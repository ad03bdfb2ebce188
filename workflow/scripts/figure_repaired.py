"""Draw the published stable rank beside the true one."""

import argparse
from pathlib import Path

import pandas as pd

from common.figure_files import write_figure
from common.files import readable_errors
from repdyn.figures.repaired import repaired_series


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=Path, required=True, help="data/published/series.csv")
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    write_figure(repaired_series(pd.read_csv(arguments.series)), arguments.out)


if __name__ == "__main__":
    with readable_errors():
        main()
