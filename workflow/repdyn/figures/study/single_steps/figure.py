"""Every candidate for a jump, step by step."""

import numpy as np
import pandas as pd

from repdyn.figures.panels import key_above, logarithmic
from repdyn.figures.style import FAMILY_COLOURS, message_figure, styled
from repdyn.timeseries.single_steps import SHARE
from repdyn.wording.names import family_name, family_order
from repdyn.wording.numbers import plural

CANDIDATE = ["experiment", "seed", "family", "layer", "step"]
SMOOTH = "#999999"


def draw(study):
    return single_steps(study.tables["single_steps"])


@styled
def single_steps(steps: pd.DataFrame):
    """Above: share of the largest single step of each candidate; below: the candidates' series, a panel per family.

    steps: as `data.collect` gives them.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    if steps.empty:
        return message_figure("No candidate for a jump: no series changes more than its null between two measurements.")
    families = family_order(steps["family"])
    figure = Figure(figsize=(7.6, 5.4))
    grid = figure.add_gridspec(2, len(families), left=0.08, right=0.98, top=0.86, bottom=0.09, hspace=0.5, wspace=0.12)
    above = figure.add_subplot(grid[0, :])
    candidates = steps.drop_duplicates(CANDIDATE)
    for family in families:
        for jump in (False, True):
            part = candidates[(candidates["family"] == family) & (candidates["jump"] == jump)]
            colour = FAMILY_COLOURS[family]
            above.scatter(
                part["step"], part["share"].clip(0, 1.2), 22, color=colour if jump else "none", edgecolor=colour,
                linewidth=0.9, zorder=3, clip_on=False,
            )  # fmt: skip
    every = int((candidates["step"] - candidates["before"]).median())
    above.axhline(SHARE, color="black", linestyle=":", linewidth=1.0)
    above.axhline(1 / every, color=SMOOTH, linestyle="--", linewidth=0.8)
    above.set(ylim=(0, 1.2), xlabel="training step", ylabel="share in one step")
    logarithmic([above], candidates["step"], "x")
    shared = None
    for column, family in enumerate(families):
        axes = figure.add_subplot(grid[1, column], sharey=shared)
        shared = shared or axes
        _draw_series(axes, steps[steps["family"] == family], every)
        count = candidates[candidates["family"] == family]
        axes.set_title(f"{family_name(family)}: {plural(int(count['jump'].sum()), 'jump')} of {len(count)}", loc="left")
        axes.set(xlabel="steps from the measurement before", ylim=(-1, 2))
        axes.tick_params(labelleft=column == 0)
    shared.set_ylabel("share of the change")
    looks = [
        Line2D([], [], linestyle="", marker="o", color="#444444", markersize=5, label="jump"),
        Line2D([], [], linestyle="", marker="o", color="#444444", markerfacecolor="none", label="fast smooth change"),
        Line2D([], [], color="black", linestyle=":", label="half, as a jump has at least"),
        Line2D([], [], color=SMOOTH, linestyle="--", label="equal steps"),
    ]
    colours = [Line2D([], [], color=FAMILY_COLOURS[family], label=family_name(family)) for family in families]
    key_above(figure, [looks, colours])
    return figure


def _draw_series(axes, steps: pd.DataFrame, every: int) -> None:
    axes.axvspan(0, every, color="#EEEEEE", zorder=0)
    for _, series in steps.groupby(CANDIDATE, sort=False):
        jump = bool(series["jump"].iloc[0])
        colour = FAMILY_COLOURS[series["family"].iloc[0]] if jump else SMOOTH
        level = np.clip(series["level"], -1, 2)
        axes.plot(series["offset"], level, color=colour, linewidth=1.4 if jump else 0.5, zorder=3 if jump else 2)
