"""Draw a figure of one run."""

import argparse
from importlib import import_module

from common.arguments import to_path, whole
from common.figure_files import write_figure
from common.files import readable_errors
from common.sources import figures, run_source

PAGE_DPI = 132


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figure", choices=figures("run"), required=True, help="a folder of repdyn/figures/run")
    parser.add_argument(
        "--files", type=to_path, nargs="+", required=True, help="files of the run that the figure reads"
    )
    parser.add_argument("--metric", default="participation_ratio")
    parser.add_argument("--page-bytes", type=whole(1), default=60 * 1024, help="how large the WebP may be")
    parser.add_argument(
        "--out", type=to_path, required=True, help="path without suffix; .png, .svg and .webp are added"
    )
    arguments = parser.parse_args()
    figure = import_module(f"repdyn.figures.run.{arguments.figure}.figure")
    drawn = figure.draw(run_source(arguments.files, arguments.metric))
    write_figure(drawn, arguments.out, PAGE_DPI, arguments.page_bytes)


if __name__ == "__main__":
    with readable_errors():
        main()
