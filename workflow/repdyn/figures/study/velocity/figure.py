"""How fast dimensions move while networks learn, and at which phases their critical steps fall."""

import numpy as np
import pandas as pd

from repdyn.figures.estimates import NULL_BAND, NULL_LINE, null_entries
from repdyn.figures.panels import key_above, panel_grid, say
from repdyn.figures.phases import mark_periods, phase_axis
from repdyn.figures.style import FAMILY_COLOURS, message_figure, styled
from repdyn.wording.names import family_name, family_order, metric_name
from repdyn.wording.numbers import plural

MOTIONS = {"velocity": "|velocity|", "acceleration": "|acceleration|"}
UNIT = "share of range"
EVENTS = {"critical": "-", "transition": "--"}
FLOOR = 1e-5  # motion below this share of a layer's range is drawn there


def draw(study):
    return velocity_curves(study.tables["velocity"], study.metric)


@styled
def velocity_curves(table: pd.DataFrame, metric: str = "participation_ratio"):
    """|velocity|, |acceleration| and critical steps against phase: a column per family.

    table: `figure_data.velocity.velocity_table`. Motions: median over the layers of all runs, band from the 10 % to the
    90 % quantile. Below: share of layers whose step is critical (a transition: dashed), mean over experiments with 95 %
    interval, and the null under circular shifts of whole runs: the same share at any phase.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    families = family_order(table["family"])
    if not families:
        return message_figure("No layer of any run that learned could be evaluated.")
    figure, panels = panel_grid(3, len(families), width=2.75, height=1.95, top=0.75, left=0.85)
    first = table["phase_low"].min()
    for column, family in enumerate(families):
        own = table[table["family"] == family]
        colour = FAMILY_COLOURS.get(family, "#999999")
        for row, (quantity, label) in enumerate(MOTIONS.items()):
            axes = panels[row][column]
            _motion(axes, own[own["quantity"] == quantity], colour)
            axes.sharey(panels[row][0])
            if column == 0:
                axes.set_ylabel(f"{label}\n({UNIT})")
        _events(panels[2][column], own, colour)
        size = own.iloc[0]
        title = f"{family_name(family)}: {plural(int(size['layers']), 'layer')} of {plural(int(size['runs']), 'run')}"
        panels[0][column].set_title(title, loc="left", color=colour, fontweight="bold")
        for row in panels:
            phase_axis(row[column], first, "")
            mark_periods(row[column])
            row[column].tick_params(labelleft=column == 0)
        panels[2][column].set_xlabel("training fraction (step / total steps)")
    panels[2][0].set_ylabel("share of layers\nthat are critical")
    look = {"color": FAMILY_COLOURS.get(families[0], "#999999")}
    motion = [
        Line2D([], [], linestyle="", label=f"{metric_name(metric)}:"),
        Line2D([], [], linewidth=1.6, label="median over layers and runs", **look),
        Patch(alpha=0.25, linewidth=0, label="80 % of layers", **look),
    ]
    events = [
        Line2D([], [], label="critical steps, with 95 % interval", **look),
        Line2D([], [], linestyle="--", label="transitions", **look),
        *null_entries("null: shifted runs", "null: 95 %"),
    ]
    key_above(figure, [motion, events])
    return figure


def _motion(axes, rows: pd.DataFrame, colour: str) -> None:
    if rows.empty:
        say(axes, "too few measurements")
        return
    edges = np.append(rows["phase_low"], rows["phase_high"].iloc[-1])
    value, low, high = (np.maximum(rows[name].to_numpy(np.float64), FLOOR) for name in ("value", "low", "high"))
    axes.stairs(high, edges, baseline=low, fill=True, color=colour, alpha=0.25, linewidth=0)
    axes.stairs(value, edges, baseline=None, color=colour, linewidth=1.6)
    axes.set(yscale="log", ylim=(FLOOR, 1.5))


def _events(axes, own: pd.DataFrame, colour: str) -> None:
    for kind, line in EVENTS.items():
        rows = own[own["quantity"] == kind]
        if rows.empty:
            continue
        edges = np.append(rows["phase_low"], rows["phase_high"].iloc[-1])
        axes.stairs(rows["value"], edges, baseline=None, color=colour, linewidth=1.4, linestyle=line, zorder=3)
        if kind != "critical":
            continue
        if rows["low"].notna().all():
            axes.stairs(rows["high"], edges, baseline=rows["low"], fill=True, color=colour, alpha=0.25, linewidth=0)
        axes.stairs(rows["null_high"], edges, baseline=rows["null_low"], fill=True, zorder=0.5, **NULL_BAND)
        axes.stairs(rows["null_mean"], edges, baseline=None, zorder=2, **NULL_LINE)
    if (own["quantity"] == "critical").any():
        axes.set_ylim(0, 1.02)
    else:
        say(axes, "too few measurements")
