"""The picture of a tracked network."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from repdyn.figures.style import OKABE_ITO, styled
from repdyn.wording.names import metric_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEEPEST_COLOUR = 0.85  # of plasma: beyond it lines are too pale on white
NAMED = 12  # layers whose names fit into the legend


@styled
def layer_lines(trajectory: pd.DataFrame, metric: str, inner: list[str]) -> "Figure":
    """A metric of every layer against the step: inner layers dark to light by depth, others dashed.

    trajectory: step, layer, depth and the metric. Of many layers the legend names some, evenly spaced.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    layers = trajectory.sort_values("depth", kind="stable")["layer"].drop_duplicates().tolist()
    shades = dict(zip(inner, colormaps["plasma"](np.linspace(0, DEEPEST_COLOUR, len(inner))), strict=True))
    named = {layers[place] for place in np.linspace(0, len(layers) - 1, min(NAMED, len(layers))).round().astype(int)}
    figure = Figure(figsize=(7, 3.4), layout="constrained")
    axes = figure.add_subplot()
    for number, layer in enumerate(layers):
        line = trajectory[trajectory["layer"] == layer]
        look = {"color": shades[layer]} if layer in shades else {"color": OKABE_ITO[number % 5], "linestyle": "--"}
        axes.plot(line["step"], line[metric], label=layer if layer in named else "_", **look)
    axes.set_xlabel("training step")
    axes.set_ylabel(metric_name(metric))
    figure.legend(loc="outside right upper")
    return figure
