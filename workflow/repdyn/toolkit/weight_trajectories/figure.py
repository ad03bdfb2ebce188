"""The path of the weights and what changes along it: a row of four panels per network."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import say, share_down
from repdyn.figures.steps import step_axis
from repdyn.figures.style import OKABE_ITO, message_figure, styled

NULL = "#888888"
COLOURS = (OKABE_ITO[0], OKABE_ITO[3], OKABE_ITO[2], OKABE_ITO[4], OKABE_ITO[1], OKABE_ITO[5])
# Gates and what is taken away; variables of a task have the colours in their order.
NAMED = {
    "reset": COLOURS[0], "update": COLOURS[1], "reset gate": COLOURS[0], "update gate": COLOURS[1],
    "recurrence": COLOURS[2], "a unit": COLOURS[3],
}  # fmt: skip


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """Quantities as in `toolkit.weight_trajectories.measure`; the path of the first seed, lines of all."""
    if table.empty:
        return message_figure("No recurrent network was trained.")
    networks = list(table.groupby("experiment", sort=False, observed=True))
    figure, rows = framed([name for name, _ in networks], 4, [_key()])
    for (name, runs), panels in zip(networks, rows, strict=True):
        _path(panels[0], maps.get(f"{name}/{runs['seed'].min()}", {}))
        _lines(panels[1], runs, "gate_mean", "mean openness of gates")
        _lines(panels[2], runs, "probe_accuracy", "probe less control", over_null=True)
        _lines(panels[3], runs, "loss_increase", "increase of the loss")
    share_down(rows, (1, 2, 3))
    return figure


def _path(axes, arrays: dict[str, np.ndarray]) -> None:
    axes.set_title("path of all weights", loc="left")
    if "path" not in arrays:
        say(axes, "not evaluable")
        return
    axes.plot(*arrays["walk"].T, color=NULL, linewidth=0.8, marker=".", markersize=2)
    axes.plot(*arrays["path"].T, color=COLOURS[0], marker="o", markersize=2.5)
    axes.plot(*arrays["path"][0], color="black", marker="o", markersize=4)
    axes.set(xlabel="component 1", ylabel="component 2")


def _lines(axes, runs: pd.DataFrame, quantity: str, title: str, over_null: bool = False) -> None:
    """A line per seed and layer, and a dotted one of its null; or their difference."""
    axes.set_title(title, loc="left")
    rows = runs[(runs["quantity"] == quantity) & np.isfinite(runs["value"])]
    if rows.empty:
        say(axes, "not evaluable")
        return
    axes.set_xlabel("training step")
    layers = rows["layer"].astype(str).unique()
    for layer, colour in zip(layers, _colours(layers), strict=True):
        for _, run in rows[rows["layer"].astype(str) == layer].sort_values("step").groupby("seed", observed=True):
            if over_null:
                axes.plot(run["step"], run["value"] - run["null_mean"], color=colour, marker="o", markersize=2)
                continue
            axes.plot(run["step"], run["null_mean"], color=colour, linewidth=0.8, linestyle=":")
            axes.plot(run["step"], run["value"], color=colour, marker="o", markersize=2)
    if over_null:
        axes.axhline(0, color=NULL, linewidth=0.8, linestyle=":")
        # Names stand above the curves, each in a tenth of the panel.
        low, high = axes.get_ylim()
        axes.set_ylim(low, low + (high - low) / (1 - 0.1 * len(layers)))
        for place, (layer, colour) in enumerate(zip(layers, _colours(layers), strict=True)):
            axes.text(0.03, 0.99 - 0.1 * place, layer, color=colour, fontsize=7, va="top", transform=axes.transAxes)
    step_axis(axes, int(runs["step"].max()))


def _colours(layers: np.ndarray) -> list[str]:
    return [NAMED.get(layer, COLOURS[number % len(COLOURS)]) for number, layer in enumerate(layers)]


def _key() -> list:
    from matplotlib.lines import Line2D

    names = {
        "reset gate": "reset gate",
        "update gate": "update gate",
        "recurrence": "without recurrence",
        "a unit": "a unit resampled",
    }
    entries = [
        Line2D([], [], color=NAMED[name], marker="o", markersize=3, label=label) for name, label in names.items()
    ]
    return [*entries, Line2D([], [], color=NULL, linestyle=":", label="shuffled weights, random walk")]
