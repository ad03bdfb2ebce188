"""The ledger of all claims: published, recomputed, repaired, null and our own runs, with a verdict each."""

import argparse
from pathlib import Path

import pandas as pd
import yaml

from common.files import read_json, readable_errors, write_json, write_parquet
from common.runs import run_folders
from repdyn.audit.filters import filter_cosines
from repdyn.audit.ledger import terminal, with_ours
from repdyn.audit.own import as_detected, own, own_runs, run_name
from repdyn.audit.phases import FILTER_PHASES


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True, help="folder of all runs")
    parser.add_argument("--sheet", type=Path, required=True, help="sample sheet, config/experiments.tsv")
    parser.add_argument("--seeds", type=int, required=True)
    parser.add_argument("--metrics", nargs="+", required=True, help="the first is that of the ledger")
    parser.add_argument("--audited", type=Path, required=True, help="ledger.csv as written by audit.py")
    parser.add_argument("--claims", type=Path, required=True)
    parser.add_argument("--ledger", type=Path, required=True, help="table to write")
    parser.add_argument("--verdicts", type=Path, required=True, help="JSON to write")
    arguments = parser.parse_args()
    claims = yaml.safe_load(arguments.claims.read_text(encoding="utf-8"))
    audited = pd.read_csv(arguments.audited)
    folders = run_folders(arguments.runs, arguments.sheet, arguments.seeds)
    tables = [read_run(folder) for folder in folders]
    cosines = first_filters(folders)
    level = read_json(folders[0] / "phase1.json")["level"]  # one configuration, one level
    ledgers, verdicts = {}, {}
    for metric in arguments.metrics:
        runs, excluded = own_runs([three for *three, _ in tables], metric)
        jumps = {run_name(facts): table[table["metric"] == metric] for *_, facts, table in tables}
        kept = cosines[cosines["run"].isin([run.name for run in runs])]
        ledgers[metric] = with_ours(audited, own(runs, level, as_detected(jumps, runs), kept), claims)
        told = ledgers[metric].drop_duplicates("claim").set_index("claim")[["title", "verdict", "reason"]]
        verdicts[metric] = {"runs": len(runs), "excluded": excluded, "claims": told.to_dict("index")}
    headline = arguments.metrics[0]
    write_parquet(arguments.ledger, ledgers[headline])
    write_json(arguments.verdicts, {"metric": headline, **verdicts[headline], "metrics": verdicts})
    left_out = ", ".join(f"{count} {reason}" for reason, count in verdicts[headline]["excluded"].items())
    print(f"{headline}; {verdicts[headline]['runs']} runs; left out: {left_out}\n{terminal(ledgers[headline], claims)}")


def read_run(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, dict, pd.DataFrame]:
    """Trajectory, training table, facts and jumps of one run."""
    trajectory, training, jumps = (
        pd.read_parquet(folder / f"{name}.parquet") for name in ("trajectory", "training", "jumps")
    )
    return trajectory, training, read_json(folder / "run.json"), jumps


def first_filters(folders: list[Path]) -> pd.DataFrame:
    """How alike the first filters of each CNN are at the steps of claim C16."""
    rows = []
    for folder in folders:
        facts = read_json(folder / "run.json")
        if facts["family"] == "cnn":
            chosen = [("quantity", "==", "weight_cosine")]
            measured = pd.read_parquet(folder / "measurements.parquet", filters=chosen)
            steps = pd.read_parquet(folder / "training.parquet", columns=["step"])["step"].to_numpy()
            about = {name: facts[name] for name in ("architecture", "experiment", "seed")}
            rows.append({"run": run_name(facts), **about, **filter_cosines(measured, steps, facts["steps"])})
    return pd.DataFrame(rows, columns=["run", "architecture", "experiment", "seed", *FILTER_PHASES])


if __name__ == "__main__":
    with readable_errors():
        main()
