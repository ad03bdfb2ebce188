"""Collect what a figure of the study draws from the tables of all runs."""

import argparse
from importlib import import_module

from common.arguments import to_path
from common.files import readable_errors, write_json, write_parquet
from common.sources import add_source, figures, study_source


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--figure",
        choices=figures("study", "data.py"),
        required=True,
        help="a folder of repdyn/figures/study with a data.py",
    )
    add_source(parser)
    parser.add_argument("--out", type=to_path, required=True, help="Parquet or JSON to write")
    arguments = parser.parse_args()
    data = import_module(f"repdyn.figures.study.{arguments.figure}.data")
    write = write_json if arguments.out.suffix == ".json" else write_parquet
    write(arguments.out, data.collect(study_source(arguments)))


if __name__ == "__main__":
    with readable_errors():
        main()
