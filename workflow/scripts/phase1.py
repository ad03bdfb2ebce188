"""Statistics of one run beside their nulls: convergence, jumps, critical periods, coordination and loss coupling."""

import argparse

import pandas as pd

from common.arguments import between, to_path, whole
from common.files import read_json, read_parquet, readable_errors, write_json, write_parquet
from repdyn.study.phase1 import Settings, analyse


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=to_path, required=True, help="folder of the run; the tables are written there")
    parser.add_argument("--metrics", nargs="+", required=True, help="the first is the headline")
    parser.add_argument(
        "--threshold", type=between(0), required=True, help="|z| of a difference that the published rule calls a jump"
    )
    parser.add_argument("--window", type=whole(1), required=True, help="measurements of a quiet window")
    parser.add_argument("--tolerance", type=between(0, 1), required=True)
    parser.add_argument(
        "--quantile", type=between(0, 1), required=True, help="of |velocity| above which a step is critical"
    )
    parser.add_argument("--surrogates", type=whole(1), required=True, help="of every null")
    parser.add_argument("--level", type=between(0, 0.5), required=True, help="of every test of a layer")
    arguments = parser.parse_args()
    facts = read_json(arguments.run / "run.json")
    settings = Settings(**{name: getattr(arguments, name) for name in Settings._fields})
    trajectory = read_parquet(
        arguments.run / "trajectory.parquet", columns=["step", "layer", "depth", *arguments.metrics]
    )
    training = read_parquet(arguments.run / "training.parquet", columns=["step", "probe_loss"])
    candidates = read_parquet(arguments.run / "candidates.parquet", held=("metric", "layer", "step", "jump"))
    key = (facts["experiment"], facts["seed"])
    results = [
        analyse(trajectory, training, candidates[candidates["metric"] == metric], metric, key, facts["steps"], settings)
        for metric in arguments.metrics
    ]
    for name in ("convergence", "layers", "jumps", "critical"):
        table = pd.concat([getattr(result, name) for result in results], ignore_index=True)
        write_parquet(arguments.run / f"{name}.parquet", table)
    sections = {result.summary["metric"]: result.summary for result in results}
    write_json(arguments.run / "phase1.json", {**results[0].summary, "metrics": sections})


if __name__ == "__main__":
    with readable_errors():
        main()
