"""What was found about the attractors of recurrent networks: every number and word from the table."""

import numpy as np
import pandas as pd

from repdyn.wording.numbers import plural, short

# Attractors that the solution of a task needs, where it is made of points.
NEEDED = {"no pulse": 8}
LINE = 0.98  # least modulus of the largest eigenvalue at the slow points of a line attractor
SHARE = 0.8  # least share of their variance along the line


NOTHING = "No recurrent network was trained."


def sentence(table: pd.DataFrame) -> str:
    """In how many seeds of each network the attractors that its task needs are found."""
    clauses = []
    for name, runs in table.groupby("experiment", sort=False, observed=True):
        points, lines = _layers(runs)
        for layer in points:
            born = births(runs, layer)
            clauses.append(
                f"{name} has the {NEEDED[layer]} attractors that its task needs after training in"
                f" {int((born['last'] >= NEEDED[layer]).sum())} of {plural(len(born), 'seed')}"
            )
        if not points:
            held = [_is_line(runs, layer) for layer in lines]
            found_in = int(np.any(held, axis=0).sum()) if held else 0
            clauses.append(
                f"{name} has a line attractor after training in {found_in} of {plural(runs['seed'].nunique(), 'seed')}"
            )
    return f"{'; '.join(clauses)}." if clauses else NOTHING


def limits(_table: pd.DataFrame) -> str:
    """What a search for attractors cannot say."""
    return (
        "Counts are lower bounds: an attractor to which no start leads is not found. The input is held while they are looked"
        " for, as it never is in the task, and a network without them may solve the task by its transients."
    )


def found(table: pd.DataFrame) -> list[str]:
    """A paragraph per network: attractors along training, or the line of slow points, beside shuffled weights."""
    paragraphs = []
    for name, runs in table.groupby("experiment", sort=False, observed=True):
        points, lines = _layers(runs)
        said = [_born(runs, layer) for layer in points] or [_line(runs, layer) for layer in lines]
        paragraphs.append(
            f"{name} ({plural(runs['seed'].nunique(), 'seed')}). {_right(runs)} {' '.join(said)} {_driven(runs)}"
        )
    return paragraphs or [NOTHING]


def _layers(runs: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The inputs at which a network's solution is made of points; all others at which it was looked into."""
    held = [layer for layer in runs["layer"].astype(str).unique() if layer]
    return [layer for layer in held if layer in NEEDED], [layer for layer in held if layer not in NEEDED]


def _is_line(runs: pd.DataFrame, layer: str) -> pd.Series:
    """Whether the slow points after training are a line attractor, of every seed."""
    first, share = _last(runs, "line_eigenvalue", layer), _last(runs, "line_share", layer)
    return (first >= LINE) & (first <= 2 - LINE) & (share >= SHARE)


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
        f"{short(null.max())}. The share of starts that ended at a fixed point is "
        f"{_each(_last(runs, 'found', layer))}."
    )


def _line(runs: pd.DataFrame, layer: str) -> str:
    """The slow points after training; where there are none on a line in any seed, only that."""
    share, first, second = (_last(runs, name, layer) for name in ("line_share", "line_eigenvalue", "second_eigenvalue"))
    if first.isna().all():
        return f"In {layer} no line of slow points was found after training."
    rows = _of(runs[runs["step"] == runs["step"].max()], "line_eigenvalue", layer)
    is_line = _is_line(runs, layer).sum()
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
