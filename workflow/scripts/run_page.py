"""Write the page of each run."""

import argparse
from pathlib import Path

import pandas as pd

from files import atomic, read_json, readable_errors
from repdyn.report.html import picture
from repdyn.report.run import render


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="folders of the runs")
    parser.add_argument("--figures", nargs="+", required=True, help="panels: names of WebP files in each folder")
    parser.add_argument("--out", type=Path, nargs="+", required=True, help="a page for each run, in the same order")
    arguments = parser.parse_args()
    for run, page in zip(arguments.runs, arguments.out, strict=True):
        with atomic(page) as temporary:
            temporary.write_text(page_of(run, arguments.figures), encoding="utf-8")


def page_of(run: Path, names: list[str]) -> str:
    facts, phase1, plan = (read_json(run / f"{name}.json") for name in ("run", "phase1", "moments"))
    tables = {name: pd.read_parquet(run / f"{name}.parquet") for name in ("jumps", "measurements")}
    figures = {name: picture((run / f"{name}.webp").read_bytes()) for name in names}
    return render(facts, phase1, plan, tables, figures)


if __name__ == "__main__":
    with readable_errors():
        main()
