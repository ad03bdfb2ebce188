"""What trainings that were repeated say: which features are needed, when images are, and whether the order matters."""

from functools import partial

import pandas as pd

from repdyn.figures.panels import RUN
from repdyn.toolkit.over_runs import difference, from_to, joined
from repdyn.wording.numbers import plural

_interval = partial(difference, "retraining")
METHODS = {"saliency": "saliency", "integrated_gradients": "integrated gradients"}
BEYOND = 2  # null standard deviations from which a run counts as different
NOTHING = "No training was repeated in this study: not evaluable."


def sentence(table: pd.DataFrame) -> str:
    """Whether what maps rank first is needed, whether an early deficit lasts, and whether the order of examples matters."""
    if not _rows(table, "plain")["value"].notna().any():
        return NOTHING
    return joined(_removal(table), _deficits(table), _orders(table))


def limits(_table: pd.DataFrame) -> str:
    """What a training that is repeated cannot say."""
    return (
        "Trainings are short, and a network that has less to go by may need more of them: that accuracy falls does not say"
        " that it could not be learnt back. Removed pixels leave a trace in the shape of what is gone. One order of the"
        " examples per map, few in all; images were blurred in one way only."
    )


def found(table: pd.DataFrame) -> list[str]:
    """Paragraphs on removed features, on deficits, and on the order of examples and stopping early."""
    plain = _rows(table, "plain")["value"].dropna()
    if plain.empty:
        return [NOTHING]
    stopped = _rows(table, "stopped").set_index(RUN)["value"].dropna()
    return [
        f"Trained again from the first weights, {plural(len(plain), 'run')} reach a held-out accuracy of {from_to(plain)}."
        f" {_sentence(_removal(table))} {_areas(table)}",
        f"{_sentence(_deficits(table))} {_windows(table)}",
        f"{_sentence(_orders(table))} Stopping at the checkpoint with the least loss on half of the held-out examples would"
        f" have saved {_interval(stopped, 'stopped')} nats of the loss on the other half.",
    ]


def _rows(table: pd.DataFrame, quantity: str) -> pd.DataFrame:
    return table[table["quantity"] == quantity]


def _sentence(clause: str) -> str:
    return f"{clause[0].upper()}{clause[1:]}."


def _beyond(rows: pd.DataFrame, sign: int) -> pd.Series:
    return sign * (rows["value"] - rows["null_mean"]) > BEYOND * rows["null_sd"]


def _removal(table: pd.DataFrame) -> str:
    parts = []
    for name, label in METHODS.items():
        rows = _rows(table, f"removed/{name}").dropna(subset=["value"])
        if len(rows):
            worse = _beyond(rows, -1).groupby([rows[each] for each in RUN]).mean() > 0.5
            parts.append(f"{label} in {int(worse.sum())} of {plural(len(worse), 'run')}")
    if not parts:
        return "whether maps find the features that training needs is not evaluable (no run on images)"
    return (
        "trained without them, networks lose more by the features that a map ranks first than by random ones for most shares"
        f" removed, by {' and by '.join(parts)}"
    )


def _areas(table: pd.DataFrame) -> str:
    parts = []
    for name, label in METHODS.items():
        rows = _rows(table, f"removed/{name}")
        if rows["value"].notna().any():
            gap = 100 * (rows["null_mean"] - rows["value"]).groupby([rows[each] for each in RUN]).mean()
            parts.append(f"{label} {_interval(gap, 'removed' + name)}")
    return f"Mean over shares, percentage points below random removal: {'; '.join(parts)}." if parts else ""


def _deficits(table: pd.DataFrame) -> str:
    rows = _rows(table, "deficit").dropna(subset=["value"])
    if rows.empty:
        return "whether a deficit leaves a mark is not evaluable (no run on images)"
    runs = rows.groupby([rows[name] for name in RUN])
    early = sum(bool(_beyond(run[run["unit"] == run["unit"].min()], 1).any()) for _, run in runs)
    late = sum(bool(_beyond(run[run["unit"] == run["unit"].max()], 1).any()) for _, run in runs)
    return (
        f"blurred images in the first tenth of a training leave a loss of accuracy at its end in {early} of"
        f" {plural(runs.ngroups, 'run')}, in the last fifth in {late}"
    )


def _windows(table: pd.DataFrame) -> str:
    rows = _rows(table, "deficit").dropna(subset=["value"])
    if rows.empty:
        return ""
    means = rows.groupby("unit")["value"].mean()
    return f"Percentage points lost, by window in its order, mean over runs: {', '.join(f'{value:.1f}' for value in means)}."


def _orders(table: pd.DataFrame) -> str:
    parts = []
    for name, label in (("easy_first", "from easy to hard"), ("hard_first", "from hard to easy")):
        rows = _rows(table, f"order/{name}").dropna(subset=["value"])
        better, worse = (int(_beyond(rows, sign).sum()) for sign in (1, -1))
        parts.append(f"{label} they are more accurate in {better} and less in {worse} of {plural(len(rows), 'run')}")
    return f"given the same examples {', '.join(parts)} than in random order"
