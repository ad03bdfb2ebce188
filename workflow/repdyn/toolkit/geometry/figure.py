"""Dimension and class capacity of three layers of every network against the step, with their nulls."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import RUN, logarithmic, say
from repdyn.figures.steps import step_axis
from repdyn.figures.style import OKABE_ITO, message_figure, styled
from repdyn.toolkit.geometry.findings import BAND, places

COLUMNS = {
    "dimension_mle": "dimension (MLE)",
    "dimension_twonn": "dimension (TwoNN)",
    "class_capacity": "class capacity P / N",
    "mean_field_capacity": "mean-field capacity",
}
CALIBRATION = {"dimension_mle": "calibration_mle", "dimension_twonn": "calibration_twonn"}
PLACES = {"input": ("black", "s"), "middle layer": (OKABE_ITO[1], "^"), "last hidden layer": (OKABE_ITO[0], "o")}


@styled
def draw(table: pd.DataFrame, maps: dict):
    """A row of panels per experiment, a column per quantity of COLUMNS, a line per layer and run; scales shared by column.

    Dotted, with a band of BAND standard deviations: the null of the line of that colour. An image is measured once and drawn
    as a level line. Grey numbers right of a dimension: the dimension of isotropic Gaussians in which as many points have the
    value at their height. `maps` is not looked at.
    """
    drawn = table[table["quantity"].isin(list(COLUMNS))]
    if not drawn["value"].notna().any():
        return message_figure("No layer's geometry could be evaluated.")
    names = drawn["experiment"].unique().tolist()
    figure, rows = framed(names, len(COLUMNS), [_entries()])
    for column, (quantity, label) in enumerate(COLUMNS.items()):
        chosen, panels = drawn[drawn["quantity"] == quantity], [row[column] for row in rows]
        for axes, name in zip(panels, names, strict=True):
            axes.set_title(label, loc="left")
            axes.set_xlabel("training step")
            _draw_panel(axes, chosen[chosen["experiment"] == name], int(table["step"].max()))
        logarithmic(panels, pd.concat([chosen["value"], chosen["null_mean"]]))
        for axes, name in zip(panels, names, strict=True):
            if not chosen.loc[chosen["experiment"] == name, "value"].notna().any():
                say(axes, "not evaluable")
            elif quantity in CALIBRATION:
                known = table[table["experiment"] == name]
                _calibrate(axes, *(_by_unit(known, each) for each in ("calibration_dimension", CALIBRATION[quantity])))
    return figure


def _draw_panel(axes, chosen: pd.DataFrame, total: int) -> None:
    for layer, place in places(chosen).items():
        colour, marker = PLACES[place]
        for _, run in chosen[chosen["layer"] == layer].groupby(RUN, observed=True):
            steps, value, mean, sd = (
                run.sort_values("step")[["step", "value", "null_mean", "null_sd"]].to_numpy(float).T
            )
            if len(steps) == 1:
                steps, value, mean, sd = np.array([0, total]), *(np.repeat(each, 2) for each in (value, mean, sd))
            axes.plot(steps, value, color=colour, marker=marker, markersize=3.5)
            axes.plot(steps, mean, color=colour, linestyle=":", linewidth=0.9)
            axes.fill_between(steps, mean - BAND * sd, mean + BAND * sd, color=colour, alpha=0.15, linewidth=0)
    step_axis(axes, total)


def _by_unit(table: pd.DataFrame, quantity: str) -> np.ndarray:
    """Values of a quantity by unit, means over seeds."""
    return table[table["quantity"] == quantity].groupby("unit", observed=True)["value"].mean().to_numpy()


def _calibrate(axes, true: np.ndarray, found: np.ndarray) -> None:
    """Marks on the right at the values that Gaussians of the true dimensions have."""
    low, high = axes.get_ylim()
    for dimension, value in zip(true, found, strict=True):
        if low <= value <= high:
            across = axes.get_yaxis_transform()
            axes.plot([0.985, 1], [value] * 2, transform=across, color="#666666", linewidth=0.7)
            axes.text(1.03, value, f"{dimension:g}", transform=across, color="#666666", va="center", fontsize=7)


def _entries() -> list:
    from matplotlib.lines import Line2D

    entries = [Line2D([], [], color=c, marker=m, markersize=4, label=place) for place, (c, m) in PLACES.items()]
    null = f"null ± {BAND} sd (matched Gaussian; capacity: shuffled labels)"
    return [*entries, Line2D([], [], color="#444444", linestyle=":", label=null)]
