"""Write the guide: which method answers which question, and how it did in this study where the answer is known."""

import argparse
from pathlib import Path

from common.arguments import to_path
from common.files import read_json, read_parquet, readable_errors, write_page
from repdyn.report.guide import guide
from repdyn.toolkit import ALL_TOOLS


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--calibration", type=to_path, nargs=2, required=True, help="what calibration.py wrote: table, seconds"
    )
    parser.add_argument(
        "--tools", choices=ALL_TOOLS, nargs="+", required=True, help="tools with a section in the toolkit"
    )
    parser.add_argument(
        "--recipes", type=to_path, nargs="+", required=True, help="scripts (<recipe>.py), with what they print (.txt)"
    )
    parser.add_argument("--out", type=to_path, required=True, help="the page (.html)")
    arguments = parser.parse_args()
    write_page(arguments.out, made(*arguments.calibration, arguments.tools, arguments.recipes))


def made(calibration: Path, seconds: Path, tools: list[str], recipes: list[Path]) -> str:
    """The page as HTML. recipes: the scripts."""
    told = {path.stem: (text(path), text(path.with_suffix(".txt"))) for path in recipes}
    return guide(read_parquet(calibration), read_json(seconds), tools, told)


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    with readable_errors():
        main()
