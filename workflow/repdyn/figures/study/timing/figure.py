"""How often, when and by how much dimensions jump: what there is to show, beside what is expected without jumps."""

import numpy as np
import pandas as pd

from repdyn.figures.by_family import (
    ALL_COLOUR,
    by_statistic,
    colours_of,
    draw_families,
    head,
    marker_of,
    nothing_learned,
    row_of,
    rows_of,
    title_panel,
)
from repdyn.figures.estimates import NULL_BAND, NULL_LINE, draw_estimates
from repdyn.figures.panels import say
from repdyn.figures.phases import draw_phase_bins, log_counts
from repdyn.figures.style import message_figure, styled
from repdyn.timeseries.periods import EARLY, MIDDLE
from repdyn.wording.names import family_order
from repdyn.wording.numbers import short

WIDTH, TOP, BOTTOM, PANEL, BETWEEN = 8.2, 1.15, 0.5, 1.6, 1.0  # inches
PERIODS = {"early": EARLY, "middle": MIDDLE - EARLY, "late": 1 - MIDDLE}  # and what uniform placement gives
MAGNITUDE_EDGES = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0])


def draw(study):
    return timing(study.tables["timing"])


@styled
def timing(facts: dict):
    """Jumps per layer and |z| > threshold per run, by family; where there are jumps also when they are, and how large.

    facts: what `data.timing` collects.
    """
    from matplotlib.figure import Figure

    totals = facts["totals"]
    if not totals["runs"]:
        return message_figure(nothing_learned(totals))
    families = family_order(row["family"] for row in facts["families"])
    statistics = by_statistic(facts["statistics"])
    rows = 3 if totals["jumps"] else 1
    height = TOP + rows * (PANEL + BETWEEN) - BETWEEN + BOTTOM
    figure = Figure(figsize=(WIDTH, height))
    grid = figure.add_gridspec(
        rows,
        2,
        left=0.12,
        right=0.975,
        top=1 - TOP / height,
        bottom=BOTTOM / height,
        wspace=0.42,
        hspace=BETWEEN / PANEL,
    )
    _rates(figure.add_subplot(grid[0, 0]), totals, statistics, families)
    _published_rule(figure.add_subplot(grid[0, 1]), totals, statistics, families)
    if totals["jumps"]:
        jumps = pd.DataFrame(facts["jumps"], columns=["family", "phase", "relative_magnitude"])
        _shares(figure.add_subplot(grid[1, 0]), facts, families)
        _phases(figure.add_subplot(grid[1, 1]), facts, jumps, families)
        _magnitudes(figure.add_subplot(grid[2, 0]), jumps, statistics, families)
        _types(figure.add_subplot(grid[2, 1]), facts["types"])
    head(figure, facts, families)
    return figure


def _rates(axes, totals: dict, statistics: pd.DataFrame, families: list[str]) -> None:
    title_panel(axes, "Jumps", f"{totals['jumps']:,} jumps; false ones declared: {short(totals['jumps_null'])}")
    if draw_families(axes, rows_of(statistics, "jumps per layer", families), families):
        axes.set(xlabel="jumps per layer of a run", xlim=(0, 1.03 * max(axes.get_xlim()[1], 0.05)))


def _published_rule(axes, totals: dict, statistics: pd.DataFrame, families: list[str]) -> None:
    note = f"{totals['z_jumps']:,} in all runs; {totals['z_jumps_null']:,.0f} on surrogates"
    title_panel(axes, f"|z| > {totals['threshold']:g}, the published rule", note)
    if draw_families(axes, rows_of(statistics, "|z| jumps per run", families), families):
        axes.set(xlabel="points marked per run", xlim=(0, 1.03 * axes.get_xlim()[1]))


