"""Whether layers settle in an order: runs by pattern, and the rank correlation of depth and settling, each over its null."""

import numpy as np
import pandas as pd

from repdyn.figures.by_family import bar_look, by_statistic, draw_families, head, nothing_learned, rows_of, title_panel
from repdyn.figures.estimates import NULL_BAND, NULL_LINE
from repdyn.figures.style import message_figure, styled
from repdyn.wording.names import family_order

PATTERNS = ("bottom-up", "top-down", "simultaneous", "unclear", "not evaluable")


def draw(study):
    return order(study.tables["order"])


@styled
def order(facts: dict):
    """Runs by pattern of settling, and Spearman's rho of depth and time of settling by family.

    facts: what `data.order` collects.
    """
    from matplotlib.figure import Figure

    if not facts["totals"]["runs"]:
        return message_figure(nothing_learned(facts["totals"]))
    families = family_order(row["family"] for row in facts["families"])
    statistics = by_statistic(facts["statistics"])
    figure = Figure(figsize=(8.2, 3.1))
    left, right = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.125, right=0.97, top=0.63, bottom=0.16, wspace=0.45)
    _patterns(left, facts, families)
    title_panel(right, "Depth and time of settling", "1: from the input up; -1: from the output down")
    if draw_families(right, rows_of(statistics, "order of settling (rho)", families), families):
        right.axvline(0, color="black", linestyle=":", linewidth=1.0, zorder=1)
        right.set(xlim=(-1, 1), xlabel="Spearman's rho of depth and settling")
    head(figure, facts, families)
    return figure


def _patterns(axes, facts: dict, families: list[str]) -> None:
    from matplotlib.ticker import MaxNLocator

    found = pd.DataFrame(facts["patterns"], columns=["pattern", "family", "runs"])
    null = pd.DataFrame(facts["pattern_null"]).set_index("pattern").astype(np.float64)
    shown = [name for name in PATTERNS if name != "not evaluable" or name in set(found["pattern"])]
    title_panel(axes, "Runs by pattern", "of the settling of their layers; null: depth permuted")
    places = np.arange(len(shown))[::-1]
    for place, pattern in zip(places, shown, strict=True):
        left = 0
        for family in families:
            runs = int(found.loc[(found["pattern"] == pattern) & (found["family"] == family), "runs"].sum())
            axes.barh(place, runs, 0.5, left, zorder=3, linewidth=0, **bar_look(family))
            left += runs
        # Whether a run can be evaluated at all is no outcome of a permutation.
        end = left
        if pattern != "not evaluable":
            low, high = null.loc[pattern, ["low", "high"]]
            end = max(left, high)
            axes.barh(place, high - low, 0.78, low, zorder=1, **NULL_BAND)
            axes.vlines(null.loc[pattern, "mean"], place - 0.42, place + 0.42, zorder=4, **NULL_LINE)
        axes.annotate(f"{left}", (end, place), (4, 0), textcoords="offset points", va="center", fontsize=7.5)
    axes.set_yticks(places, shown)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 1.12 * max(axes.get_xlim()[1], 1))
    axes.set_xlabel("runs")
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
