"""Does a layer change more where the batch gradient is large? The correlation of `following`, a mean over layers.

Null: the gradient norms of each run shifted against its dimensions, every run by a shift of its own.
"""

import numpy as np
import pandas as pd

from repdyn.statistics.two_way_mean import two_way_mean
from repdyn.study.findings.answers import Answer
from repdyn.study.findings.families import by_family

FINDING = "gradients"
DRAWS = 9999


def answers(layers: pd.DataFrame, shifted: dict[tuple[str, int], np.ndarray], rng) -> list[Answer]:
    """layers: as `layers.measure_run` gives them, of all runs; shifted: by (experiment, seed), its third part."""
    return [_answer(rows, subject, shifted, rng) for subject, rows in by_family(layers)]


def _answer(rows: pd.DataFrame, subject: str, shifted: dict, rng) -> Answer:
    tested = rows[rows["following"].notna()]
    found = two_way_mean(tested, "following")
    says = "rank correlation of the size of a layer's changes with the norm of the batch gradient, beyond the trends of both"
    answer = Answer(
        FINDING, subject, says, "rank correlation (-1 to 1)", "layer", len(tested), found.runs, found.experiments,
        found.value, found.low, found.high, "gradient norms shifted in time",
        why="too few measurements per run" if tested.empty else "fewer than three experiments",
    )  # fmt: skip
    if tested.empty:
        return answer
    runs = tested.drop_duplicates(["experiment", "seed"])
    seeds = runs.groupby("experiment")["seed"].transform("size")
    null = sum(
        rng.choice(shifted[run.experiment, run.seed], DRAWS) / (number * found.experiments)
        for run, number in zip(runs.itertuples(), seeds, strict=True)
    )
    low, high = np.quantile(null, [0.025, 0.975])
    p = (1 + (null >= found.value).sum()) / (1 + DRAWS)
    return answer._replace(null_mean=null.mean(), null_low=low, null_high=high, p=p)
