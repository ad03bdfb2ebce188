"""The published phase-1 claims recomputed from the published trajectories, one function per claim.

Every function serves two columns of the ledger. *As published*: the definitions of the published scripts,
defects included, so that every printed digit must come out. *Repaired*: the same statistic on the same runs
with the true stable rank (D01) and the true phase (D02). Everything else stays as it was, unless a function
says otherwise, so that the difference between the columns is the effect of those two defects. No nulls and no
verdicts here.

The numbers are in the units in which they were printed (percent where the claim says percent).
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from .convergence import convergence_order, convergence_pattern, stabilisation_step
from .critical import coordination, critical_steps, loss_coupling, transition_steps
from .errors import StudyError
from .jump_types import jump_types, type_sizes
from .jumps import zscore_jumps
from .series import evaluable, layer_series

FAMILIES = ("transformer", "cnn", "mlp")
# The runs that the published study singled out.
TRANSFORMER, CNN, MLP = "transformer_deep_mnist", "cnn_deep_mnist", "mlp_narrow_mnist"
FIRST_CONVOLUTION = "conv_layers.0"
PATTERNS = ("unclear", "bottom-up", "top-down", "simultaneous")

# Measurement index of the one jump that the authors drew without a seed: their published plan saves
# checkpoints at 101, 111, 121 (PHASE2_SUMMARY.md of the source repository; indices taken for steps, D03).
DRAWN = 111

FIVE = "five hand-picked jumps of one run, one drawn without a seed"
NO_LATE = "no jump is late under the published phase (D02)"
PUBLISHED_NOTES = {
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
REPAIRED_NOTES = {
    "C01": "D01; layer order from the module graph; an undefined rho is not evaluable",
    "C02": "D01",
    "C06": "D01",
    "C07": "D01",
    "C08": "D01",
    "C09": "D01, D02, and the look-up of the loss (D03)",
    "C10": "D01",
    "C11": "D01",
    "C12": "D01",
    "C13": "D01, D02, and the look-up of the loss (D03)",
}


class Run(NamedTuple):
    """One published run as arrays: T measurements, L layers by depth."""

    name: str
    family: str
    steps: np.ndarray  # (T,)
    total_steps: int
    layers: list[str]
    values: np.ndarray  # (T, L) the dimensionality under study
    evaluable: np.ndarray  # (L,) bool
    loss: np.ndarray  # (T,) loss of the training batch


# --- The two columns ---


def as_published(logs: dict[str, tuple]) -> pd.DataFrame:
    """The ledger's second column: published definitions, defects included.

    logs: run name -> what `published_logs.parse_log` returned for it. Returns claim, quantity, value, note; a
    value is NaN where the quantity cannot be derived or does not exist, and the note says why.
    """
    runs = _runs(logs, "published_stable_rank", published=True)
    jumps = published_jumps(runs)
    types = _types(jumps)
    picked = picked_jumps(jumps, types)
    claims = {
        "C01": c01_convergence(runs, published=True),
        "C02": c02_jumps(jumps),
        "C03": c03_timing(jumps) | c03_later_table(jumps),
        "C04": c04_families(jumps),
        "C05": c05_types(types),
        "C06": c06_critical_periods(runs),
        "C07": c07_coordination(runs),
        "C08": c08_loss_coupling(runs),
        "C09": c09_falling_loss(jumps, runs, published=True),
        "C10": c10_picked(picked) | c10_feedforward(jumps),
        "C11": c11_first_convolution(jumps),
        "C12": c12_cnn_over_mlp(jumps, runs),
        "C13": c13_picked(picked, runs) | c13_loss_change(jumps, runs, published=True),
        "C14": c14_picked(picked, runs) | c14_layers_changing(jumps, runs),
        "C15": c15_late_jumps(jumps),
        "C16": dict.fromkeys(("cosine_100_1000", "cosine_1000_2000"), np.nan),
        "C17": dict.fromkeys(("correlation", "measurements"), np.nan),
    }
    return _table(claims, PUBLISHED_NOTES)


def repaired(logs: dict[str, tuple]) -> pd.DataFrame:
    """The ledger's third column: the same statistics with the true stable rank (D01) and true phase (D02).

    Arguments and columns as in `as_published`; C01..C09, C11, C12, C15, and the all-jump forms of C10 and
    C13.
    """
    runs = _runs(logs, "stable_rank_uncentred", published=False)
    jumps = true_jumps(runs)
    claims = {
        "C01": c01_convergence(runs, published=False),
        "C02": c02_jumps(jumps),
        "C03": c03_timing(jumps),
        "C04": c04_families(jumps),
        "C05": c05_types(_types(jumps)),
        "C06": c06_critical_periods(runs),
        "C07": c07_coordination(runs),
        "C08": c08_loss_coupling(runs),
        "C09": c09_falling_loss(jumps, runs, published=False),
        "C10": c10_feedforward(jumps),
        "C11": c11_first_convolution(jumps),
        "C12": c12_cnn_over_mlp(jumps, runs),
        "C13": c13_loss_change(jumps, runs, published=False),
        "C15": c15_late_jumps(jumps),
    }
    return _table(claims, {claim: REPAIRED_NOTES.get(claim, "D01, D02") for claim in claims})


def ledger(logs: dict[str, tuple]) -> pd.DataFrame:
    """Both columns side by side: claim, quantity, as_published, repaired, note_published, note_repaired."""
    key = ["claim", "quantity"]
    published = as_published(logs).rename(columns={"value": "as_published", "note": "note_published"})
    mended = repaired(logs).rename(columns={"value": "repaired", "note": "note_repaired"})
    # All quantities in the order in which the claims list them; an outer merge would sort them.
    rows = pd.concat([published[key], mended[key]]).drop_duplicates().sort_values("claim", kind="stable")
    rows = rows.merge(published, on=key, how="left").merge(mended, on=key, how="left")
    rows = rows.fillna({"note_published": "", "note_repaired": ""})
    return rows[[*key, "as_published", "repaired", "note_published", "note_repaired"]]


# --- Jumps under the two definitions ---


def published_jumps(runs: list[Run]) -> pd.DataFrame:
    """All jumps as published: phase = index of the measurement before the change / 2000 (D02).

    One row per jump: run, family, layer, before, phase, magnitude, speed, in the published order (run, layer
    alphabetically, time), on which the random starts of k-means depend.
    """
    jumps = true_jumps(runs)
    total = {run.name: run.total_steps for run in runs}
    return jumps.assign(phase=jumps["before"] / jumps["run"].map(total))


def true_jumps(runs: list[Run]) -> pd.DataFrame:
    """All |z| > 2 jumps with phase = step / total steps; columns and order as in `published_jumps`."""
    frames = []
    for run in runs:
        found = zscore_jumps(run.steps, run.values, total_steps=run.total_steps, evaluable=run.evaluable)
        found["layer"] = np.array(run.layers, dtype=object)[found["layer"]]
        frames.append(found.assign(run=run.name, family=run.family))
    jumps = pd.concat(frames, ignore_index=True).sort_values(["run", "layer", "before"], ignore_index=True)
    return jumps[["run", "family", "layer", "before", "phase", "magnitude", "speed"]]


def timing(phase: pd.Series) -> pd.Series:
    """early: phase < 0.1; mid: 0.1 to 0.5; late: > 0.5."""
    labels = np.select([phase < 0.1, phase <= 0.5], ["early", "mid"], "late")
    return pd.Series(labels, index=phase.index)


def later_timing(phase: pd.Series) -> pd.Series:
    """The bins of a later published table, (0, 0.1], (0.1, 0.5], (0.5, 1]: phase 0 drops out as "" (D14)."""
    labels = np.select([phase <= 0, phase <= 0.1, phase <= 0.5], ["", "early", "mid"], "late")
    return pd.Series(labels, index=phase.index)


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


# --- The claims ---


def c01_convergence(runs: list[Run], published: bool) -> dict[str, float]:
    """Runs whose layers are all stable at step 0, and runs by convergence pattern.

    Published: layer index from the name (`_published_index`), an undefined rho counts as "unclear" (D05).
    Repaired: depth in the module graph, an undefined rho counts as "not evaluable".
    """
    at_zero, patterns = 0, []
    for run in runs:
        when = stabilisation_step(run.steps, run.values, window=20, tolerance=0.1, evaluable=run.evaluable)
        if published:
            when[when == run.steps[-20]] = np.nan  # the published loop ends one window early
        at_zero += bool((when == run.steps[0]).all())
        index = [_published_index(layer) for layer in run.layers] if published else range(len(run.layers))
        pattern = convergence_pattern(*convergence_order(np.array(index), when))
        patterns.append("unclear" if published and pattern == "not evaluable" else pattern)
    names = PATTERNS if published else (*PATTERNS, "not evaluable")
    counts = {name.replace("-", "_").replace(" ", "_"): patterns.count(name) for name in names}
    return {"runs_stable_at_zero": at_zero} | counts


def c02_jumps(jumps: pd.DataFrame) -> dict[str, float]:
    """Number of jumps, and by family."""
    return {"total": len(jumps)} | _by_family(jumps, lambda part: len(part))


def c03_timing(jumps: pd.DataFrame) -> dict[str, float]:
    """Jumps before 10 %, between 10 and 50 %, and after 50 % of training: number and percent."""
    when = timing(jumps["phase"])
    counts = {name: int((when == name).sum()) for name in ("early", "mid", "late")}
    return counts | {f"{name}_percent": 100 * count / len(jumps) for name, count in counts.items()}


def c03_later_table(jumps: pd.DataFrame) -> dict[str, float]:
    """The same counts in the bins of the later table, which lost phase 0 (D14)."""
    when = later_timing(jumps["phase"])
    return {f"{name}_later_table": int((when == name).sum()) for name in ("early", "mid", "late")}


def c04_families(jumps: pd.DataFrame) -> dict[str, float]:
    """Percent of a family's jumps that are early, and their mean phase."""
    early = _by_family(jumps, lambda part: 100 * (timing(part["phase"]) == "early").mean())
    phase = _by_family(jumps, lambda part: part["phase"].mean())
    return {f"early_percent_{f}": early[f] for f in early} | {f"mean_phase_{f}": phase[f] for f in phase}


