"""When and where the networks of each family jump: a column per family that does."""

import numpy as np
import pandas as pd

from repdyn.figures.estimates import COLUMNS, draw_estimates, null_entries
from repdyn.figures.panels import key_above
from repdyn.figures.phases import draw_phase_bins
from repdyn.figures.style import FAMILY_COLOURS, message_figure, styled
from repdyn.wording.names import family_name, family_order, layer_name
from repdyn.wording.numbers import plural

SHOWN = 10  # layers per family: those with the highest rates
LEFT, PANEL, ACROSS, RIGHT, TOP, BOTTOM = 1.35, 1.75, 1.6, 0.65, 0.75, 0.5  # inches
PHASES, ROW, BETWEEN = 1.6, 0.2, 1.05  # inches; ROW: a layer


def draw(study):
    return deep_dive(study.tables["deep_dive"])


@styled
def deep_dive(facts: dict):
    """Above: jumps by phase, a panel per family; below: the layers that jump most, in jumps per run.

    facts: what `figure_data.deep_dive` collects. The black outline above has the shape of all families together, scaled to
    the family's number of jumps. Dotted and grey: uniform placement above, the detector's declared error below. Families
    without jumps are named in a line, and have no panels.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    jumps = {row["family"]: (row["jumps"], row["runs"]) for row in facts["families"]}
    if not jumps:
        return message_figure("No run to draw: none learned.")
    families = family_order(family for family, (count, _) in jumps.items() if count)
    quiet = [
        f"{family_name(name)} ({plural(jumps[name][1], 'run')})" for name in family_order(jumps) if name not in families
    ]
    without = f"No jump in: {', '.join(quiet)}." if quiet else ""
    if not families:
        return message_figure(without)
    bins = pd.DataFrame(facts["bins"])
    rates = pd.DataFrame(
        facts["positions"], columns=["family", "layer", "runs", "jumps", "rate", "low", "high", "null_mean"]
    )
    tallest = max(min(int((rates["family"] == family).sum()), SHOWN) for family in families)
    width = max(LEFT + len(families) * (PANEL + ACROSS) - ACROSS + RIGHT, 6.4)
    rows = max(tallest, 3) * ROW
    height = TOP + PHASES + BETWEEN + rows + BOTTOM
    figure = Figure(figsize=(width, height))
    total = bins.groupby("low")["jumps"].sum().to_numpy()
    for number, family in enumerate(families):
        left = (LEFT + number * (PANEL + ACROSS)) / width
        above = figure.add_axes((left, (BOTTOM + rows + BETWEEN) / height, PANEL / width, PHASES / height))
        below = figure.add_axes((left, BOTTOM / height, PANEL / width, rows / height))
        count, runs = jumps[family]
        name = family_name(family)
        above.set_title(f"{name}: {plural(count, 'jump')}, {plural(runs, 'run')}", loc="left", fontweight="bold")
        _phases(above, bins[bins["family"] == family], family, total if len(families) > 1 else None)
        below.set_title("Layers that jump most", loc="left", fontweight="bold", pad=17)
        _layers(below, rates[rates["family"] == family], family)
    outline = [Line2D([], [], color="black", linewidth=1.0, label="all families, scaled")] if len(families) > 1 else []
    hollow = Line2D([], [], linestyle="", marker="o", markersize=4.5, color="black", markerfacecolor="white",
                    label="too few experiments for an interval")  # fmt: skip
    nulls = null_entries("null: uniform placement (above), false jumps (below)", "null: 95 %")
    said = [Line2D([], [], linestyle="", label=without)] if quiet else []
    key_above(figure, [nulls, [*outline, hollow, *said]])
    return figure


def _phases(axes, bins: pd.DataFrame, family: str, total: np.ndarray | None) -> None:
    from matplotlib.ticker import MaxNLocator

    counts = bins["jumps"].to_numpy()
    draw_phase_bins(axes, bins, {family: counts}, {family: FAMILY_COLOURS.get(family, "#999999")})
    if total is not None:
        edges = np.append(bins["low"], bins["high"].iloc[-1])
        scaled = total * counts.sum() / total.sum()
        axes.stairs(scaled, edges, baseline=None, color="black", linewidth=1.0, zorder=5, label="all families")
    axes.set(ylabel="jumps", ylim=(0, axes.get_ylim()[1]))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def _layers(axes, rates: pd.DataFrame, family: str) -> None:
    shown = rates.sort_values(["rate", "runs", "layer"], ascending=[False, False, True]).head(SHOWN)
    shown = shown.rename(columns={"rate": "value"}).assign(null_low=np.nan, null_high=np.nan)
    places = np.arange(len(shown))[::-1]
    colour = FAMILY_COLOURS.get(family, "#999999")
    draw_estimates(axes, shown[COLUMNS], places, [colour] * len(shown))
    axes.set_yticks(places, [layer_name(layer) for layer in shown["layer"]])
    axes.tick_params(axis="y", length=0)
    for place, row in zip(places, shown.itertuples(), strict=True):
        axes.text(1.02, place, f"{row.jumps}/{row.runs}", va="center", fontsize=7, color="#555555",
                  transform=axes.get_yaxis_transform())  # fmt: skip
    for place, note in ((0, "numbered from 0, at the input"), (1.02, "jumps/runs")):
        axes.annotate(note, (place, 1), (0, 5), xycoords="axes fraction", textcoords="offset points", fontsize=7,
                      color="#555555")  # fmt: skip
    axes.set(xlim=(0, max(1.05 * axes.get_xlim()[1], 0.05)), ylim=(-0.6, max(len(shown), 3) - 0.4))
    axes.set_xlabel("jumps per run in that layer")
