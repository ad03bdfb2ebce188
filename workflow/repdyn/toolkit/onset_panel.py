"""A panel of onsets: when each measure of one training has half of its final change."""

import numpy as np
import pandas as pd

from repdyn.figures.panels import say
from repdyn.figures.steps import step_axis
from repdyn.figures.style import OKABE_ITO
from repdyn.toolkit.onset_words import by_measure

COLOURS = (OKABE_ITO[0], OKABE_ITO[3], OKABE_ITO[2], OKABE_ITO[1])  # by seed


def draw_onsets(axes, runs: pd.DataFrame) -> None:
    """A row per measure of one organism, earliest first: seeds as dots, their mean as a bar."""
    axes.set_title("onset, training step", loc="left")
    found = by_measure(runs, "onset")
    if not found:
        say(axes, "not evaluable")
        return
    for row, values in enumerate(found.values()):
        known = values.dropna()
        for number, value in enumerate(values):
            if np.isfinite(value):
                axes.plot([value], [row], linestyle="", marker="o", markersize=3, color=colour(number))
        if len(known):
            axes.plot([known.mean()] * 2, [row - 0.3, row + 0.3], color="black", linewidth=1.2)
        else:
            axes.text(0.5, row, "none", ha="center", va="center", transform=axes.get_yaxis_transform(), fontsize=7)
    axes.set_yticks(range(len(found)), list(found))
    axes.set_ylim(len(found) - 0.5, -0.5)
    step_axis(axes, int(runs["step"].max()))


def colour(number: int) -> str:
    """Of a seed, by its rank."""
    return COLOURS[number % len(COLOURS)]
