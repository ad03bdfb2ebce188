"""What was found about the attractors of recurrent networks: every number and word from the table."""

import numpy as np
import pandas as pd

from repdyn.wording.numbers import plural, short

# Attractors that the solution of a task needs, where it is made of points.
NEEDED = {"no pulse": 8}
LINE = 0.98  # least modulus of the largest eigenvalue at the slow points of a line attractor
SHARE = 0.8  # least share of their variance along the line


def found(table: pd.DataFrame) -> list[str]:
    """A paragraph per network: attractors along training, or the line of slow points, beside shuffled weights."""
    paragraphs = []
    for name, runs in table.groupby("experiment", sort=False, observed=True):
        held = [layer for layer in runs["layer"].astype(str).unique() if layer]
        points = [layer for layer in held if layer in NEEDED]
        said = [_born(runs, layer) for layer in points] or [_line(runs, layer) for layer in held]
        paragraphs.append(
            f"{name} ({plural(runs['seed'].nunique(), 'seed')}). {_right(runs)} {' '.join(said)} {_driven(runs)}"
        )
    return paragraphs or ["No recurrent network was trained."]


def births(runs: pd.DataFrame, layer: str) -> pd.DataFrame:
    """Of every seed: first, the step from which more than one attractor is found; all, from which as many as needed;
    before, the accuracy at the checkpoint before first. NaN where it does not happen."""
    rows = []
    for seed, run in runs.groupby("seed", observed=True):
        counts = _of(run, "attractors", layer).set_index("step")["value"]
        accuracy = _of(run, "accuracy", "").set_index("step")["value"]
        several, complete = counts[counts > 1], counts[counts >= NEEDED[layer]]
        first = several.index.min() if len(several) else np.nan
        before = accuracy[accuracy.index < first] if np.isfinite(first) else accuracy.iloc[:0]
        rows.append(
            {
                "seed": seed,
                "first": first,
                "all": complete.index.min() if len(complete) else np.nan,
                "before": before.iloc[-1] if len(before) else np.nan,
                "last": counts.iloc[-1],
            }
        )
    return pd.DataFrame(rows)


def _born(runs: pd.DataFrame, layer: str) -> str:
    born = births(runs, layer)
    start = runs[runs["step"] == runs["step"].min()]
    null = _of(runs, "attractors", layer)["null_mean"]
    needed = NEEDED[layer]
    text = (
        f"Attractors found with {layer}: {_each(_of(start, 'attractors', layer)['value'])} before training, "
        f"{_each(born['last'])} after it (the solution needs {needed}); different output patterns at them: "
        f"{_each(_last(runs, 'patterns', layer))}. "
    )
    if born["first"].notna().any():
        text += (
            f"More than one is found from step {_each(born['first'])} on, and at least {needed} from step "
            f"{_each(born['all'])} on; at the checkpoint before, with one attractor, accuracy was already "
            f"{_each(born['before'])}. "
        )
    return text + (
        f"Networks with shuffled weights have {short(null.mean())} on average over all steps and at most "
        f"{short(null.max())}. Counts are lower bounds; the share of starts that ended at a fixed point is "
        f"{_each(_last(runs, 'found', layer))}."
    )


def _line(runs: pd.DataFrame, layer: str) -> str:
    """The slow points after training; where there are none on a line in any seed, only that."""
    share, first, second = (_last(runs, name, layer) for name in ("line_share", "line_eigenvalue", "second_eigenvalue"))
    if first.isna().all():
        return f"In {layer} no line of slow points was found after training."
    rows = _of(runs[runs["step"] == runs["step"].max()], "line_eigenvalue", layer)
    is_line = ((first >= LINE) & (first <= 2 - LINE) & (share >= SHARE)).sum()
    before = _of(runs[runs["step"] == runs["step"].min()], "line_eigenvalue", layer)["value"]
    return (
        f"In {layer}, slow points after training: largest eigenvalue {_each(first)}, second {_each(second)}, share of their "
        f"variance along one direction {_each(share)}: a line attractor ({LINE:g} to {2 - LINE:g}, share {SHARE:g} or "
        f"more) in {is_line} of {plural(len(first), 'seed')}. Before training the eigenvalue was {_each(before)}; with "
        f"shuffled weights it is {_each(rows['null_mean'])}."
    )


def _right(runs: pd.DataFrame) -> str:
    return f"Held-out accuracy after training: {_each(_last(runs, 'accuracy', ''))}."


def _driven(runs: pd.DataFrame) -> str:
    rows = _of(runs[runs["step"] == runs["step"].max()], "exponent", "")
    return (
        f"Largest Lyapunov exponent while the task's input drives it: {_each(rows['value'])} per time step, with shuffled "
        f"weights {_each(rows['null_mean'])}."
    )


def _of(runs: pd.DataFrame, quantity: str, layer: str) -> pd.DataFrame:
    return runs[(runs["quantity"] == quantity) & (runs["layer"].astype(str) == layer)].sort_values(["seed", "step"])


def _last(runs: pd.DataFrame, quantity: str, layer: str) -> pd.Series:
    return _of(runs[runs["step"] == runs["step"].max()], quantity, layer)["value"].reset_index(drop=True)


def _each(values: pd.Series) -> str:
    """The values of all seeds, one where they agree."""
    words = ["not evaluable" if pd.isna(value) else short(value) for value in values]
    return words[0] if len(set(words)) == 1 else ", ".join(words)