def c05_types(types: np.ndarray) -> dict[str, float]:
    """Sizes of five k-means clusters of (phase, magnitude, speed), largest first (k is an input: D15)."""
    return {f"size_{rank}": size for rank, size in enumerate(type_sizes(types), start=1)}


def c06_critical_periods(runs: list[Run]) -> dict[str, float]:
    """Critical steps and transitions, counted over all layers of a run, averaged over runs."""
    critical = [critical_steps(run.values, evaluable=run.evaluable).sum() for run in runs]
    transitions = [transition_steps(run.values, evaluable=run.evaluable).sum() for run in runs]
    return _means("critical", critical, runs) | _means("transitions", transitions, runs)


def c07_coordination(runs: list[Run]) -> dict[str, float]:
    """Mean share of layers critical at a measurement, and runs with a "strong" moment.

    Averaged over T points though there are T - 1 differences, as published. Strong: the largest share > 0.3
    and the run's loss coupling > 0.3 (D06).
    """
    mean, strong = [], 0
    for run, coupling in zip(runs, _loss_couplings(runs), strict=True):
        score = coordination(critical_steps(run.values, evaluable=run.evaluable))
        mean.append(score.sum() / len(run.steps))
        strong += bool(score.max() > 0.3 and coupling > 0.3)
    return _means("mean", mean, runs) | {"strong_runs": strong}


