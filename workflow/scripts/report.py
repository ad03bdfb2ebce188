"""Write the report page from the table of runs, their provenance and the study's tables and figures."""

import argparse
import json
from pathlib import Path

import pandas as pd

from common.costs import logs_of, read_costs
from common.files import atomic, read_json, readable_errors
from common.runs import run_folder
from dag.sheet import read_experiments
from repdyn.report.html import picture
from repdyn.report.index import render
from repdyn.report.profile import floor_of, profile_rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sheet", type=Path, required=True, help="sample sheet of the whole study")
    parser.add_argument("--experiments", type=Path, required=True)
    parser.add_argument("--runs-root", type=Path, required=True)
    parser.add_argument("--pages", type=int, required=True, help="how many seeds of an experiment have a page")
    parser.add_argument("--figures", type=Path, nargs="*", default=[], help="WebP files named like the panels")
    parser.add_argument("--evidence", type=Path, nargs="*", default=[], help="tables named like those of the page")
    parser.add_argument("--inside", type=Path, nargs="*", default=[], help="tables of phase 2, likewise")
    parser.add_argument("--logs", type=Path, required=True, help="folder of the logs of all jobs")
    parser.add_argument("--stages", type=json.loads, required=True, help="JSON: {stage: [patterns of its logs]}")
    parser.add_argument("--benchmark", type=Path, help="table that `snakemake benchmark` left, if it was run")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    experiments = pd.read_parquet(arguments.experiments)
    runs = list(zip(experiments["experiment"], experiments["seed"].astype(int), strict=True))
    training = pd.DataFrame(
        [
            {
                "experiment": run[0],
                "seed": run[1],
                **read_json(run_folder(arguments.runs_root, *run) / "provenance.json"),
            }
            for run in runs
        ]
    )
    stages = {
        stage: read_costs([log for pattern in patterns for log in logs_of(arguments.logs, pattern, runs)])
        for stage, patterns in arguments.stages.items()
    }
    costs = by_family(arguments.logs, arguments.stages, experiments)
    floor = floor_of(experiments, pd.read_parquet(arguments.benchmark)) if arguments.benchmark else None
    planned = read_experiments(arguments.sheet)
    page = render(
        experiments,
        {path.stem: picture(path.read_bytes()) for path in arguments.figures},
        training,
        arguments.pages,
        {path.stem: pd.read_parquet(path) for path in arguments.evidence},
        {path.stem: pd.read_parquet(path) for path in arguments.inside},
        stages,
        [name for name in planned if name not in set(experiments["experiment"])],
        profile_rows(costs, floor),
    )
    with atomic(arguments.out) as temporary:
        temporary.write_text(page, encoding="utf-8")
    print(f"{arguments.out}: {len(experiments)} runs, {arguments.out.stat().st_size / 1e6:.1f} MB")


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
