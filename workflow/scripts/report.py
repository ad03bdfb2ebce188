"""Write the report page from the table of runs, their provenance and the study's tables and figures."""

import argparse
from pathlib import Path

import pandas as pd
import yaml

from common.arguments import to_path, whole
from common.costs import logs_of, read_costs
from common.csv_tables import read_errors
from common.described import mapping
from common.files import read_json, read_parquet, read_picture, readable_errors, write_page
from common.runs import run_folder
from common.sources import read_table
from dag.sheet import read_experiments
from repdyn.report.html import picture
from repdyn.report.index import render
from repdyn.report.profile import floor_of, profile_rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sheet", type=to_path, required=True, help="sample sheet of the whole study")
    parser.add_argument("--experiments", type=to_path, required=True)
    parser.add_argument("--runs-root", type=to_path, required=True)
    parser.add_argument("--pages", type=whole(1), required=True, help="how many seeds of an experiment have a page")
    parser.add_argument("--figures", type=to_path, nargs="*", default=[], help="WebP files named like the panels")
    parser.add_argument("--evidence", type=to_path, nargs="*", default=[], help="tables named like those of the page")
    parser.add_argument("--inside", type=to_path, nargs="*", default=[], help="tables of phase 2, likewise")
    parser.add_argument("--published", type=to_path, nargs="*", default=[], help="published tables that figures draw")
    parser.add_argument("--published-errors", type=to_path, help="verdict_errors.csv as written by audit.py")
    parser.add_argument("--shipped", type=to_path, help="verdicts.json that README.md was written from")
    parser.add_argument("--claims", type=to_path, help="config/claims.yaml")
    parser.add_argument("--logs", type=to_path, required=True, help="folder of the logs of all jobs")
    parser.add_argument("--stages", type=mapping, required=True, help="JSON: {stage: [patterns of its logs]}")
    parser.add_argument("--benchmark", type=to_path, help="table that `snakemake benchmark` left, if it was run")
    parser.add_argument("--led-to", type=to_path, help="names the guide, if the toolkit has run")
    parser.add_argument("--out", type=to_path, required=True)
    arguments = parser.parse_args()
    page = made(arguments)
    write_page(arguments.out, page)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB")


def made(arguments: argparse.Namespace) -> str:
    """The page as HTML."""
    experiments = read_parquet(arguments.experiments)
    runs = list(zip(experiments["experiment"], experiments["seed"].astype(int), strict=True))
    training = [
        {"experiment": run[0], "seed": run[1], **read_json(run_folder(arguments.runs_root, *run) / "provenance.json")}
        for run in runs
    ]
    stages = {
        stage: read_costs([log for pattern in patterns for log in logs_of(arguments.logs, pattern, runs)])
        for stage, patterns in arguments.stages.items()
    }
    costs = by_family(arguments.logs, arguments.stages, experiments)
    floor = floor_of(experiments, read_parquet(arguments.benchmark)) if arguments.benchmark else None
    planned = read_experiments(arguments.sheet)
    evidence = {path.stem: read_table(path) for path in (*arguments.evidence, *arguments.published)}
    if arguments.published_errors:
        evidence["published_errors"] = read_errors(arguments.published_errors)
    return render(
        experiments,
        {path.stem: picture(read_picture(path)) for path in arguments.figures},
        pd.DataFrame(training),
        arguments.pages,
        evidence,
        {path.stem: read_parquet(path) for path in arguments.inside},
        stages,
        [name for name in planned if name not in set(experiments["experiment"])],
        profile_rows(costs, floor),
        read_json(arguments.shipped) if arguments.shipped else None,
        yaml.safe_load(arguments.claims.read_text(encoding="utf-8")) if arguments.claims else None,
        bool(arguments.led_to and arguments.led_to.read_text(encoding="utf-8")),
    )


def by_family(logs: Path, stages: dict[str, list[str]], experiments: pd.DataFrame) -> dict[str, dict[str, float]]:
    """{stage: {family: CPU seconds}} of the stages whose jobs belong to a run."""
    costs = {}
    for stage, patterns in stages.items():
        own = [pattern for pattern in patterns if "{experiment}" in pattern]
        for family, part in experiments.groupby("family", sort=False) if own else ():
            runs = list(zip(part["experiment"], part["seed"].astype(int), strict=True))
            found = read_costs([log for pattern in own for log in logs_of(logs, pattern, runs)])
            costs.setdefault(stage, {})[family] = float(found["cpu_seconds"].sum())
    return costs


if __name__ == "__main__":
    with readable_errors():
        main()