def c08_loss_coupling(runs: list[Run]) -> dict[str, float]:
    """Share of critical steps with falling loss, mean over layers, then over runs (D07)."""
    return _means("mean", _loss_couplings(runs), runs)


def c09_falling_loss(jumps: pd.DataFrame, runs: list[Run], published: bool) -> dict[str, float]:
    """Percent of early, mid and late jumps at which the loss falls, mean over the three selected runs (D10).

    Published: bins of D14, loss looked up at measurement index // 5 (D03). Repaired: bins of C03, loss looked
    up at the jump itself. The loss is compared two measurements before and after; NaN where no run has such a
    jump.
    """
    loss = _loss_changes(jumps[jumps["run"].isin([TRANSFORMER, CNN, MLP])], runs, published)
    shares = (loss["change"] < 0).groupby([loss["timing"], loss["run"]]).mean().groupby("timing").mean()
    return {f"{name}_percent": 100 * shares.get(name, np.nan) for name in ("early", "mid", "late")}


def c10_picked(picked: pd.DataFrame) -> dict[str, float]:
    """Percent of the five picked jumps in `linear2` and in `linear1`: n = 5 (D08)."""
    kind = picked["layer"].str.rpartition(".")[2]
    return {f"{layer}_percent": 100 * _over_picks(kind == layer, picked) for layer in ("linear2", "linear1")}


def c10_feedforward(jumps: pd.DataFrame) -> dict[str, float]:
    """Percent of jumps in `linear2` and `linear1`, over all jumps of transformer_deep_mnist and its family.

    Both are halves of the feed-forward block; no attention output was ever measured (D08).
    """
    shares = {}
    for label, part in (
        ("run", jumps[jumps["run"] == TRANSFORMER]),
        ("family", jumps[jumps["family"] == "transformer"]),
    ):
        kind = part["layer"].str.rpartition(".")[2]
        for layer in ("linear2", "linear1"):
            shares[f"{layer}_percent_all_jumps_{label}"] = 100 * (kind == layer).mean()
    return shares


