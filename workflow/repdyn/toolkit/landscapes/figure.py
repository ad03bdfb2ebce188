"""Landscapes of the states of recurrent networks: a picture, and what is measured in it while they learn, a row each."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import quantity_of, say
from repdyn.figures.steps import step_axis
from repdyn.figures.style import OKABE_ITO, SEQUENTIAL_MAP, message_figure, styled
from repdyn.toolkit.by_organism import by_organism, last
from repdyn.toolkit.onset_panel import colour

NULL = "#888888"
LOWEST, STRAIGHT = OKABE_ITO[4:6]
LEVELS = 8.0  # nats above the lowest point that are shown


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """A row of five panels per network; quantities and arrays as in `toolkit.landscapes.measure`."""
    if table.empty:
        return message_figure("No recurrent network was trained.")
    networks = by_organism(table)
    figure, rows = framed([name for name, _ in networks], 5, [_key(table["seed"].nunique())])
    for (name, runs), panels in zip(networks, rows, strict=True):
        arrays = maps.get(f"{name}/{runs['seed'].min()}", {})
        _picture(panels[0], arrays)
        _along(panels[1], arrays, runs)
        _by_step(panels[2], runs, "basins", "basins")
        panels[2].axhline(last(runs, "answers")["value"].iloc[0], color="black", linestyle="--", linewidth=0.8)
        panels[2].set_ylim(bottom=0)
        _by_step(panels[3], runs, "barrier", "barrier, nats")
        panels[3].set_ylim(bottom=0)
        _produced(panels[4], runs)
    return figure


def _picture(axes, arrays: dict[str, np.ndarray]) -> None:
    axes.set_title("energy after training", loc="left")
    if "picture" not in arrays:
        say(axes, "not evaluable")
        return
    picture = np.asarray(arrays["picture"])
    axes.imshow(
        picture - picture.min(), extent=tuple(arrays["extent"]), origin="lower", aspect="auto", cmap=SEQUENTIAL_MAP,
        vmin=0, vmax=LEVELS, interpolation="bilinear",
    )  # fmt: skip
    basins = np.asarray(arrays["basins"])
    axes.plot(*basins[:, :2].T, linestyle="", marker="o", markersize=4, color="white", markeredgecolor="black")
    if "path" in arrays:
        axes.plot(*np.asarray(arrays["path"])[:, :2].T, color=LOWEST)
    axes.set_xlabel("component 1", labelpad=1)
    axes.set_ylabel("component 2", labelpad=0)


def _along(axes, arrays: dict[str, np.ndarray], runs: pd.DataFrame) -> None:
    axes.set_title("along the path, nats", loc="left")
    if "energies" not in arrays:
        say(axes, "one basin")
        return
    lowest, straight = np.asarray(arrays["energies"])
    share = np.linspace(0, 1, len(lowest))
    most = float(last(runs, "most_barrier")["value"].iloc[0])
    for energies, line in ((straight, STRAIGHT), (lowest, LOWEST)):
        axes.plot(share, np.minimum(energies, most), color=line)
    axes.axhline(most, color="black", linestyle=":", linewidth=0.8)
    axes.set_ylim(top=1.12 * most)
    axes.set_xlabel("share of the way", labelpad=1)


def _by_step(axes, runs: pd.DataFrame, quantity: str, title: str) -> None:
    axes.set_title(title, loc="left")
    axes.set_xlabel("training step", labelpad=1)
    rows = quantity_of(runs, quantity)
    if rows["value"].isna().all():
        say(axes, "not evaluable")
        return
    for number, (_, run) in enumerate(rows.groupby("seed", observed=True)):
        axes.plot(run["step"], run["null_mean"], color=NULL, linestyle=":", linewidth=0.9)
        axes.plot(run["step"], run["value"], color=colour(number), marker="o", markersize=2.5)
    step_axis(axes, int(rows["step"].max()))


def _produced(axes, runs: pd.DataFrame) -> None:
    axes.set_title("entropy, nats per time step", loc="left")
    rows = quantity_of(runs, "entropy_production")
    if rows["value"].isna().all():
        say(axes, "not evaluable")
        return
    steps = sorted(rows["step"].unique())
    for number, (_, run) in enumerate(rows.groupby("seed", observed=True)):
        at = [steps.index(step) + 0.18 * (number - 1) for step in run["step"]]
        axes.errorbar(at, run["null_mean"], 3 * run["null_sd"], linestyle="", color=NULL, linewidth=2.5, alpha=0.6)
        axes.plot(at, run["value"], linestyle="", marker="o", markersize=3, color=colour(number))
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_xticks(range(len(steps)), [f"step {step:,}" for step in steps])
    axes.set_xlim(-0.5, len(steps) - 0.5)


def _key(seeds: int) -> list:
    from matplotlib.lines import Line2D

    entries = [Line2D([], [], color=colour(number), label=f"seed {number}") for number in range(min(seeds, 4))]
    return [
        *entries,
        Line2D([], [], color=NULL, linestyle=":", label="null"),
        Line2D([], [], color="black", linestyle="--", label="answers of the task"),
        Line2D([], [], color=LOWEST, label="lowest path"),
        Line2D([], [], color=STRAIGHT, label="straight line"),
    ]
