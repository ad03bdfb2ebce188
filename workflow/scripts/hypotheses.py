"""What changes inside the networks at jumps: hypotheses with verdicts, and the measurements and windows of all runs."""

import argparse

import pandas as pd
import yaml

from common.arguments import to_path, whole
from common.files import read_json, read_parquet, readable_errors, write_parquet
from common.runs import run_folders
from repdyn.study.exclusion import why_excluded
from repdyn.study.hypotheses import PAIR_COLUMNS, by_experiment, by_family, evaluate, run_contrasts
from repdyn.study.phase2 import WINDOW_COLUMNS, run_means, run_windows, summarise

# The rest of the table is not read: it is large, and the experiment and seed are those of the folder.
COLUMNS = ["step", "reference", "layer", "unit", "quantity", "value", "null_mean"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=to_path, required=True, help="folder of all runs")
    parser.add_argument("--sheet", type=to_path, required=True, help="sample sheet, config/experiments.tsv")
    parser.add_argument("--seeds", type=whole(1), required=True)
    parser.add_argument("--declared", type=to_path, required=True, help="config/hypotheses.yaml")
    parser.add_argument("--hypotheses", type=to_path, required=True, help="Parquet to write: tests and verdicts")
    parser.add_argument(
        "--contrasts", type=to_path, required=True, help="Parquet to write: contrasts of every pair of windows"
    )
    parser.add_argument("--measurements", type=to_path, required=True, help="Parquet to write: means over experiments")
    parser.add_argument("--moments", type=to_path, required=True, help="Parquet to write: event windows of all runs")
    arguments = parser.parse_args()
    declared = by_family(yaml.safe_load(arguments.declared.read_text(encoding="utf-8")))
    runs, moments, pairs, means = [], [], [], []
    for folder in run_folders(arguments.runs, arguments.sheet, arguments.seeds):
        facts, planned = read_json(folder / "run.json"), read_json(folder / "moments.json")
        run = {name: facts[name] for name in ("experiment", "seed", "family")}
        excluded = why_excluded(facts) is not None
        runs.append(run | {"excluded": excluded})
        moments.append(run_windows(planned, facts["family"], excluded))
        if excluded:
            continue
        table = read_parquet(folder / "measurements.parquet", COLUMNS)
        means.append(run_means(table, planned).assign(**run))
        for hypothesis in declared:
            if hypothesis.family == facts["family"]:
                found = run_contrasts(table, planned, hypothesis)
                pairs.append(found.assign(hypothesis=hypothesis.id, **run))
    contrasts = joined(pairs, PAIR_COLUMNS)
    write_parquet(arguments.hypotheses, evaluate(by_experiment(contrasts), declared, pd.DataFrame(runs)))
    write_parquet(arguments.contrasts, contrasts)
    measured = ("quantity", "phase", "value", "null_mean", "experiment", "seed", "family")
    write_parquet(arguments.measurements, summarise(joined(means, measured)))
    write_parquet(arguments.moments, joined(moments, WINDOW_COLUMNS))


def joined(tables: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    """Tables below each other; one without rows, of these columns, where there are none."""
    filled = [table[list(columns)] for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)


if __name__ == "__main__":
    with readable_errors():
        main()