def c11_first_convolution(jumps: pd.DataFrame) -> dict[str, float]:
    """Percent of cnn_deep_mnist's jumps in its first convolution, and the same over all CNN runs."""
    one, family = jumps[jumps["run"] == CNN], jumps[jumps["family"] == "cnn"]
    return {
        "first_convolution_percent": 100 * (one["layer"] == FIRST_CONVOLUTION).mean(),
        "first_convolution_percent_all_cnn": 100 * (family["layer"] == FIRST_CONVOLUTION).mean(),
    }


def c12_cnn_over_mlp(jumps: pd.DataFrame, runs: list[Run]) -> dict[str, float]:
    """Jumps of cnn_deep_mnist over those of mlp_narrow_mnist, and what D10 misses: all runs, per layer."""
    cnn, mlp = (jumps["run"] == CNN).sum(), (jumps["run"] == MLP).sum()
    layers = {family: sum(len(run.layers) for run in runs if run.family == family) for family in FAMILIES}
    total = _by_family(jumps, lambda part: len(part))
    return {
        "cnn_jumps": cnn,
        "mlp_jumps": mlp,
        "ratio": cnn / mlp,
        "ratio_all_runs": total["cnn"] / total["mlp"],
        "ratio_per_layer_all_runs": (total["cnn"] / layers["cnn"]) / (total["mlp"] / layers["mlp"]),
    }


def c13_picked(picked: pd.DataFrame, runs: list[Run]) -> dict[str, float]:
    """Mean change of the loss over the checkpoint window of the early and the late picks: n = 2 each
    (D08)."""
    run = next(run for run in runs if run.name == TRANSFORMER)
    changes = {}
    for kind in ("early", "late"):
        first, last = _checkpoint_window(picked.loc[picked["kind"] == kind, "before"], run)
        changes[kind] = (run.loss[last] - run.loss[first]).mean()
    return changes


def c13_loss_change(jumps: pd.DataFrame, runs: list[Run], published: bool) -> dict[str, float]:
    """Mean change of the loss at early and at late jumps, over all jumps of the run and of the family.

    Timing and look-up as in `c09_falling_loss`. Published phases never reach "late" (D02), so mid is given
    too.
    """
    changes = {}
    for label, part in (
        ("run", jumps[jumps["run"] == TRANSFORMER]),
        ("family", jumps[jumps["family"] == "transformer"]),
    ):
        loss = _loss_changes(part, runs, published)
        mean = loss.groupby("timing")["change"].mean()
        for name in ("early", "mid", "late"):
            changes[f"{name}_all_jumps_{label}"] = mean.get(name, np.nan)
    return changes


def c14_picked(picked: pd.DataFrame, runs: list[Run]) -> dict[str, float]:
    """Percent of layers changing at the five picked jumps, as in `c14_layers_changing`."""
    run = next(run for run in runs if run.name == TRANSFORMER)
    return {"coordination_percent": 100 * _over_picks(_changing_share(picked["before"], run), picked)}


def c14_layers_changing(jumps: pd.DataFrame, runs: list[Run]) -> dict[str, float]:
    """Percent of layers whose stable rank changes by more than 1e-9 around a jump, mean over all jumps.

    The threshold belongs to the degenerate metric (D01): there is no repaired form.
    """
    shares = {}
    for label, chosen in (("run", [TRANSFORMER]), ("family", _names(runs, "transformer"))):
        share = [
            _changing_share(jumps.loc[jumps["run"] == run.name, "before"], run) for run in runs if run.name in chosen
        ]
        shares[f"coordination_percent_all_jumps_{label}"] = 100 * np.concatenate(share).mean()
    return shares


def c15_late_jumps(jumps: pd.DataFrame) -> dict[str, float]:
    """The count on which both verdicts of the published study rest: jumps after 50 % of training."""
    return {"late_jumps": int((timing(jumps["phase"]) == "late").sum())}


# --- Helpers ---