def _shares(axes, facts: dict, families: list[str]) -> None:
    timing = pd.DataFrame(facts["timing"]).set_index("period").astype(np.float64)
    found = pd.DataFrame(facts["shares"], columns=["period", "family", "value", "low", "high"])
    title_panel(axes, "When", "share of jumps: early < 0.1, late > 0.5")
    colours, total = colours_of(families), facts["totals"]["jumps"]
    for centre, (period, uniform) in enumerate(PERIODS.items()):
        low, high = timing.loc[period, ["null_low", "null_high"]]
        axes.bar(centre, high - low, 0.84, low, zorder=1, **NULL_BAND)
        axes.hlines(uniform, centre - 0.42, centre + 0.42, zorder=2, **NULL_LINE)
        rows = found[(found["period"] == period) & found["family"].isin(colours)].astype({"value": np.float64})
        for place, row in zip(
            centre + 0.18 * (np.arange(len(rows)) - (len(rows) - 1) / 2), rows.itertuples(), strict=True
        ):
            colour, sure = colours[row.family], pd.notna(row.low)
            if sure:
                axes.vlines(place, row.low, row.high, color=colour, linewidth=1.3, zorder=3)
            look = {"facecolor": colour if sure else "white", "edgecolor": colour, "marker": marker_of(row.family)}
            axes.scatter(place, row.value, 22, zorder=4, linewidth=1.0, clip_on=False, **look)
    counts = [f"{period}\n{timing.loc[period, 'jumps']:.0f} of {total}" for period in PERIODS]
    axes.set_xticks(range(len(PERIODS)), counts)
    axes.tick_params(axis="x", length=0)
    axes.set(ylim=(0, 1.02), ylabel="share of jumps")


def _phases(axes, facts: dict, jumps: pd.DataFrame, families: list[str]) -> None:
    note = f"median {short(facts['totals']['median_phase'])}; null: uniform placement"
    title_panel(axes, "Training fraction of jumps", note)
    bins = pd.DataFrame(facts["bins"])
    edges = np.append(bins["low"], bins["high"].iloc[-1])
    edges[edges == 0.5] = np.nextafter(0.5, 1)  # phase 0.5 belongs to the middle
    counts = {
        family: log_counts(jumps.loc[jumps["family"] == family, "phase"].to_numpy(), edges) for family in families
    }
    draw_phase_bins(axes, bins, counts, colours_of(families))
    axes.set(ylabel="jumps")
    _whole_numbers(axes.yaxis)


def _magnitudes(axes, jumps: pd.DataFrame, statistics: pd.DataFrame, families: list[str]) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    value = row_of(statistics, "relative magnitude of jumps")
    title_panel(axes, "Size of jumps", "black: mean over experiments; no null")
    sizes, colours = jumps["relative_magnitude"].to_numpy(np.float64), colours_of(families)
    below = np.zeros(len(MAGNITUDE_EDGES) - 1)
    for family in families:
        count = log_counts(sizes[jumps["family"] == family], MAGNITUDE_EDGES)
        axes.bar(
            MAGNITUDE_EDGES[:-1], count, np.diff(MAGNITUDE_EDGES), below, align="edge", color=colours[family],
            edgecolor="white", linewidth=0.5, label=family,
        )  # fmt: skip
        below = below + count
    top = 1.22 * below.max()
    draw_estimates(axes, pd.DataFrame([value]), [1.1 * below.max()], [ALL_COLOUR])
    axes.annotate(f"{value['value']:.2f}", (value["value"], 1.1 * below.max()), (-22, 0), textcoords="offset points",
                  va="center", ha="right", fontsize=7.5)  # fmt: skip
    axes.set(xscale="log", xlim=(MAGNITUDE_EDGES[0], 1), ylim=(0, top), ylabel="jumps")
    axes.xaxis.set_major_locator(FixedLocator(MAGNITUDE_EDGES))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("size / range of the layer")
    _whole_numbers(axes.yaxis)


def _types(axes, types: dict) -> None:
    curve = {int(k): score for k, score in (types.get("silhouette") or {}).items()}
    if not curve:
        title_panel(axes, "Types of jumps", "clusters of training fraction, size and speed")
        say(axes, types.get("verdict", "none") + f": {types.get('jumps', 0)}")
        return
    stability = types["stability"]
    note = types["verdict"] + ("" if stability is None else f" (Rand index {stability:.2f})")
    title_panel(axes, "Types of jumps", note)
    axes.plot(list(curve), list(curve.values()), color=ALL_COLOUR, marker="o", markersize=3.5)
    chosen = types["k"]
    if chosen in curve:
        axes.scatter(chosen, curve[chosen], 60, facecolor="none", edgecolor="#D55E00", linewidth=1.5, zorder=4)
    sizes = ", ".join(f"{size:,}" for size in types["sizes"])
    axes.text(0.98, 0.96, f"chosen: {chosen}, p = {short(types['p'])}\nsizes {sizes}", ha="right", va="top",
              transform=axes.transAxes, fontsize=7.5)  # fmt: skip
    axes.set(xlabel="number of clusters", ylabel="silhouette", ylim=(0, 1.35 * max(curve.values())))
    axes.set_xticks(list(curve))


def _whole_numbers(axis) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(4, integer=True))
