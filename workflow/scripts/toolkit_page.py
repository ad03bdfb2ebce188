"""Write the toolkit's pages: contents, and of each family of tools what each found, with its figure."""

import argparse
from itertools import groupby
from pathlib import Path

from common.arguments import to_path, whole
from common.files import read_json, read_parquet, read_picture, readable_errors, write_page
from common.tools import read_tables
from repdyn.report.html import picture
from repdyn.report.toolkit import contents, family
from repdyn.toolkit import ALL_TOOLS, PAGES, tools_on

CONTENTS = "toolkit.html"
FAMILIES = {f"toolkit/{name}.html": name for name in PAGES}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=to_path, nargs="+", required=True, help="<tool>.webp of each tool")
    parser.add_argument(
        "--tables", type=to_path, nargs="+", required=True, help="<run>/toolkit/<tool>.parquet, by tool"
    )
    parser.add_argument("--pages", type=whole(1), required=True, help="how many seeds of an experiment have a page")
    parser.add_argument("--out", type=to_path, required=True, help=f"folder of the pages: {CONTENTS}, toolkit/")
    parser.add_argument(
        "--calibration", type=to_path, nargs=2, required=True, help="what calibration.py wrote: table, seconds"
    )
    arguments = parser.parse_args()
    for page in (CONTENTS, *FAMILIES):
        text = made(page, arguments.tables, arguments.figures, arguments.pages, *arguments.calibration)
        write_page(arguments.out / page, text)


def made(page: str, tables: list[Path], figures: list[Path], pages: int, calibration: Path, seconds: Path) -> str:
    """A page, CONTENTS or one of FAMILIES, as HTML. tables: by tool."""
    methods = read_parquet(calibration), read_json(seconds)
    shown = tools_on(FAMILIES[page]) if page in FAMILIES else ALL_TOOLS
    found = {tool: read_tables(list(files)) for tool, files in groupby(tables, lambda file: file.stem) if tool in shown}
    if page not in FAMILIES:
        return contents(found, *methods)
    drawn = {path.stem: picture(read_picture(path)) for path in figures if path.stem in shown}
    return family(FAMILIES[page], found, drawn, pages, *methods)


if __name__ == "__main__":
    with readable_errors():
        main()