def _runs(logs: dict[str, tuple], metric: str, published: bool) -> list[Run]:
    """The logs as arrays, by name. The published definitions analyse constant series too."""
    runs = []
    for name, (trajectory, training, facts) in sorted(logs.items()):
        steps, layers, values = layer_series(trajectory, metric)
        if not np.array_equal(training["step"], steps):
            raise StudyError(f"{name}: trajectory and training table have different steps")
        usable = np.ones(len(layers), dtype=bool) if published else evaluable(values)
        loss = training["loss"].to_numpy(np.float64)
        runs.append(Run(name, facts["family"], steps, facts["total_steps"], layers, values, usable, loss))
    missing = {TRANSFORMER, CNN, MLP} - {run.name for run in runs}
    if missing:
        raise StudyError(f"the audit needs the runs {', '.join(sorted(missing))}")
    return runs


def _published_index(layer: str) -> int:
    """Layer index as published: last dotted part if it is a number, else 999; without a dot, its digits."""
    last = layer.rpartition(".")[2]
    if "." in layer:
        return int(last) if last.isdigit() else 999
    return int("".join(filter(str.isdigit, layer)) or 999)


def _loss_couplings(runs: list[Run]) -> list[float]:
    """Loss coupling of each run: mean over layers, a layer without critical steps counting 0 as published."""
    return [
        np.nan_to_num(loss_coupling(critical_steps(run.values, evaluable=run.evaluable), run.loss)).mean()
        for run in runs
    ]


def _loss_changes(jumps: pd.DataFrame, runs: list[Run], published: bool) -> pd.DataFrame:
    """loss[j + 2] - loss[j - 2] at each jump with a timing and j > 2, j + 2 < T: run, timing, change.

    j is the measurement index i of the jump; published: i // 5, an index taken for a step (D03).
    """
    frames = []
    for run in runs:
        part = jumps[jumps["run"] == run.name]
        when = (later_timing if published else timing)(part["phase"]).to_numpy()
        j = part["before"].to_numpy() // (5 if published else 1)
        used = (j > 2) & (j + 2 < len(run.loss)) & (when != "")
        j = j[used]
        frames.append(
            pd.DataFrame({"run": run.name, "timing": when[used], "change": run.loss[j + 2] - run.loss[j - 2]})
        )
    return pd.concat([frame for frame in frames if len(frame)], ignore_index=True)


def _by_family(jumps: pd.DataFrame, statistic) -> dict[str, float]:
    return {family: statistic(jumps[jumps["family"] == family]) for family in FAMILIES}


def _names(runs: list[Run], family: str) -> list[str]:
    return [run.name for run in runs if run.family == family]


def _means(name: str, per_run: list[float], runs: list[Run]) -> dict[str, float]:
    """Mean over all runs as `name`, and over the runs of each family as `name`_<family>."""
    values = np.asarray(per_run, dtype=np.float64)
    family = np.array([run.family for run in runs])
    return {name: values.mean()} | {f"{name}_{each}": values[family == each].mean() for each in FAMILIES}


def _types(jumps: pd.DataFrame) -> np.ndarray:
    """The five jump types of C05, as labels (n,)."""
    return jump_types(jumps[["phase", "magnitude", "speed"]].to_numpy(), k=5, seed=42, restarts=10)


def _checkpoint_window(before: pd.Series, run: Run) -> tuple[np.ndarray, np.ndarray]:
    """First and last measurement of the window around each jump: "10 steps" either side of its index i.

    As published: max(0, i - 10) // 5 and (i + 10) // 5, an index taken for a step (D03).
    """
    index = before.to_numpy()
    return np.maximum(index - 10, 0) // 5, np.minimum((index + 10) // 5, len(run.steps) - 1)


def _changing_share(before: pd.Series, run: Run) -> np.ndarray:
    """Share of layers that change by more than 1e-9 across the window around each jump."""
    first, last = _checkpoint_window(before, run)
    return (np.abs(run.values[last] - run.values[first]) > 1e-9).mean(axis=1)


def _over_picks(values, picked: pd.DataFrame) -> float:
    """Mean over the five picks; the candidates for the drawn one share its weight."""
    drawn = (picked["kind"] == "mid").to_numpy()
    weights = np.where(drawn, 1 / drawn.sum(), 1.0)
    return float(np.average(np.asarray(values, dtype=np.float64), weights=weights))


def _table(claims: dict[str, dict], notes: dict) -> pd.DataFrame:
    """Tidy frame of claim, quantity, value, note; notes are keyed by (claim, quantity) or by claim."""
    rows = [
        (claim, quantity, float(value), notes.get((claim, quantity), notes.get(claim, "")))
        for claim, quantities in claims.items()
        for quantity, value in quantities.items()
    ]
    return pd.DataFrame(rows, columns=["claim", "quantity", "value", "note"])
