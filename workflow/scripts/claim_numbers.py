"""Our numbers for the published claims, with intervals over runs, and what the deciding ones are computed from."""

import argparse
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import yaml

from common.arguments import to_path, whole
from common.files import read_json, read_parquet, readable_errors, write_json, write_parquet
from common.runs import run_folders
from repdyn.audit.claims.c16 import filter_cosines
from repdyn.audit.columns import deciding, ours, own_tables, quantities
from repdyn.audit.deciding import deciding_quantities
from repdyn.audit.own import as_detected, own_runs, run_name
from repdyn.audit.phases import FILTER_PHASES
from repdyn.audit.quantities import Quantity
from repdyn.audit.run_statistics import read
from repdyn.audit.seed_agreement import named, subsets
from repdyn.study.hypotheses import by_experiment


class RunFiles(NamedTuple):
    """What training and phase 1 wrote of one run."""

    trajectory: pd.DataFrame
    training: pd.DataFrame
    convergence: pd.DataFrame
    layers: pd.DataFrame
    jumps: pd.DataFrame
    critical: pd.DataFrame
    facts: dict
    phase1: dict


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=to_path, required=True, help="folder of all runs")
    parser.add_argument("--sheet", type=to_path, required=True, help="sample sheet, config/experiments.tsv")
    parser.add_argument("--seeds", type=whole(1), required=True)
    parser.add_argument("--metrics", nargs="+", required=True, help="the first is that of the ledger")
    parser.add_argument("--claims", type=to_path, required=True)
    parser.add_argument(
        "--contrasts",
        type=to_path,
        required=True,
        help="contrasts.parquet of the hypotheses, a row per pair of windows",
    )
    parser.add_argument("--numbers", type=to_path, required=True, help="table to write")
    parser.add_argument("--by-seeds", type=to_path, required=True, help="table to write: numbers of parts of the seeds")
    parser.add_argument("--terms", type=to_path, required=True, help="table to write")
    parser.add_argument(
        "--counts", type=to_path, required=True, help="JSON to write: runs and those left out, by metric"
    )
    arguments = parser.parse_args()
    asked = deciding_quantities(yaml.safe_load(arguments.claims.read_text(encoding="utf-8")))
    folders = run_folders(arguments.runs, arguments.sheet, arguments.seeds)
    files = [read_run(folder) for folder in folders]
    cosines, pairs = first_filters(folders), read_parquet(arguments.contrasts)
    contrasts = of_experiments(pairs, files)
    numbers, terms, counts = [], [], {}
    for metric in arguments.metrics:
        found, excluded = own_column(files, metric, cosines, contrasts)
        numbers.append(ours(found).assign(metric=metric))
        terms.append(deciding(found, asked).assign(metric=metric))
        counts[metric] = {"runs": len(files) - sum(excluded.values()), "excluded": excluded}
        left_out = ", ".join(f"{count} {reason}" for reason, count in excluded.items())
        print(f"{metric}; {counts[metric]['runs']} runs; left out: {left_out}")
    headline, by_seeds = arguments.metrics[0], [numbers[0].head(0).assign(seeds="")]
    for seeds in subsets(arguments.seeds):
        part = [each for each in files if each.facts["seed"] in seeds]
        found, _ = own_column(part, headline, cosines, of_experiments(pairs[pairs["seed"].isin(seeds)], part))
        by_seeds.append(ours(found).assign(metric=headline, seeds=named(seeds)))
    write_parquet(arguments.by_seeds, pd.concat(by_seeds, ignore_index=True))
    write_parquet(arguments.numbers, pd.concat(numbers, ignore_index=True))
    write_parquet(arguments.terms, pd.concat(terms, ignore_index=True))
    write_json(arguments.counts, counts)


def read_run(folder: Path) -> RunFiles:
    tables = [name for name in RunFiles._fields if name not in ("facts", "phase1")]
    facts, phase1 = read_json(folder / "run.json"), read_json(folder / "phase1.json")
    return RunFiles(*(read_parquet(folder / f"{name}.parquet") for name in tables), facts, phase1)


def of_experiments(pairs: pd.DataFrame, files: list[RunFiles]) -> pd.DataFrame:
    """Contrasts of experiments, from those of pairs of windows, with architecture and dataset."""
    contrasts = by_experiment(pairs)
    known = {each.facts["experiment"]: each.facts for each in files}
    facts = [known[experiment] for experiment in contrasts["experiment"]]
    return contrasts.assign(**{name: [each[name] for each in facts] for name in ("architecture", "dataset")})


def own_column(
    files: list[RunFiles], metric: str, cosines: pd.DataFrame, contrasts: pd.DataFrame
) -> tuple[dict[tuple[str, str], Quantity], dict[str, int]]:
    """Our quantities for one metric, and how many runs they leave out for which reason."""
    runs, excluded = own_runs([(each.trajectory, each.training, each.facts) for each in files], metric)
    if not runs:
        return {}, excluded
    by_name = {run_name(each.facts): each for each in files}

    def of(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["metric"] == metric]

    statistics = []
    for run in runs:
        each = by_name[run.name]
        summary = each.phase1["metrics"][metric]
        statistics.append(read(run, of(each.convergence), of(each.layers), of(each.critical), summary))
    detected = as_detected({run.name: of(by_name[run.name].jumps) for run in runs}, runs)
    kept = cosines[cosines["run"].isin([run.name for run in runs])]
    return quantities(own_tables(runs, statistics, detected, summary["level"], kept, contrasts)), excluded


def first_filters(folders: list[Path]) -> pd.DataFrame:
    """How alike the first filters of each CNN are at the steps of claim C16."""
    rows = []
    for folder in folders:
        facts = read_json(folder / "run.json")
        if facts["family"] == "cnn":
            chosen = [("quantity", "==", "weight_cosine")]
            measured = read_parquet(folder / "measurements.parquet", filters=chosen)
            steps = read_parquet(folder / "training.parquet", columns=["step"])["step"].to_numpy()
            about = {name: facts[name] for name in ("architecture", "dataset", "experiment", "seed")}
            rows.append({"run": run_name(facts), **about, **filter_cosines(measured, steps, facts["steps"])})
    return pd.DataFrame(rows, columns=["run", "architecture", "dataset", "experiment", "seed", *FILTER_PHASES])


if __name__ == "__main__":
    with readable_errors():
        main()
