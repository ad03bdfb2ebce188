"""Addition while it is learnt: accuracies, frequencies, weights, learning coefficient, and the order of their onsets."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import logarithmic, quantity_of, say, share_down
from repdyn.figures.steps import step_axis
from repdyn.figures.style import message_figure, styled
from repdyn.toolkit.by_organism import by_organism
from repdyn.toolkit.onset_panel import colour, draw_onsets

NAMES = 0.65  # inches: for the names of measures beside the panel of onsets
NULL = "#888888"


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """A row of five panels per organism; quantities as in `toolkit.grokking.measure`."""
    if table.empty:
        return message_figure("No network was trained to add.")
    organisms = by_organism(table)
    figure, rows = framed([name for name, _ in organisms], 5, [_key(table["seed"].nunique())], before_last=NAMES)
    for (_, runs), panels in zip(organisms, rows, strict=True):
        _by_step(panels[0], runs, "learnt_accuracy", "accuracy", width=0.7)
        _by_step(panels[0], runs, "held_out_accuracy", "accuracy")
        panels[0].set_ylim(-0.03, 1.05)
        _by_step(panels[1], runs, "frequency_share", "share of five frequencies")
        panels[1].set_ylim(0, 1)
        _by_step(panels[2], runs, "weight_norm", "length of the weights")
        _coefficients(panels[3], runs)
        draw_onsets(panels[4], runs)
    share_down(rows, [2])
    tried = quantity_of(table, "coefficient_by_step")["value"]
    logarithmic([panels[3] for panels in rows if panels[3].has_data()], tried)
    return figure


def _by_step(axes, runs: pd.DataFrame, quantity: str, title: str, width: float = 1.4) -> None:
    axes.set_title(title, loc="left")
    axes.set_xlabel("training step")
    for number, (_, run) in enumerate(quantity_of(runs, quantity).groupby("seed", observed=True)):
        axes.plot(run["step"], run["value"], color=colour(number), linewidth=width)
        if not number and run["null_mean"].notna().any():
            axes.plot(run["step"], run["null_mean"], color=NULL, linestyle=":", linewidth=0.9)
    step_axis(axes, int(runs["step"].max()))


def _coefficients(axes, runs: pd.DataFrame) -> None:
    axes.set_title("learning coefficient", loc="left")
    axes.set_xlabel("training step")
    rows = quantity_of(runs, "coefficient_by_step")
    if rows.empty:
        say(axes, "not evaluable")
        return
    known = quantity_of(runs, "learning_coefficient")
    for number, (seed, run) in enumerate(rows.groupby("seed", observed=True)):
        for unit, marker in ((0, "s"), (1, "o")):
            own = run[run["unit"] == unit]
            axes.plot(
                own["step"],
                own["value"],
                linestyle="",
                marker=marker,
                markersize=4 - unit,
                markerfacecolor="none",
                markeredgecolor=colour(number),
                clip_on=False,
            )
        there = known[known["seed"] == seed].dropna(subset=["value"])
        axes.plot(
            there["step"], there["value"], linestyle="", marker="o", markersize=4, color=colour(number), clip_on=False
        )
    step_axis(axes, int(runs["step"].max()))


def _key(seeds: int) -> list:
    from matplotlib.lines import Line2D

    entries = [Line2D([], [], color=colour(number), label=f"seed {number}") for number in range(min(seeds, 4))]
    return [*entries, Line2D([], [], color=NULL, linestyle=":", label="random embeddings, or chance")]
