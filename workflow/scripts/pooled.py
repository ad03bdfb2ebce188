"""Statistics of all runs by family, with intervals over experiments and their nulls; and types of jumps."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from common.arguments import to_path, whole
from common.files import read_json, read_parquet, readable_errors, write_json, write_parquet
from common.runs import run_folder, run_folders
from repdyn.seeds import derive
from repdyn.study.exclusion import why_excluded
from repdyn.study.pooled import pool, types_of_jumps


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=to_path, required=True, help="folder of all runs")
    parser.add_argument("--sheet", type=to_path, required=True, help="sample sheet, config/experiments.tsv")
    parser.add_argument("--seeds", type=whole(1), required=True)
    parser.add_argument("--statistics", type=to_path, required=True, help="Parquet to write")
    parser.add_argument("--types", type=to_path, required=True, help="JSON to write")
    arguments = parser.parse_args()
    folders = run_folders(arguments.runs, arguments.sheet, arguments.seeds)
    runs = pd.DataFrame([row for folder in folders for row in rows(folder)])
    write_parquet(arguments.statistics, pool(runs, np.random.default_rng(derive("pooled"))))
    kept = runs.loc[~runs["excluded"], ["experiment", "seed"]].drop_duplicates().itertuples(index=False)
    jumps = [read_parquet(run_folder(arguments.runs, name, seed) / "jumps.parquet") for name, seed in kept]
    jumps = pd.concat(jumps or [pd.DataFrame(columns=["metric", "relative_magnitude", "speed"])])
    types = {
        metric: types_of_jumps(jumps[jumps["metric"] == metric], np.random.default_rng(derive("types", metric)))
        for metric in runs["metric"].unique()
    }
    write_json(arguments.types, types)


def rows(folder: Path) -> list[dict]:
    """One per metric: what the run is, whether it is excluded, and its statistics."""
    facts = read_json(folder / "run.json")
    excluded = why_excluded(facts) is not None
    run = {name: facts[name] for name in ("experiment", "seed", "family")} | {"excluded": excluded}
    return [run | section for section in read_json(folder / "phase1.json")["metrics"].values()]


if __name__ == "__main__":
    with readable_errors():
        main()
