"""Write the page of one run."""

import argparse
from pathlib import Path

from common.arguments import to_path
from common.files import read_json, read_parquet, read_picture, readable_errors, write_page
from repdyn.report.html import picture
from repdyn.report.run import render


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=to_path, required=True, help="folder of the run")
    parser.add_argument("--figures", type=to_path, nargs="+", required=True, help="WebP files named like the panels")
    parser.add_argument("--out", type=to_path, required=True)
    arguments = parser.parse_args()
    write_page(arguments.out, made(arguments.run, arguments.figures))


def made(run: Path, figures: list[Path]) -> str:
    """The page as HTML."""
    facts, phase1, plan = (read_json(run / f"{name}.json") for name in ("run", "phase1", "moments"))
    tables = {name: read_parquet(run / f"{name}.parquet") for name in ("jumps", "measurements")}
    return render(facts, phase1, plan, tables, {path.stem: picture(read_picture(path)) for path in figures})


if __name__ == "__main__":
    with readable_errors():
        main()
