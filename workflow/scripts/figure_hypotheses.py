"""Draw what the hypotheses about jumps came to."""

import argparse
from pathlib import Path

import pandas as pd

from common.figure_files import write_figure
from common.files import readable_errors
from repdyn.figures.hypotheses import hypothesis_forest


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hypotheses", type=Path, required=True)
    parser.add_argument("--contrasts", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="path without suffix; .png, .svg and .webp are added")
    arguments = parser.parse_args()
    tables = pd.read_parquet(arguments.hypotheses), pd.read_parquet(arguments.contrasts)
    write_figure(hypothesis_forest(*tables), arguments.out)


if __name__ == "__main__":
    with readable_errors():
        main()
