"""One row per run: what it is, how it ended and its statistics."""

import argparse
from pathlib import Path

import pandas as pd

from common.arguments import to_path, whole
from common.files import read_json, read_parquet, readable_errors, require_held, write_parquet
from common.runs import require_own, run_folders
from repdyn.roles import OUTPUT

DIMENSIONS = ("participation_ratio", "stable_rank")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sheet", type=to_path, required=True, help="sample sheet, config/experiments.tsv")
    parser.add_argument("--seeds", type=whole(1), required=True)
    parser.add_argument("--runs", type=to_path, required=True, help="folder of all runs")
    parser.add_argument("--out", type=to_path, required=True)
    arguments = parser.parse_args()
    folders = run_folders(arguments.runs, arguments.sheet, arguments.seeds)
    require_own(folders)
    write_parquet(arguments.out, pd.DataFrame([row(folder) for folder in folders]))


def row(folder: Path) -> dict:
    """Scalars of a run and its final dimension: the mean over the tracked layers before the logits."""
    run, statistics = (read_json(folder / name) for name in ("run.json", "phase1.json"))
    require_held(folder / "run.json", run, ("roles", "flags", "family", "diverged_at"))
    require_held(folder / "phase1.json", statistics, ("metric", "metrics", "layers", "jumps"))
    facts = {**run, **statistics}
    before = [layer for layer, role in facts["roles"].items() if role != OUTPUT]
    facts["flags"] = "; ".join(facts["flags"])
    facts = {name: value for name, value in facts.items() if not isinstance(value, list | dict)}
    trajectory = read_parquet(folder / "trajectory.parquet", held=("step", "layer", *DIMENSIONS))
    last = trajectory[(trajectory["step"] == trajectory["step"].max()) & trajectory["layer"].isin(before)]
    for measure in DIMENSIONS:
        facts[f"final_{measure}"] = last[measure].mean(skipna=False)
    return facts


if __name__ == "__main__":
    with readable_errors():
        main()
