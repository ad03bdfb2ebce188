"""One figure of each of several runs: what the steps that draw them share."""

import argparse
from collections.abc import Callable
from pathlib import Path

from figure_files import write_figure

PAGE_DPI, PAGE_LIMIT = 132, 60 * 1024  # bytes: every run has a page with its figures


def parser_of_runs(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="folders of the runs")
    parser.add_argument(
        "--name", required=True, help="files without suffix in each folder; .png, .svg, .webp are added"
    )
    return parser


def write_figures(runs: list[Path], name: str, draw: Callable[[Path], object], limit: int = PAGE_LIMIT) -> None:
    """The figure that `draw` makes of a run's folder, in that folder; at most `limit` bytes for its page."""
    for run in runs:
        write_figure(draw(run), run / name, PAGE_DPI, limit)
