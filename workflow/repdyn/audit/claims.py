"""The published statistics, one function per claim; `published` and `repaired` call them for their columns."""

import numpy as np
import pandas as pd

from repdyn.audit.runs import CNN, FAMILIES, MLP, TRANSFORMER, Run, by_family, means, names_of
from repdyn.audit.timing import BINS, later_timing, timing
from repdyn.timeseries.convergence import convergence_order, convergence_pattern, stabilisation_step
from repdyn.timeseries.critical_steps import coordination, critical_steps, loss_coupling, transition_steps
from repdyn.timeseries.jump_types import jump_types, type_sizes

FIRST_CONVOLUTION = "conv_layers.0"
PATTERNS = ("unclear", "bottom-up", "top-down", "simultaneous")


def c01_convergence(runs: list[Run], published: bool) -> dict[str, float]:
    """Runs whose layers are all stable at step 0, and runs by convergence pattern.

    Published: layer index from the name (`published_index`), an undefined rho counts as "unclear" (D05).
    Repaired: depth in the module graph, an undefined rho counts as "not evaluable".
    """
    at_zero, patterns = 0, []
    for run in runs:
        when = stabilisation_step(run.steps, run.values, window=20, tolerance=0.1, evaluable=run.evaluable)
        if published:
            when[when == run.steps[-20]] = np.nan  # the published loop ends one window early
        at_zero += bool((when == run.steps[0]).all())
        index = [published_index(layer) for layer in run.layers] if published else range(len(run.layers))
        pattern = convergence_pattern(*convergence_order(np.array(index), when))
        patterns.append("unclear" if published and pattern == "not evaluable" else pattern)
    names = PATTERNS if published else (*PATTERNS, "not evaluable")
    counts = {name.replace("-", "_").replace(" ", "_"): patterns.count(name) for name in names}
    return {"runs_stable_at_zero": at_zero} | counts


def c02_jumps(jumps: pd.DataFrame) -> dict[str, float]:
    """Number of jumps, and by family."""
    return {"total": len(jumps)} | by_family(jumps, lambda part: len(part))


def c03_timing(jumps: pd.DataFrame) -> dict[str, float]:
    """Jumps before 10 %, between 10 and 50 %, and after 50 % of training: number and percent."""
    when = timing(jumps["phase"])
    counts = {name: int((when == name).sum()) for name in BINS}
    return counts | {f"{name}_percent": 100 * count / len(jumps) for name, count in counts.items()}


def c03_later_table(jumps: pd.DataFrame) -> dict[str, float]:
    """The same counts in the bins of the later table, which lost phase 0 (D14)."""
    when = later_timing(jumps["phase"])
    return {f"{name}_later_table": int((when == name).sum()) for name in BINS}


def c04_families(jumps: pd.DataFrame) -> dict[str, float]:
    """Percent of a family's jumps that are early, and their mean phase."""
    early = by_family(jumps, lambda part: 100 * (timing(part["phase"]) == "early").mean())
    phase = by_family(jumps, lambda part: part["phase"].mean())
    return {f"early_percent_{f}": early[f] for f in early} | {f"mean_phase_{f}": phase[f] for f in phase}


def c05_types(types: np.ndarray) -> dict[str, float]:
    """Sizes of five k-means clusters of (phase, magnitude, speed), largest first (k is an input: D15)."""
    return {f"size_{rank}": size for rank, size in enumerate(type_sizes(types), start=1)}


def c06_critical_periods(runs: list[Run]) -> dict[str, float]:
    """Critical steps and transitions, counted over all layers of a run, averaged over runs."""
    critical = [critical_steps(run.values, evaluable=run.evaluable).sum() for run in runs]
    transitions = [transition_steps(run.values, evaluable=run.evaluable).sum() for run in runs]
    return means("critical", critical, runs) | means("transitions", transitions, runs)


def c07_coordination(runs: list[Run]) -> dict[str, float]:
    """Mean share of layers critical at a measurement, and runs with a "strong" moment.

    Averaged over T points though there are T - 1 differences, as published. Strong: the largest share > 0.3
    and the run's loss coupling > 0.3 (D06).
    """
    mean, strong = [], 0
    for run, coupling in zip(runs, loss_couplings(runs), strict=True):
        score = coordination(critical_steps(run.values, evaluable=run.evaluable))
        mean.append(score.sum() / len(run.steps))
        strong += bool(score.max() > 0.3 and coupling > 0.3)
    return means("mean", mean, runs) | {"strong_runs": strong}


