"""Draw a figure of the study."""

import argparse
from importlib import import_module

from common.arguments import to_path
from common.figure_files import write_figure
from common.files import readable_errors
from common.sources import add_source, figures, study_source


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figure", choices=figures("study"), required=True, help="a folder of repdyn/figures/study")
    add_source(parser)
    parser.add_argument(
        "--out", type=to_path, required=True, help="path without suffix; .png, .svg and .webp are added"
    )
    arguments = parser.parse_args()
    figure = import_module(f"repdyn.figures.study.{arguments.figure}.figure")
    write_figure(figure.draw(study_source(arguments)), arguments.out)


if __name__ == "__main__":
    with readable_errors():
        main()
