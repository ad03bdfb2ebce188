"""The ledger's first computed column: the published definitions, defects included, on the published logs.

Every printed digit must come out; tests demand it. Numbers are in the units in which they were printed.
"""

import numpy as np
import pandas as pd

from repdyn.audit import claims
from repdyn.audit.runs import TRANSFORMER, Run, published_runs, tidy
from repdyn.audit.timing import published_jumps
from repdyn.errors import StudyError

# Measurement index of the one jump that the authors drew without a seed: their published plan saves
# checkpoints at 101, 111, 121 (PHASE2_SUMMARY.md of the source repository; indices taken for steps, D03).
DRAWN = 111

FIVE = "five hand-picked jumps of one run, one drawn without a seed"
NO_LATE = "no jump is late under the published phase (D02)"
NOTES = {
    ("C09", "late_percent"): NO_LATE,
    ("C10", "linear2_percent"): f"{FIVE} and known from the published plan; other draws give 80 or 100",
    ("C10", "linear1_percent"): f"{FIVE}; 0 whatever the draw",
    ("C13", "early"): f"two of {FIVE}; the drawn one is not among them",
    ("C13", "late"): f"two of {FIVE}; the drawn one is not among them",
    ("C13", "late_all_jumps_run"): NO_LATE,
    ("C13", "late_all_jumps_family"): NO_LATE,
    ("C14", "coordination_percent"): f"{FIVE}; 0 whatever the draw",
    "C16": "not derivable: rests on weight checkpoints of a separate run that were not published",
    "C17": "not derivable: from the authors' later version, whose detector settings were not published",
}


def as_published(logs: dict[str, tuple]) -> pd.DataFrame:
    """The ledger's second column: published definitions, defects included.

    logs: run name -> what `published_logs.parse_log` returned for it. Returns claim, quantity, value, note; a
    value is NaN where the quantity cannot be derived or does not exist, and the note says why.
    """
    runs = published_runs(logs, "published_stable_rank", published=True)
    jumps = published_jumps(runs)
    types = claims.five_types(jumps)
    picked = picked_jumps(jumps, types)
    columns = {
        "C01": claims.c01_convergence(runs, published=True),
        "C02": claims.c02_jumps(jumps),
        "C03": claims.c03_timing(jumps) | claims.c03_later_table(jumps),
        "C04": claims.c04_families(jumps),
        "C05": claims.c05_types(types),
        "C06": claims.c06_critical_periods(runs),
        "C07": claims.c07_coordination(runs),
        "C08": claims.c08_loss_coupling(runs),
        "C09": claims.c09_falling_loss(jumps, runs, published=True),
        "C10": c10_picked(picked) | claims.c10_feedforward(jumps),
        "C11": claims.c11_first_convolution(jumps),
        "C12": claims.c12_cnn_over_mlp(jumps, runs),
        "C13": c13_picked(picked, runs) | claims.c13_loss_change(jumps, runs, published=True),
        "C14": c14_picked(picked, runs) | claims.c14_layers_changing(jumps, runs),
        "C15": claims.c15_late_jumps(jumps),
        "C16": dict.fromkeys(("cosine_100_1000", "cosine_1000_2000"), np.nan),
        "C17": dict.fromkeys(("correlation", "measurements"), np.nan),
    }
    return tidy(columns, NOTES)


def picked_jumps(jumps: pd.DataFrame, types: np.ndarray, drawn: int = DRAWN) -> pd.DataFrame:
    """The five jumps of transformer_deep_mnist on which C10, C13 and C14 rest, with a column `kind`.

    early: the two largest of jump type "5"; late: the two largest of type "4", or where the run has fewer
    than two (it has none) its two latest jumps; mid: one of type "3", drawn without a seed, here found again
    by its index `drawn`. Several jumps may share that moment (two do): all are returned, and the claims come
    out the same for each. Types are told apart by size: "5" is the third largest of the five, "4" the
    smallest, "3" the second largest.

    jumps: as published; types: their cluster labels. Raises StudyError where the plan does not fit the jumps.
    """
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


def c10_picked(picked: pd.DataFrame) -> dict[str, float]:
    """Percent of the five picked jumps in `linear2` and in `linear1`: n = 5 (D08)."""
    kind = picked["layer"].str.rpartition(".")[2]
    return {f"{layer}_percent": 100 * _over_picks(kind == layer, picked) for layer in ("linear2", "linear1")}


def c13_picked(picked: pd.DataFrame, runs: list[Run]) -> dict[str, float]:
    """Mean change of the loss over the checkpoint window of the early and the late picks: n = 2 each
    (D08)."""
    run = next(run for run in runs if run.name == TRANSFORMER)
    changes = {}
    for kind in ("early", "late"):
        first, last = claims.checkpoint_window(picked.loc[picked["kind"] == kind, "before"], run)
        changes[kind] = (run.loss[last] - run.loss[first]).mean()
    return changes


def c14_picked(picked: pd.DataFrame, runs: list[Run]) -> dict[str, float]:
    """Percent of layers changing at the five picked jumps, as in `c14_layers_changing`."""
    run = next(run for run in runs if run.name == TRANSFORMER)
    return {"coordination_percent": 100 * _over_picks(claims.changing_share(picked["before"], run), picked)}


def _over_picks(values, picked: pd.DataFrame) -> float:
    """Mean over the five picks; the candidates for the drawn one share its weight."""
    drawn = (picked["kind"] == "mid").to_numpy()
    weights = np.where(drawn, 1 / drawn.sum(), 1.0)
    return float(np.average(np.asarray(values, dtype=np.float64), weights=weights))