def c08_loss_coupling(runs: list[Run]) -> dict[str, float]:
    """Share of critical steps with falling loss, mean over layers, then over runs (D07)."""
    return means("mean", loss_couplings(runs), runs)


def c09_falling_loss(jumps: pd.DataFrame, runs: list[Run], published: bool) -> dict[str, float]:
    """Percent of early, mid and late jumps at which the loss falls, mean over the three selected runs (D10).

    Published: bins of D14, loss looked up at measurement index // 5 (D03). Repaired: bins of C03, loss looked
    up at the jump itself. The loss is compared two measurements before and after; NaN where no run has such a
    jump.
    """
    loss = loss_changes(jumps[jumps["run"].isin([TRANSFORMER, CNN, MLP])], runs, published)
    shares = (loss["change"] < 0).groupby([loss["timing"], loss["run"]]).mean().groupby("timing").mean()
    return {f"{name}_percent": 100 * shares.get(name, np.nan) for name in BINS}


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
    total = by_family(jumps, lambda part: len(part))
    return {
        "cnn_jumps": cnn,
        "mlp_jumps": mlp,
        "ratio": cnn / mlp,
        "ratio_all_runs": total["cnn"] / total["mlp"],
        "ratio_per_layer_all_runs": (total["cnn"] / layers["cnn"]) / (total["mlp"] / layers["mlp"]),
    }


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
        loss = loss_changes(part, runs, published)
        mean = loss.groupby("timing")["change"].mean()
        for name in BINS:
            changes[f"{name}_all_jumps_{label}"] = mean.get(name, np.nan)
    return changes


def c14_layers_changing(jumps: pd.DataFrame, runs: list[Run]) -> dict[str, float]:
    """Percent of layers whose stable rank changes by more than 1e-9 around a jump, mean over all jumps.

    The threshold belongs to the degenerate metric (D01): there is no repaired form.
    """
    shares = {}
    for label, chosen in (("run", [TRANSFORMER]), ("family", names_of(runs, "transformer"))):
        share = [
            changing_share(jumps.loc[jumps["run"] == run.name, "before"], run) for run in runs if run.name in chosen
        ]
        shares[f"coordination_percent_all_jumps_{label}"] = 100 * np.concatenate(share).mean()
    return shares


def c15_late_jumps(jumps: pd.DataFrame) -> dict[str, float]:
    """The count on which both verdicts of the published study rest: jumps after 50 % of training."""
    return {"late_jumps": int((timing(jumps["phase"]) == "late").sum())}


def published_index(layer: str) -> int:
    """Layer index as published: last dotted part if it is a number, else 999; without a dot, its digits."""
    last = layer.rpartition(".")[2]
    if "." in layer:
        return int(last) if last.isdigit() else 999
    return int("".join(filter(str.isdigit, layer)) or 999)


def loss_couplings(runs: list[Run]) -> list[float]:
    """Loss coupling of each run: mean over layers, a layer without critical steps counting 0 as published."""
    return [
        np.nan_to_num(loss_coupling(critical_steps(run.values, evaluable=run.evaluable), run.loss)).mean()
        for run in runs
    ]


def loss_changes(jumps: pd.DataFrame, runs: list[Run], published: bool) -> pd.DataFrame:
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


def five_types(jumps: pd.DataFrame) -> np.ndarray:
    """The five jump types of C05, as labels (n,)."""
    return jump_types(jumps[["phase", "magnitude", "speed"]].to_numpy(), k=5, seed=42, restarts=10)


def checkpoint_window(before: pd.Series, run: Run) -> tuple[np.ndarray, np.ndarray]:
    """First and last measurement of the window around each jump: "10 steps" either side of its index i.

    As published: max(0, i - 10) // 5 and (i + 10) // 5, an index taken for a step (D03).
    """
    index = before.to_numpy()
    return np.maximum(index - 10, 0) // 5, np.minimum((index + 10) // 5, len(run.steps) - 1)


def changing_share(before: pd.Series, run: Run) -> np.ndarray:
    """Share of layers that change by more than 1e-9 across the window around each jump."""
    first, last = checkpoint_window(before, run)
    return (np.abs(run.values[last] - run.values[first]) > 1e-9).mean(axis=1)
