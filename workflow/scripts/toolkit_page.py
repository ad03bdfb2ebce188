"""Write the toolkit's page: what each tool found, with its figure."""

import argparse
from itertools import groupby
from pathlib import Path

from common.arguments import to_path, whole
from common.files import read_json, read_parquet, read_picture, readable_errors, write_page
from common.tools import read_tables
from repdyn.report.html import picture
from repdyn.report.toolkit import render


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=to_path, nargs="+", required=True, help="<tool>.webp of each tool")
    parser.add_argument(
        "--tables", type=to_path, nargs="+", required=True, help="<run>/toolkit/<tool>.parquet, by tool"
    )
    parser.add_argument("--pages", type=whole(1), required=True, help="how many seeds of an experiment have a page")
    parser.add_argument("--out", type=to_path, required=True)
    parser.add_argument(
        "--calibration", type=to_path, nargs=2, required=True, help="what calibration.py wrote: table, seconds"
    )
    arguments = parser.parse_args()
    write_page(arguments.out, made(arguments.tables, arguments.figures, arguments.pages, *arguments.calibration))


def made(tables: list[Path], figures: list[Path], pages: int, calibration: Path, seconds: Path) -> str:
    """The page as HTML. tables: by tool."""
    return render(
        {tool: read_tables(list(files)) for tool, files in groupby(tables, lambda file: file.stem)},
        {path.stem: picture(read_picture(path)) for path in figures},
        pages,
        read_parquet(calibration),
        read_json(seconds),
    )


if __name__ == "__main__":
    with readable_errors():
        main()
