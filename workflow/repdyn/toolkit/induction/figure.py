"""Induction heads while they come, what they are worth, what one looks at, and the order of onsets."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import quantity_of, say
from repdyn.figures.steps import step_axis
from repdyn.figures.style import message_figure, styled
from repdyn.toolkit.by_organism import by_organism, last
from repdyn.toolkit.onset_panel import colour, draw_onsets

NAMES = 0.65  # inches: for the names of measures beside the panel of onsets
NULL = "#888888"
LAYERS = ("layer 1", "layer 2")


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """A row of five panels per organism; quantities as in `toolkit.induction.measure`."""
    if table.empty:
        return message_figure("No network of attention was trained.")
    organisms = by_organism(table)
    figure, rows = framed([name for name, _ in organisms], 5, [_key(table["seed"].nunique())], before_last=NAMES)
    for (name, runs), panels in zip(organisms, rows, strict=True):
        _by_step(panels[0], quantity_of(runs, "repeat_accuracy"), "accuracy")
        _by_step(panels[1], quantity_of(runs, "prefix_matching", "layer 2"), "attention on what followed")
        _ablated(panels[2], runs)
        _pattern(panels[3], maps.get(f"{name}/{runs['seed'].min()}", {}))
        draw_onsets(panels[4], runs)
    return figure


def _by_step(axes, rows: pd.DataFrame, title: str) -> None:
    """Mean over units against the step, a line per seed, and its null."""
    axes.set_title(title, loc="left")
    axes.set_xlabel("training step")
    means = rows.groupby(["seed", "step"], observed=True)[["value", "null_mean"]].mean().reset_index()
    for number, (_, run) in enumerate(means.groupby("seed", observed=True)):
        axes.plot(run["step"], run["null_mean"], color=NULL, linestyle=":", linewidth=0.9)
        axes.plot(run["step"], run["value"], color=colour(number))
    axes.set_ylim(-0.03, 1.05)
    step_axis(axes, int(rows["step"].max()))


def _ablated(axes, runs: pd.DataFrame) -> None:
    axes.set_title("accuracy without", loc="left")
    for place, layer in enumerate(LAYERS):
        for quantity, marker, shift in (("accuracy_without", "s", -0.15), ("accuracy_without_head", "o", 0.15)):
            for number, (_, run) in enumerate(last(runs, quantity, layer).groupby("seed", observed=True)):
                at = np.full(len(run), place + shift + 0.06 * (number - 1))
                axes.plot(at, run["value"], linestyle="", marker=marker, markersize=3, color=colour(number))
    axes.axhline(last(runs, "accuracy_without", LAYERS[0])["null_mean"].mean(), color="black", linestyle="--", lw=0.8)
    axes.set_xticks(range(len(LAYERS)), LAYERS)
    axes.set_xlim(-0.5, len(LAYERS) - 0.5)
    axes.set_ylim(-0.03, 1.05)


def _pattern(axes, arrays: dict[str, np.ndarray]) -> None:
    axes.set_title("attention of a head", loc="left")
    if "pattern" not in arrays:
        say(axes, "not evaluable")
        return
    axes.imshow(arrays["pattern"], cmap="Blues", vmin=0, aspect="auto", interpolation="nearest")
    axes.set_xlabel(f"position, blocks of {int(arrays['period'][0])}")


def _key(seeds: int) -> list:
    from matplotlib.lines import Line2D

    entries = [Line2D([], [], color=colour(number), label=f"seed {number}") for number in range(min(seeds, 4))]
    return [
        *entries,
        Line2D([], [], color=NULL, linestyle=":", label="chance, or where nothing comes back"),
        Line2D([], [], color="black", linestyle="", marker="s", markersize=3, label="layer ablated"),
        Line2D([], [], color="black", linestyle="", marker="o", markersize=3, label="head ablated"),
    ]
