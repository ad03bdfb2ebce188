"""Write the page of recordings: how well each layer of the networks predicts them, beside controls and ceilings."""

import argparse
from pathlib import Path

import pandas as pd

from common.arguments import to_path
from common.files import read_parquet, readable_errors, write_page
from repdyn.report.recordings import recordings_page


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--tables", type=to_path, nargs="+", required=True, help="what recording.py wrote, by recording"
    )
    parser.add_argument("--out", type=to_path, required=True, help="the page (.html)")
    arguments = parser.parse_args()
    write_page(arguments.out, made(arguments.tables))


def made(tables: list[Path]) -> str:
    """The page as HTML."""
    rows = pd.concat([read_parquet(file) for file in tables], ignore_index=True)
    return recordings_page({str(name): table for name, table in rows.groupby("recording", sort=False, observed=True)})


if __name__ == "__main__":
    with readable_errors():
        main()
