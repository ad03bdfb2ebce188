"""Find candidates for jumps in one run, replay the training steps around each, and say which of them are jumps."""

from pathlib import Path

import numpy as np
import pandas as pd

from common.arguments import between, to_path, whole
from common.checkpoints import again, replay_through
from common.files import read_json, read_parquet, readable_errors, write_parquet
from common.run_setup import run_parser, run_settings, set_up
from repdyn.errors import StudyError
from repdyn.study.candidates import find_candidates, steps_to_measure, verify
from repdyn.training.measurements import Measurements
from repdyn.training.tracker import make_probe, representations

# Recorded and replayed measurements are equal to rounding on the kind of device that trained.
TOLERANCE = 1e-3


def main():
    arguments = parse()
    run, every = arguments.run, arguments.every
    facts = read_json(run / "run.json")
    trajectory = read_parquet(run / "trajectory.parquet", columns=["step", "layer", "depth", *arguments.metrics])
    key = (facts["experiment"], facts["seed"])
    searched = (facts["steps"], arguments.level, arguments.surrogates)
    found = [find_candidates(trajectory, metric, key, *searched) for metric in arguments.metrics]
    candidates = pd.concat(found, ignore_index=True)
    steps = steps_to_measure(candidates, every, facts["last_step"])
    measured = remeasured(arguments, steps) if steps else trajectory[:0]
    check(run, measured, trajectory, arguments.metrics)
    write_parquet(run / "candidates.parquet", verify(candidates, measured, every, facts["last_step"]))
    write_parquet(run / "candidate_steps.parquet", measured)


def remeasured(arguments, steps: list[int]) -> pd.DataFrame:
    """step, layer, depth and the metrics of all layers at training steps of the run, replayed from its checkpoints."""
    setup = set_up(arguments)
    model = setup.model
    probe = make_probe(*setup.splits["probe"], model.chunk, arguments.token_limit, getattr(model, "tokens", None))
    measurements = Measurements(model.tracked, setup.recipe.steps + 1)
    for step in replay_through(arguments.run, setup, steps, run_settings(arguments, setup.device)):
        measurements.add(step, list(representations(model, probe)[0].values()))
    return measurements.trajectory()[["step", "layer", "depth", *arguments.metrics]]


def check(run: Path, measured: pd.DataFrame, trajectory: pd.DataFrame, metrics: list[str]) -> None:
    """StudyError where a replayed measurement is not the one recorded while training."""
    both = measured.merge(trajectory, on=["step", "layer"], suffixes=("", "_recorded"))
    for metric in metrics:
        now, recorded = both[metric].to_numpy(), both[f"{metric}_recorded"].to_numpy()
        differs = ~np.isclose(now, recorded, rtol=TOLERANCE, atol=0, equal_nan=True)
        if differs.any():
            row = both[differs].iloc[0]
            raise StudyError(
                f"{run}, step {row['step']}, layer {row['layer']}: {metric} is {row[metric]:.6g} now and was "
                f"{row[f'{metric}_recorded']:.6g} in training; checkpoints, data or code are not those of the run; "
                f"{again(run)}"
            )


def parse():
    parser = run_parser(__doc__)
    parser.add_argument("--run", type=to_path, required=True, help="folder of the run; the tables are written there")
    parser.add_argument("--metrics", nargs="+", required=True)
    parser.add_argument(
        "--level", type=between(0, 0.5), required=True, help="of the detector: chance of any candidate in a layer"
    )
    parser.add_argument("--surrogates", type=whole(1), required=True, help="of its null")
    parser.add_argument("--every", type=whole(1), required=True, help="training steps between measurements")
    parser.add_argument(
        "--token-limit", type=whole(1), required=True, help="token rows of a representation matrix, at most"
    )
    return parser.parse_args()


if __name__ == "__main__":
    with readable_errors():
        main()
