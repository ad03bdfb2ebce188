"""The path of the weights and what changes along it: two rows of four panels per network."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import say
from repdyn.figures.steps import step_axis
from repdyn.figures.style import OKABE_ITO, SEQUENTIAL_MAP, message_figure, styled

NULL = "#888888"
COLOURS = (OKABE_ITO[0], OKABE_ITO[3], OKABE_ITO[2], OKABE_ITO[4], OKABE_ITO[1], OKABE_ITO[5])
# Gates and what is taken away; variables of a task have the colours in their order.
NAMED = {
    "reset": COLOURS[0], "update": COLOURS[1], "reset gate": COLOURS[0], "update gate": COLOURS[1],
    "recurrence": COLOURS[2], "a unit": COLOURS[3],
}  # fmt: skip


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """Quantities as in `toolkit.weight_trajectories.measure`; pictures of the first seed, lines of all."""
    if table.empty:
        return message_figure("No recurrent network was trained.")
    networks = list(table.groupby("experiment", sort=False, observed=True))
    names = [each for name, _ in networks for each in (name, "")]
    figure, rows = framed(names, 4, [_key()])
    for (name, runs), upper, lower in zip(networks, rows[::2], rows[1::2], strict=True):
        arrays = maps.get(f"{name}/{runs['seed'].min()}", {})
        _path(upper[0], arrays)
        _picture(upper[1], arrays)
        _lines(upper[2], runs, "gate_mean", "mean openness of gates")
        _matrix(figure, upper[3], np.log10(arrays["time_scales"].T.clip(0.3, 1e3)) if "time_scales" in arrays else None,
                "time scales (log10 steps)", "checkpoint", "rank")  # fmt: skip
        _matrix(figure, lower[0], arrays.get("cka"), "CKA of states", "checkpoint", "checkpoint")
        _lines(lower[1], runs, "probe_accuracy", "probe less control", over_null=True)
        _lines(lower[2], runs, "loss_increase", "increase of the loss")
        known = arrays.get("information")
        _matrix(figure, lower[3], None if known is None else _sorted(known).T, "information of units (nats)", "unit",
                "variable")  # fmt: skip
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


def _picture(axes, arrays: dict[str, np.ndarray]) -> None:
    axes.set_title("the same along the path", loc="left")
    if "picture" not in arrays:
        say(axes, "not evaluable")
        return
    axes.plot(*arrays["picture"].T, color=COLOURS[0], marker="o", markersize=2.5)
    axes.plot(*arrays["picture"][0], color="black", marker="o", markersize=4)
    axes.set(xlabel="dimension 1", ylabel="dimension 2")


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


def _matrix(figure, axes, values: np.ndarray | None, title: str, along: str, down: str) -> None:
    axes.set_title(title, loc="left")
    if values is None or not np.isfinite(values).any():
        say(axes, "not evaluable")
        return
    image = axes.imshow(values, aspect="auto", origin="lower", cmap=SEQUENTIAL_MAP, interpolation="nearest")
    axes.set(xlabel=along, ylabel=down)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.get_major_locator().set_params(integer=True)
    bar = figure.colorbar(image, ax=axes, fraction=0.06, pad=0.03)
    bar.ax.tick_params(labelsize=6.5)


def _sorted(information: np.ndarray) -> np.ndarray:
    """Units in the order of what they hold at most."""
    return information[np.argsort(-np.nan_to_num(information, nan=-1.0).max(1), kind="stable")]


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
