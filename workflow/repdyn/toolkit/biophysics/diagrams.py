"""The circuits of networks under Dale's law: their diagrams, and their edges by seed."""

import numpy as np
import pandas as pd

from repdyn.figures.panels import say
from repdyn.figures.populations import draw_populations
from repdyn.figures.style import OKABE_ITO
from repdyn.toolkit.biophysics.edges import RECURRENT, by_edge

BLUE, NULL = OKABE_ITO[0], "#888888"
# (title, places of the populations, layers of the table)
CIRCUITS = (
    ("recurrent network", {"E": (-1.0, 0.0), "I": (1.0, 0.0)}, (RECURRENT,)),
    (
        "perceptron",
        {"pixels E": (0.0, 1.0), "pixels I": (0.0, -1.0), "units E": (1.8, 1.0), "units I": (1.8, -1.0),
         "answers": (3.3, 0.0)},
        ("pixels to units", "units to answers"),
    ),
)  # fmt: skip


def draw_circuits(panels: list, table: pd.DataFrame) -> None:
    """A diagram and a panel of its edges, for each network of CIRCUITS."""
    for number, (title, places, layers) in enumerate(CIRCUITS):
        _circuit(panels[2 * number], table, title, places, layers)
        _edges(panels[2 * number + 1], table, layers)


def _circuit(axes, table: pd.DataFrame, title: str, places: dict, layers: tuple[str, ...]) -> None:
    axes.set_title(title, loc="left")
    found = pd.concat([by_edge(table, "edge", layer).mean() for layer in layers])
    if found.empty:
        say(axes, "not evaluable")
        return
    draw_populations(axes, places, found.to_dict())


def _edges(axes, table: pd.DataFrame, layers: tuple[str, ...]) -> None:
    axes.set_title("median weight by seed", loc="left")
    found, before, mean, sd = (
        pd.concat([by_edge(table, quantity, layer, column) for layer in layers], axis=1)
        for quantity, column in (
            ("edge", "value"),
            ("edge_before", "value"),
            ("edge", "null_mean"),
            ("edge", "null_sd"),
        )
    )
    if found.empty:
        say(axes, "not evaluable")
        return
    places = np.arange(found.shape[1])
    axes.axhline(0, color=NULL, linewidth=0.6)
    axes.errorbar(places + 0.2, mean.mean(), 2 * sd.mean(), color=NULL, marker="_", linestyle="none", capsize=3)
    for row in before.to_numpy(float):
        axes.plot(
            places - 0.2, row, color="black", marker="s", markersize=2.5, linestyle="none", markerfacecolor="none"
        )
    for row in found.to_numpy(float):
        axes.plot(places, row, color=BLUE, alpha=0.45, marker="o", markersize=2.5, linestyle="none")
    ends = [[name.split()[-1].replace("answers", "out") for name in edge] for edge in found.columns]
    axes.set_xticks(places, ["→".join(edge) for edge in ends], fontsize=6.5)
