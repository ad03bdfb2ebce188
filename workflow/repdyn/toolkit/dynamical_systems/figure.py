"""Attractors against the training step, beside shuffled weights, and a trained network's states with its fixed points."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import logarithmic, say, share_down
from repdyn.figures.steps import step_axis
from repdyn.figures.style import OKABE_ITO, message_figure, styled
from repdyn.toolkit.dynamical_systems.findings import NEEDED

SHUFFLED = "#888888"
HELD = (OKABE_ITO[0], OKABE_ITO[3], OKABE_ITO[2])  # by held input
MARKERS = ("o", "s", "^", "D")  # by seed
LEAST = 0.5  # where a count of 0 is drawn on a logarithmic scale
DEPTH = np.array([0.45, 0.28])  # how far the third component goes right and up


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """A row of four panels per network; quantities as in `toolkit.dynamical_systems.measure`."""
    if table.empty:
        return message_figure("No recurrent network was trained.")
    networks = list(table.groupby("experiment", sort=False, observed=True))
    figure, rows = framed([name for name, _ in networks], 4, [_key()])
    for (name, runs), panels in zip(networks, rows, strict=True):
        held = [layer for layer in runs["layer"].astype(str).unique() if layer]
        counted = any(layer in NEEDED for layer in held)
        _solution(panels[0], runs, held, counted)
        _against(panels[1], runs, "accuracy", [""], "held-out accuracy")
        _against(panels[2], runs, "slowest_time", held, "slowest time scale (steps)")
        _states(panels[3], maps.get(f"{name}/{runs['seed'].min()}", {}))
    share_down(rows, [1])
    times = table[table["quantity"] == "slowest_time"]
    logarithmic([panels[2] for panels in rows if panels[2].has_data()], pd.concat([times["value"], times["null_mean"]]))
    return figure


def _solution(axes, runs: pd.DataFrame, held: list[str], counted: bool) -> None:
    if not counted:
        _against(axes, runs, "line_eigenvalue", held, "eigenvalue at slow points")
        axes.axhline(1, color="black", linestyle="--", linewidth=0.8)
        return
    counts = runs.assign(value=runs["value"].clip(lower=LEAST), null_mean=runs["null_mean"].clip(lower=LEAST))
    _against(axes, counts, "attractors", held, "attractors found")
    if not axes.lines:
        return
    highest = max(axes.dataLim.y1, *(NEEDED[layer] for layer in held))
    ticks = [LEAST, *2.0 ** np.arange(np.ceil(np.log2(highest)) + 1)]
    axes.set_yscale("log", base=2)
    axes.set_yticks(ticks, ["0", *(f"{tick:g}" for tick in ticks[1:])])
    axes.set_ylim(LEAST if axes.dataLim.y0 < 1 else 0.8, 1.5 * highest)
    for layer in held:
        axes.axhline(NEEDED[layer], color="black", linestyle="--", linewidth=0.8)
        first = runs[(runs["quantity"] == "attractors") & (runs["step"] == runs["step"].min())]
        axes.text(0.03, 0.16, f"untrained: {_listed(first['value'])}", transform=axes.transAxes, fontsize=7)
        axes.text(
            0.03, NEEDED[layer] * 1.06, f"needed: {NEEDED[layer]}", transform=axes.get_yaxis_transform(), fontsize=7
        )


def _listed(values: pd.Series) -> str:
    """The counts of all seeds."""
    return ", ".join("none found" if np.isnan(value) else f"{value:g}" for value in values)


def _against(axes, runs: pd.DataFrame, quantity: str, layers: list[str], title: str) -> None:
    axes.set_title(title, loc="left")
    axes.set_xlabel("training step")
    rows = runs[(runs["quantity"] == quantity) & np.isfinite(runs["value"])]
    if rows.empty:
        say(axes, "not evaluable")
        return
    for layer, colour in zip(layers, HELD, strict=False):
        by_seed = rows[rows["layer"].astype(str) == layer].sort_values("step").groupby("seed", observed=True)
        for number, (_, run) in enumerate(by_seed):
            axes.plot(run["step"], run["null_mean"], color=SHUFFLED, linewidth=0.9, linestyle=":")
            axes.plot(run["step"], run["value"], color=colour, marker=MARKERS[number % len(MARKERS)], markersize=3)
    step_axis(axes, int(runs["step"].max()))


def _states(axes, arrays: dict[str, np.ndarray]) -> None:
    axes.set_title("states and fixed points", loc="left")
    if "states" not in arrays:
        say(axes, "not evaluable")
        return
    axes.plot(*_seen(arrays["states"]), linestyle="", marker=".", markersize=1.5, color="#BBBBBB", zorder=1)
    for number, colour in enumerate(HELD):
        if f"slow_{number}" in arrays and f"slow_{number + 1}" in arrays or number and f"slow_{number}" in arrays:
            axes.plot(*_seen(arrays[f"slow_{number}"]), linestyle="", marker="o", markersize=2, color=colour, zorder=2)
        if f"points_{number}" in arrays:
            unstable = arrays[f"unstable_{number}"]
            places = np.array(_seen(arrays[f"points_{number}"]))
            for index in np.unique(unstable)[::-1]:
                shown = places[:, unstable == index]
                full = (
                    {"color": colour} if index == 0 else {"markerfacecolor": "white", "markeredgecolor": _shade(index)}
                )
                axes.plot(
                    *shown,
                    linestyle="",
                    marker="o" if index == 0 else "s",
                    markersize=6 - (index > 0),
                    zorder=3,
                    **full,
                )
    axes.set(xlabel="component 1, 3 obliquely", ylabel="component 2")
    axes.tick_params(labelleft=False, labelbottom=False)


def _seen(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where (n, 3) are in the panel."""
    return points[:, 0] + DEPTH[0] * points[:, 2], points[:, 1] + DEPTH[1] * points[:, 2]


def _shade(index: int) -> str:
    return ("#CC79A7", "#882255", "#000000")[min(index, 3) - 1]


def _key() -> list:
    from matplotlib.lines import Line2D

    seeds = [
        Line2D([], [], color="#555555", marker=marker, linestyle="", markersize=4, label=name)
        for marker, name in zip(MARKERS, ("first seed", "second", "third"), strict=False)
    ]
    return [
        Line2D([], [], color=HELD[0], label="no pulse, or context 1"),
        Line2D([], [], color=HELD[1], label="context 2"),
        *seeds,
        Line2D([], [], color=SHUFFLED, linestyle=":", label="shuffled weights"),
        Line2D([], [], color=HELD[0], marker="o", linestyle="", markersize=6, label="stable"),
        Line2D([], [], markerfacecolor="white", markeredgecolor="#882255", marker="s", linestyle="", label="saddle"),
    ]
