"""The five hand-picked jumps of one run on which C10, C13 and C14 rest."""

import numpy as np
import pandas as pd

from repdyn.audit.runs import TRANSFORMER, Run
from repdyn.errors import StudyError
from repdyn.timeseries.jump_types import jump_types

# Measurement index of the one jump that the authors drew without a seed: their published plan saves
# checkpoints at 101, 111, 121 (PHASE2_SUMMARY.md of the source repository; indices taken for steps, D03).
DRAWN = 111

FIVE = "five hand-picked jumps of one run, one drawn without a seed"
NO_LATE = "no jump is late under the published phase (D02)"


def five_types(jumps: pd.DataFrame) -> np.ndarray:
    """The five jump types of C05, as labels (n,)."""
    return jump_types(jumps[["phase", "magnitude", "speed"]].to_numpy(), k=5, seed=42, restarts=10)


def picked_jumps(jumps: pd.DataFrame, types: np.ndarray | None = None, drawn: int = DRAWN) -> pd.DataFrame:
    """The five jumps of transformer_deep_mnist on which C10, C13 and C14 rest, with a column `kind`.

    early: the two largest of jump type "5"; late: the two largest of type "4", or where the run has fewer
    than two (it has none) its two latest jumps; mid: one of type "3", drawn without a seed, here found again
    by its index `drawn`. Several jumps may share that moment (two do): all are returned, and the claims come
    out the same for each. Types are told apart by size: "5" is the third largest of the five, "4" the
    smallest, "3" the second largest.

    jumps: as published; types: their cluster labels. Raises StudyError where the plan does not fit the jumps.
    """
    types = five_types(jumps) if types is None else types
    by_size = np.argsort(-np.bincount(types), kind="stable")
    run = jumps.assign(type=types)[jumps["run"] == TRANSFORMER]
    early = run[run["type"] == by_size[2]].nlargest(2, "magnitude")
    late = run[run["type"] == by_size[4]].nlargest(2, "magnitude")
    if len(late) < 2:
        late = run.nlargest(2, "phase")
    mid = run[(run["type"] == by_size[1]) & (run["before"] == drawn)]
    if len(early) < 2 or mid.empty:
        raise StudyError(f"{TRANSFORMER} lacks the jumps of the published checkpoint plan")
    return pd.concat(part.assign(kind=kind) for kind, part in (("early", early), ("late", late), ("mid", mid)))


def over_picks(values, picked: pd.DataFrame) -> float:
    """Mean over the five picks; the candidates for the drawn one share its weight."""
    drawn = (picked["kind"] == "mid").to_numpy()
    weights = np.where(drawn, 1 / drawn.sum(), 1.0)
    return float(np.average(np.asarray(values, dtype=np.float64), weights=weights))


def checkpoint_window(before: pd.Series, run: Run) -> tuple[np.ndarray, np.ndarray]:
    """First and last measurement of the window around each jump: "10 steps" either side of its index i.

    As published: max(0, i - 10) // 5 and (i + 10) // 5, an index taken for a step (D03).
    """
    index = before.to_numpy()
    return np.maximum(index - 10, 0) // 5, np.minimum((index + 10) // 5, len(run.steps) - 1)
