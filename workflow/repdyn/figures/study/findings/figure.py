"""Answers to questions that no published claim asks, each beside its null."""

import numpy as np
import pandas as pd

from repdyn.figures.estimates import draw_estimates, null_entries
from repdyn.figures.panels import key_above, say
from repdyn.figures.style import FAMILY_COLOURS, message_figure, styled
from repdyn.study.findings.answers import NOT_EVALUABLE, SHOWN
from repdyn.wording.names import family_name, family_order

NOT_SHOWN_COLOUR = "#888888"
# Panels of estimates: title, label of the axis, and the least and largest value that there can be.
PANELS = {
    "regrowth": ("Layers that dip", "share of layers", (0, 1)),
    "early": ("Order at a step and at the end", "rank correlation", (-1, 1)),
    "gradients": ("Changes and gradient norm", "rank correlation", (-1, 1)),
    "variance": ("Final dimension", "standard deviation of ln dimension", (0, np.inf)),
    "accuracy": ("Accuracy and final dimension", "rank correlation", (-1, 1)),
}


def draw(study):
    return findings(study.tables["findings"], study.tables["finding_layers"])


@styled
def findings(answers: pd.DataFrame, layers: pd.DataFrame):
    """answers: as `answers.judge` gives them; layers: of `study.findings.layers.LAYER`."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    if layers.empty:
        return message_figure("No layer was evaluable in any run that learned.")
    figure = Figure(figsize=(8.2, 6.8))
    grid = figure.add_gridspec(
        3, 2, left=0.11, right=0.98, top=0.87, bottom=0.08, hspace=0.65, wspace=0.7, height_ratios=(1.5, 1.5, 1)
    )
    dots = figure.add_subplot(grid[0, 0])
    _draw_dips(dots, layers, float(answers.loc[answers["finding"] == "regrowth", "null_mean"].iloc[0]))
    places = {"early": grid[0, 1], "gradients": grid[1, 0], "variance": grid[1, 1], "regrowth": grid[2, 0]}
    for finding in PANELS:
        _draw_answers(figure.add_subplot(places.get(finding, grid[2, 1])), answers[answers["finding"] == finding])
    families = family_order(layers["family"])
    colours = [
        Line2D([], [], linestyle="", marker="o", markersize=4, color=FAMILY_COLOURS.get(name), label=family_name(name))
        for name in families
    ]
    words = [
        Line2D([], [], marker="o", markersize=4, color="black", label="shown"),
        Line2D([], [], marker="o", markersize=4, color=NOT_SHOWN_COLOUR, label="not shown"),
    ]
    key_above(figure, [colours, [*words, *null_entries("null", "95 % of the null")]])
    return figure


def _draw_dips(axes, layers: pd.DataFrame, level: float) -> None:
    for family in family_order(layers["family"]):
        part = layers[layers["family"] == family]
        found = part["p"] <= level
        colour = FAMILY_COLOURS.get(family)
        for chosen, look in ((~found, {"facecolor": "none", "alpha": 0.35}), (found, {"facecolor": colour})):
            points = part[chosen]
            axes.scatter(
                points["minimum"] / points["start"], points["minimum"] / points["end"], 9, edgecolor=colour, linewidth=0.5,
                zorder=3 if chosen is found else 2, clip_on=False, **look,
            )  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="lowest / first dimension", ylabel="lowest / last dimension")
    axes.set_title("The lowest dimension of each layer", loc="left")


def _draw_answers(axes, answers: pd.DataFrame) -> None:
    title, label, (least, most) = PANELS[answers["finding"].iloc[0]]
    axes.set_title(title, loc="left")
    if (answers["word"] == NOT_EVALUABLE).all():
        say(axes, f"not evaluable: {answers['why'].iloc[0]}")
        return
    missing = answers[answers["value"].isna()]
    answers = answers[answers["value"].notna()]
    places = np.arange(len(answers))[::-1]
    draw_estimates(axes, answers, places, ["black" if word == SHOWN else NOT_SHOWN_COLOUR for word in answers["word"]])
    axes.set_yticks(places, answers["subject"])
    note = f"\n({len(missing)} not evaluable: {', '.join(missing['why'].unique())})" if len(missing) else ""
    axes.set(xlabel=label + note, ylim=(-0.7, len(answers) - 0.3))
    numbers = answers[["value", "low", "high", "null_mean", "null_low", "null_high"]].to_numpy(np.float64)
    low, high = min(np.nanmin(numbers), 0.0), np.nanmax(numbers)
    margin = 0.06 * (high - low)
    axes.set_xlim(max(low - margin, least), min(high + margin, most))
