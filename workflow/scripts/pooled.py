"""Statistics of all runs by family, with intervals over experiments and their nulls; and types of jumps."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from common.arguments import to_path, whole
from common.files import read_json, read_parquet, readable_errors, require_held, write_json, write_parquet
from common.runs import run_folder, run_folders
from repdyn.seeds import derive
from repdyn.study.exclusion import why_excluded
from repdyn.study.pooled import pool, types_of_jumps
from repdyn.study.replication import replication


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
    runs = with_replication(runs, arguments.runs)
    write_parquet(arguments.statistics, pool(runs, np.random.default_rng(derive("pooled"))))
    kept = runs.loc[~runs["excluded"], ["experiment", "seed"]].drop_duplicates().itertuples(index=False)
    columns = ["metric", "phase", "relative_magnitude", "speed"]
    jumps = [read_parquet(run_folder(arguments.runs, name, seed) / "jumps.parquet", columns) for name, seed in kept]
    jumps = pd.concat(jumps or [pd.DataFrame(columns=columns)])
    types = {
        metric: types_of_jumps(jumps[jumps["metric"] == metric], np.random.default_rng(derive("types", metric)))
        for metric in runs["metric"].unique()
    }
    write_json(arguments.types, types)


def rows(folder: Path) -> list[dict]:
    """One per metric: what the run is, whether it is excluded, and its statistics."""
    facts, statistics = read_json(folder / "run.json"), read_json(folder / "phase1.json")
    require_held(folder / "run.json", facts, ("experiment", "seed", "family", "diverged_at"))
    require_held(folder / "phase1.json", statistics, ("metrics",))
    excluded = why_excluded(facts) is not None
    run = {name: facts[name] for name in ("experiment", "seed", "family")} | {"excluded": excluded}
    return [run | section for section in statistics["metrics"].values()]


def with_replication(runs: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Runs with the share of their candidates and jumps that other seeds have too, and what other layers give."""
    keys = ["experiment", "seed", "metric"]
    kept = list(runs.loc[~runs["excluded"], keys[:2]].drop_duplicates().itertuples(index=False, name=None))
    columns = ["metric", "layer", "phase"]
    for kind in ("candidates", "jumps"):
        found = [pd.DataFrame(columns=[*keys, f"{kind}_again", f"{kind}_again_null"])]
        if runs["seed"].nunique() > 1:
            tables = [
                read_parquet(run_folder(root, *run) / f"{kind}.parquet", columns).assign(experiment=run[0], seed=run[1])
                for run in kept
            ]
            layers = {run: read_json(run_folder(root, *run) / "run.json")["layers"] for run in kept}
            for metric, events in pd.concat(tables).groupby("metric"):
                again = replication(events, layers).assign(metric=metric)
                found.append(again.rename(columns={"found": f"{kind}_again", "expected": f"{kind}_again_null"}))
        runs = runs.merge(pd.concat(found), on=keys, how="left")
    return runs


if __name__ == "__main__":
    with readable_errors():
        main()
