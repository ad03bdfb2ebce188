"""Questions that no published claim asks: each answer with interval, null and word, and what was measured of every layer."""

import argparse
from pathlib import Path

import numpy as np

from common.arguments import between, to_path, whole
from common.files import read_json, read_parquet, readable_errors, write_parquet
from common.runs import run_folders
from repdyn.seeds import derive
from repdyn.study.exclusion import why_excluded
from repdyn.study.findings.layers import LAYER, Measured, measure_run
from repdyn.study.findings.study import answer_all, together


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=to_path, required=True, help="folder of all runs")
    parser.add_argument("--sheet", type=to_path, required=True, help="sample sheet, config/experiments.tsv")
    parser.add_argument("--seeds", type=whole(1), required=True)
    parser.add_argument("--metric", required=True)
    parser.add_argument("--level", type=between(0, 1), required=True, help="of the tests, and false-discovery rate")
    parser.add_argument("--findings", type=to_path, required=True, help="Parquet to write: a row per answer")
    parser.add_argument("--layers", type=to_path, required=True, help="Parquet to write: a row per layer and run")
    arguments = parser.parse_args()
    folders = run_folders(arguments.runs, arguments.sheet, arguments.seeds)
    facts = {folder: read_json(folder / "run.json") for folder in folders}
    kept = {folder: run for folder, run in facts.items() if why_excluded(run) is None}
    measured = [measure(folder, run, arguments.metric) for folder, run in kept.items()]
    found = answer_all(measured, list(kept.values()), arguments.level)
    write_parquet(arguments.findings, found.assign(metric=arguments.metric, excluded=len(facts) - len(kept)))
    write_parquet(arguments.layers, together([run.layers for run in measured], LAYER))
    print(found[["finding", "subject", "word"]].to_string(index=False))


def measure(folder: Path, facts: dict, metric: str) -> Measured:
    """The layers of a run, with surrogates of their own for it."""
    trajectory = read_parquet(folder / "trajectory.parquet", columns=["step", "layer", "depth", metric])
    gradients = read_parquet(folder / "training.parquet", columns=["step", "grad_norm"])["grad_norm"].to_numpy()
    rng = np.random.default_rng(derive("findings", facts["experiment"], facts["seed"]))
    return measure_run(trajectory, gradients, facts, metric, rng)


if __name__ == "__main__":
    with readable_errors():
        main()
