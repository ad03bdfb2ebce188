"""Cells and synapses above, networks with and without constraints below, circuits under Dale's law at the bottom."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import say
from repdyn.figures.style import DIVERGING_MAP, OKABE_ITO, message_figure, styled
from repdyn.toolkit.biophysics.diagrams import BLUE, NULL, draw_circuits
from repdyn.toolkit.biophysics.findings import values

ORANGE, GREEN, RED = OKABE_ITO[1:4]
# Names and colours, in the order of `izhikevich.KINDS`, top to bottom.
CELLS = (("regular", BLUE), ("bursting", ORANGE), ("chattering", GREEN), ("fast", RED))
NETWORKS = {"free": "ReLU", "spiking": "spiking", "dale": "Dale"}
PENALTIES = {"norm": "size", "spectral": "spectrum"}


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """Three rows of four panels; quantities and arrays as in `toolkit.biophysics.measure`."""
    if table.empty:
        return message_figure("No cell and no network was made.")
    names = ["cells and synapses", "networks", "circuits under Dale's law"]
    figure, (cells, networks, circuits) = framed(names, 4, [_key()])
    runs = list(maps.values())
    first = next((arrays for arrays in runs if "traces" in arrays), {})
    _traces(cells[0], first)
    _rates(cells[1], first)
    _released(cells[2], first)
    _weights(cells[3], runs)
    _accuracies(networks[0], table)
    _by_time(networks[1], runs)
    _signs(networks[2], runs)
    _errors(networks[3], table)
    draw_circuits(circuits, table)
    return figure


def _traces(axes, arrays: dict) -> None:
    axes.set_title("voltage of Izhikevich's cells", loc="left")
    if "traces" not in arrays:
        say(axes, "not evaluable")
        return
    for row, (trace, (name, colour)) in enumerate(zip(arrays["traces"], CELLS, strict=True)):
        up = -130 * row
        axes.plot(np.arange(len(trace)) * 0.2, np.asarray(trace) + up, color=colour, linewidth=0.7)
        axes.text(202, up - 65, name, color=colour, fontsize=7, va="center")
    axes.set(xlim=(0, 255), yticks=[], xticks=[0, 50, 100, 150, 200])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("ms", labelpad=1)


def _rates(axes, arrays: dict) -> None:
    axes.set_title("rate by current, Hz", loc="left")
    if "leaky_rates" not in arrays:
        say(axes, "not evaluable")
        return
    for name, colour, shape in (("leaky", BLUE, "o"), ("axon", RED, "s")):
        share = np.asarray(arrays[f"{name}_currents"]) / np.max(arrays[f"{name}_currents"])
        axes.plot(share, arrays[f"{name}_rates"], color=colour, marker=shape, markersize=3, linestyle="none")
        line = arrays["leaky_formula"] if name == "leaky" else arrays["axon_rates"]
        axes.plot(share, line, color=colour, linewidth=0.8, alpha=0.7)
    axes.text(0.03, 0.97, "integrate-and-fire", color=BLUE, transform=axes.transAxes, va="top", fontsize=7)
    axes.text(0.03, 0.87, "axon", color=RED, transform=axes.transAxes, va="top", fontsize=7)
    axes.set_ylim(bottom=-3)
    axes.set_xlabel("current, share of the largest", labelpad=1)


def _released(axes, arrays: dict) -> None:
    axes.set_title("released per spike", loc="left")
    if "used" not in arrays:
        say(axes, "not evaluable")
        return
    for name, colour in (("depressing", BLUE), ("facilitating", ORANGE)):
        axes.plot(arrays["used"], arrays[f"formula/{name}"], color=colour, linewidth=0.8)
        axes.plot(arrays["used"], arrays[f"released/{name}"], color=colour, marker="o", markersize=3, linestyle="none")
        axes.text(
            arrays["used"][-1], arrays[f"formula/{name}"].max(), name, color=colour, ha="right", va="top", fontsize=7
        )
    axes.set(xscale="log", xticks=[1, 10, 100], xticklabels=["1", "10", "100"])
    axes.set_ylim(bottom=0)
    axes.set_xlabel("spikes per second", labelpad=1)


def _weights(axes, runs: list[dict]) -> None:
    axes.set_title("synapses after competing", loc="left")
    if not any("synapses" in arrays for arrays in runs):
        say(axes, "not evaluable")
        return
    together, others = (np.concatenate([np.split(arrays["synapses"], 2)[half] for arrays in runs]) for half in (0, 1))
    null = np.concatenate([arrays["synapses_null"] for arrays in runs])
    bins = np.linspace(0, 1, 21)
    for weights, colour in ((null, NULL), (others, BLUE), (together, ORANGE)):
        heights = np.histogram(weights, bins)[0] / len(weights)
        axes.stairs(heights, bins, color=colour, linestyle=":" if colour == NULL else "-")
    axes.set_xlabel("weight, share of the strongest", labelpad=1)
    axes.set_ylabel("share of synapses", labelpad=1)
    axes.text(0.5, 0.97, "active together", color=ORANGE, transform=axes.transAxes, va="top", fontsize=7)
    axes.text(0.5, 0.87, "others", color=BLUE, transform=axes.transAxes, va="top", fontsize=7)


def _accuracies(axes, table: pd.DataFrame) -> None:
    axes.set_title("held-out accuracy, digits", loc="left")
    found = pd.DataFrame({words: values(table, "accuracy", name) for name, words in NETWORKS.items()})
    before = pd.DataFrame({words: values(table, "accuracy", name, "null_mean") for name, words in NETWORKS.items()})
    if not found.notna().any(axis=None):
        say(axes, "not evaluable")
        return
    _by_seed(axes, found)
    axes.text(0.03, 0.03, f"before training {before.min(axis=None):.2f} to {before.max(axis=None):.2f}",
              transform=axes.transAxes, fontsize=7, color=NULL)  # fmt: skip


def _by_time(axes, runs: list[dict]) -> None:
    axes.set_title("spiking: accuracy by step", loc="left")
    curves = np.array([arrays["by_time"] for arrays in runs if "by_time" in arrays])
    if not len(curves):
        say(axes, "not evaluable")
        return
    steps = np.arange(1, curves.shape[1] + 1)
    axes.plot(steps, curves.T, color=BLUE, alpha=0.3, linewidth=0.7)
    axes.plot(steps, curves.mean(0), color=BLUE, marker="o", markersize=2.5)
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("time step", labelpad=1)


def _signs(axes, runs: list[dict]) -> None:
    axes.set_title("weights under Dale's law", loc="left")
    found = [np.asarray(arrays["signed"]) for arrays in runs if "signed" in arrays]
    if not found:
        say(axes, "not evaluable")
        return
    limit = np.quantile(np.abs(found[0]), 0.98)
    axes.imshow(found[0], aspect="auto", cmap=DIVERGING_MAP, vmin=-limit, vmax=limit, interpolation="nearest")
    axes.axvline((found[0] > 0).all(0).sum() - 0.5, color="black", linewidth=0.8)
    axes.set_yticks([0, 9], ["0", "9"])
    axes.set_xlabel("from unit", labelpad=1)
    axes.set_ylabel("to answer", labelpad=1)


def _errors(axes, table: pd.DataFrame) -> None:
    axes.set_title("error above no penalty, %", loc="left")
    none = values(table, "error", "none")
    found = pd.DataFrame({words: 100 * (values(table, "error", name) / none - 1) for name, words in PENALTIES.items()})
    if not found.notna().any(axis=None):
        say(axes, "not evaluable")
        return
    axes.axhline(0, color=NULL, linestyle=":", linewidth=0.9)
    _by_seed(axes, found)


def _by_seed(axes, found: pd.DataFrame) -> None:
    """A line per row, and means; columns along the axis."""
    places = np.arange(found.shape[1])
    axes.plot(places, found.to_numpy(float).T, color=BLUE, alpha=0.45, marker="o", markersize=2.5, linewidth=0.7)
    axes.plot(places, found.mean(), color="black", marker="_", markersize=14, linestyle="none")
    axes.set_xticks(places, found.columns)
    axes.set_xlim(-0.4, places[-1] + 0.4)
    axes.margins(y=0.15)


def _key() -> list:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=BLUE, alpha=0.45, marker="o", markersize=2.5, label="a seed"),
        Line2D([], [], color="black", marker="_", markersize=10, linestyle="none", label="mean over seeds"),
        Line2D([], [], color=NULL, linestyle=":", label="null"),
        Line2D(
            [],
            [],
            color="black",
            marker="s",
            markersize=2.5,
            markerfacecolor="none",
            linestyle="none",
            label="before training",
        ),
        Line2D([], [], color=NULL, marker="_", markersize=7, linestyle="none", label="signs in random order"),
    ]
