"""Draw the figure of one tool of the toolkit from what it found in all its runs."""

import argparse

from common.arguments import to_path
from common.figure_files import write_figure
from common.files import read_arrays, readable_errors
from common.tools import read_tables, run_of
from repdyn.toolkit import ALL_TOOLS, load

PAGE_LIMIT = 400 * 1024  # bytes


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", choices=ALL_TOOLS, required=True, help="a name in repdyn.toolkit.ALL_TOOLS")
    parser.add_argument(
        "--tables", type=to_path, nargs="+", required=True, help="<run>/toolkit/<tool>.parquet of each run"
    )
    parser.add_argument("--maps", type=to_path, nargs="+", required=True, help="the .safetensors beside them")
    parser.add_argument(
        "--out", type=to_path, required=True, help="path without suffix; .png, .svg and .webp are added"
    )
    arguments = parser.parse_args()
    maps = {run_of(file): read_arrays(file)[0] for file in arguments.maps}
    figure = load(arguments.tool, "figure").draw(read_tables(arguments.tables), maps)
    write_figure(figure, arguments.out, limit=PAGE_LIMIT)


if __name__ == "__main__":
    with readable_errors():
        main()
