"""Panels with a row per family and one for all runs: an estimate with its interval over its null."""

import numpy as np
import pandas as pd

from repdyn.figures.estimates import COLUMNS, draw_estimates, null_entries
from repdyn.figures.facts import STATISTICS
from repdyn.figures.panels import key_above, say
from repdyn.figures.style import FAMILY_COLOURS, FAMILY_HATCHES, FAMILY_MARKERS
from repdyn.wording.names import family_name, metric_name
from repdyn.wording.numbers import plural

ALL, ALL_COLOUR = "all", "black"


def colours_of(families: list[str]) -> dict[str, str]:
    return {family: FAMILY_COLOURS.get(family, "#999999") for family in families} | {ALL: ALL_COLOUR}


def marker_of(family: str) -> str:
    return "o" if family == ALL else FAMILY_MARKERS.get(family, "X")


def by_statistic(statistics: list[dict]) -> pd.DataFrame:
    """Records of `facts.headline` by statistic and family, numbers as floats."""
    table = pd.DataFrame(statistics, columns=STATISTICS)
    table = table.astype(dict.fromkeys([*COLUMNS, "significant"], np.float64))
    return table.set_index(["statistic", "family"])


def row_of(statistics: pd.DataFrame, name: str, family: str = ALL) -> pd.Series:
    """One of `by_statistic`; NaN where there is none."""
    if (name, family) in statistics.index:
        return statistics.loc[(name, family)]
    return pd.Series(np.nan, [*COLUMNS, "significant", "runs"])


def rows_of(statistics: pd.DataFrame, name: str, families: list[str]) -> pd.DataFrame:
    """A row per family and then all."""
    return pd.DataFrame([row_of(statistics, name, family) for family in (*families, ALL)])


def title_panel(axes, title: str, note: str) -> None:
    axes.set_title(title, loc="left", pad=17, fontweight="bold")
    axes.annotate(note, (0, 1), (0, 5), xycoords="axes fraction", textcoords="offset points", fontsize=7.5,
                  color="#444444")  # fmt: skip


def family_axis(axes, families: list[str]) -> np.ndarray:
    """Families and "all runs" from top to bottom: their places."""
    names = [family_name(family) for family in families] + ["all runs"]
    places = np.arange(len(names))[::-1]
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.6, len(names) - 0.4)
    return places


def draw_families(axes, rows: pd.DataFrame, families: list[str]) -> bool:
    """Draw the rows of `rows_of` if there is a value in any; whether there was."""
    if rows["value"].isna().all():
        say(axes, "none: no run could be evaluated")
        return False
    places, colours = family_axis(axes, families), colours_of(families)
    for family, place, (_, row) in zip((*families, ALL), places, rows.iterrows(), strict=True):
        draw_estimates(axes, pd.DataFrame([row]), [place], [colours[family]], marker_of(family))
        if np.isnan(row["value"]):
            axes.text(0.02, place, "none", va="center", color="#555555", transform=axes.get_yaxis_transform())
    return True


def head(figure, facts: dict, families: list[str]) -> None:
    """Above the panels: the metric, the runs, the families and what nulls look like."""
    from matplotlib.lines import Line2D

    totals = facts["totals"]
    text = f"{metric_name(facts['metric']).capitalize()}, {plural(totals['runs'], 'run')}"
    if totals["excluded"]:
        text += f" ({totals['excluded']} more diverged or ended at chance)"
    across, up = figure.get_size_inches()
    figure.text(0.1 / across, 1 - 0.08 / up, text, va="top", fontsize=10)
    look = {"color": ALL_COLOUR, "marker": "o", "markersize": 4.5}
    dots = [
        Line2D([], [], linewidth=1.3, label="all runs; line: 95 % interval", **look),
        Line2D([], [], linestyle="", markerfacecolor="white", label="too few for an interval", **look),
    ]
    named = [
        Line2D([], [], linewidth=1.3, marker=marker_of(family), markersize=4.5, color=colour, label=family_name(family))
        for family, colour in colours_of(families).items()
        if family != ALL
    ]
    key_above(figure, [[], named, [*dots, *null_entries("null: mean", "null: 95 %")]])


def bar_look(family: str) -> dict:
    """Of a bar of a family: its colour and hatch."""
    return {
        "color": FAMILY_COLOURS.get(family, "#999999"),
        "hatch": FAMILY_HATCHES.get(family, ""),
        "edgecolor": "white",
    }


def nothing_learned(totals: dict) -> str:
    """What a figure says that has no run to draw."""
    excluded = totals["excluded"]
    return f"No run to draw: {excluded} of {excluded} diverged or ended at chance." if excluded else "No run to draw."
