"""The circuits of networks under Dale's law: which edges they have, and what was found about them."""

from functools import partial

import pandas as pd

from repdyn.figures.panels import RUN
from repdyn.toolkit.over_runs import direction
from repdyn.wording.numbers import short

DEVIATIONS = 3.0  # of shuffled signs, from which an edge is beyond them
# {layer: its edges as (from, to), in the order of their units in the table}
RECURRENT = "recurrent"
EDGES = {
    RECURRENT: (("E", "E"), ("I", "E"), ("E", "I"), ("I", "I")),
    "pixels to units": (
        ("pixels E", "units E"), ("pixels I", "units E"), ("pixels E", "units I"), ("pixels I", "units I"),
    ),
    "units to answers": (("units E", "answers"), ("units I", "answers")),
}  # fmt: skip
WHOLE = {"recurrent network": (RECURRENT,), "perceptron": ("pixels to units", "units to answers")}
NOTHING = "Circuits under Dale's law are not evaluable."


def by_edge(table: pd.DataFrame, quantity: str, layer: str, column: str = "value") -> pd.DataFrame:
    """A quantity, a row per run and a column per edge of a layer, (from, to)."""
    rows = table[(table["quantity"] == quantity) & (table["layer"].astype(str) == layer)]
    found = rows.pivot(index=RUN, columns="unit", values=column)
    return found.set_axis([EDGES[layer][unit] for unit in found.columns], axis=1)


def circuits(table: pd.DataFrame) -> str:
    """A paragraph: the mean edges over runs, how many lie beyond shuffled signs, and which training changes in size."""
    if not (table["quantity"] == "edge").any():
        return NOTHING
    told = [f"of the {name} {', '.join(_edges(table, layers))}" for name, layers in WHOLE.items()]
    beyond, count = _beyond(table)
    stronger, weaker = (_changed(table, word) for word in ("stronger", "weaker"))
    return (
        "Median weights between cells that excite (E) and cells that inhibit (I) under Dale's law, means over seeds:"
        f" {'; '.join(told)}. {DEVIATIONS:g} deviations or more from shuffled signs: {beyond} of {count} (edges and"
        f" seeds). Training makes stronger: {_listed(stronger)}; weaker: {_listed(weaker)}; of the others the interval"
        " over seeds holds no change."
    )


def clause(table: pd.DataFrame) -> str:
    """The same in a few words."""
    if not (table["quantity"] == "edge").any():
        return "whether its circuits differ from shuffled signs is not evaluable"
    beyond, count = _beyond(table)
    changed = len(_changed(table, "stronger")) + len(_changed(table, "weaker"))
    return (
        f"{beyond} of {count} median weights between its cells that excite and that inhibit are beyond shuffled signs, and"
        f" training makes {changed} of {sum(map(len, EDGES.values()))} stronger or weaker"
    )


def _edges(table: pd.DataFrame, layers: tuple[str, ...]) -> list[str]:
    means = [by_edge(table, "edge", layer).mean() for layer in layers]
    return [f"{of} to {to} {short(value)}" for each in means for (of, to), value in each.items()]


def _beyond(table: pd.DataFrame) -> tuple[int, int]:
    rows = table[table["quantity"] == "edge"]
    return int(((rows["value"] - rows["null_mean"]).abs() >= DEVIATIONS * rows["null_sd"]).sum()), len(rows)


def _changed(table: pd.DataFrame, word: str) -> list[str]:
    """The edges whose size, in per cent of that before training, `direction` calls stronger or weaker."""
    called = partial(direction, "biophysics", above="stronger", below="weaker")
    found = []
    for layer in EDGES:
        sizes, before = (by_edge(table, quantity, layer).abs() for quantity in ("edge", "edge_before"))
        for edge, changes in (100 * (sizes / before - 1)).items():
            if called(changes, f"{layer}: {edge}") == word:
                said = f"{edge[0]} to {edge[1]}" + (" (recurrent)" if layer == RECURRENT else "")
                found.append(f"{said} by {short(abs(changes.mean()))} %")
    return found


def _listed(changed: list[str]) -> str:
    return ", ".join(changed) or "none"
