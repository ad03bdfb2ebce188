"""The page of a user's recordings: how well each layer of a network predicts them, beside controls and ceilings."""

import pandas as pd

from repdyn.report.html import fill
from repdyn.roles import INPUT
from repdyn.wording.numbers import plural, short, two_decimals

HEADINGS = (
    "Features", "Method", "Held-out value", "Shuffled stimuli", "Ceiling", "Stimuli", "Repeats", "Units", "Runs",
)  # fmt: skip
# {method of `alignment.comparison.METHODS`: its words}
METHODS = {
    "encoding": "ridge regression, correlation", "partial_least_squares": "partial least squares, correlation",
    "cca": "canonical correlation", "svcca": "SVCCA", "pwcca": "PWCCA", "similarity": "distances, rank correlation",
}  # fmt: skip
UNTRAINED = ", untrained"


def recordings_page(tables: dict[str, pd.DataFrame]) -> str:
    """The page as HTML. tables: {recording: rows of `alignment.recording.COLUMNS` with experiment and seed in front}."""
    return fill(
        "recordings",
        headings=HEADINGS,
        recordings=[
            {"name": name, "sentence": sentence(name, table), "rows": rows(table)} for name, table in tables.items()
        ],
    )


def sentence(name: str, table: pd.DataFrame) -> str:
    """What predicts a recording best, beside its controls and its ceiling: every number and word from the table."""
    table = table.assign(features=table["features"].astype(str))
    found = table[table["method"] == "encoding"].pivot(values="value", index="seed", columns="features")
    first, runs = table.iloc[0], plural(table["seed"].nunique(), "run")
    repeats, units = (plural(int(first[f"{each}s"]), each) for each in ("repeat", "unit"))
    counted = f"{int(first['stimuli'])} stimuli, {repeats}, {units}"
    about = f"{name} ({counted}), by ridge regression, {runs} of {first['experiment']}"
    layers = [each for each in found if each != INPUT and not each.endswith(UNTRAINED)]
    if not layers or found[layers].isna().all(axis=None):
        return f"{about}: how well the network predicts it is not evaluable."
    best = found[layers].mean().idxmax()
    row = table[(table["method"] == "encoding") & (table["features"] == best)]
    controls = []
    for control, words in ((f"{best}{UNTRAINED}", "the same layer untrained"), (INPUT, "the stimuli themselves")):
        above = int((found[best] > found[control]).sum())
        controls.append(f"{words} {two_decimals(found[control].mean())} (below it in {above} of {runs})")
    return (
        f"{about}: of all layers {best} predicts it best, correlation {two_decimals(found[best].mean())}; {controls[0]};"
        f" {controls[1]}; shuffled stimuli {two_decimals(row['null_mean'].mean())}; {ceiling_of(row)}."
    )


def ceiling_of(found: pd.DataFrame) -> str:
    """The ceiling of some rows, or why there is none."""
    known = found["ceiling"].dropna()
    return (
        f"ceiling {two_decimals(known.mean())}" if len(known) else str(found["note"].iloc[0]) or "ceiling not evaluable"
    )


def rows(table: pd.DataFrame) -> list[list[str]]:
    """Cells per features and method, under HEADINGS; values are means over runs, those that are not evaluable left out."""
    cells = []
    for (features, method), part in table.groupby(["features", "method"], sort=False, observed=True):
        ceiling = short(part["ceiling"].mean()) if part["ceiling"].notna().any() else str(part["note"].iloc[0])
        first = part.iloc[0]
        numbers = [short(float(part[column].mean())) for column in ("value", "null_mean")]
        counts = [short(int(first[column])) for column in ("stimuli", "repeats", "units")]
        cells.append(
            [
                str(features),
                METHODS[str(method)],
                *numbers,
                ceiling,
                *counts,
                f"{part['value'].notna().sum()} of {len(part)}",
            ]
        )
    return cells
