"""Connect Four while it is learnt, beside random moves: a row per input, a colour per size."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import say, share_down
from repdyn.figures.steps import step_axis
from repdyn.figures.style import OKABE_ITO, message_figure, styled
from repdyn.toolkit.connect_four.findings import INPUTS, inputs_of, last, units_of

RANDOM = "#888888"
COLOURS = (OKABE_ITO[0], OKABE_ITO[3], OKABE_ITO[2], OKABE_ITO[1])  # by size
SHARES = {"wins_taken": "wins taken", "blocks_made": "blocks made", "safe_kept": "wins not given away"}


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """A row of five panels per input; quantities as in `toolkit.connect_four.measure`."""
    if table.empty:
        return message_figure("No network was trained to play.")
    networks = [runs for _, runs in table.groupby("experiment", sort=False, observed=True)]
    shown = [inputs for inputs in INPUTS if any(inputs_of(runs) == inputs for runs in networks)]
    sizes = sorted({units_of(runs) for runs in networks})
    figure, rows = framed([f"reads {INPUTS[inputs]}" for inputs in shown], 5, [_key(sizes)])
    for inputs, panels in zip(shown, rows, strict=True):
        chosen = [(runs, COLOURS[sizes.index(units_of(runs)) % len(COLOURS)]) for runs in networks]
        chosen = [(runs, colour) for runs, colour in chosen if inputs_of(runs) == inputs]
        _by_step(panels[0], chosen, "excess", "nats above the floor")
        for axes, (quantity, title) in zip(panels[1:4], SHARES.items(), strict=True):
            _by_step(axes, chosen, quantity, title)
            axes.set_ylim(0, 1.03)
        _by_ply(panels[4], chosen)
    share_down(rows, (0, 4))
    return figure


def _by_step(axes, chosen: list[tuple[pd.DataFrame, str]], quantity: str, title: str) -> None:
    axes.set_title(title, loc="left")
    axes.set_xlabel("training step")
    total = 1
    for runs, colour in chosen:
        rows = runs[(runs["quantity"] == quantity) & np.isfinite(runs["value"])].sort_values("step")
        for _, run in rows.groupby("seed", observed=True):
            axes.plot(run["step"], run["null_mean"], color=RANDOM, linewidth=0.9, linestyle=":")
            axes.plot(run["step"], run["value"], color=colour, marker="o", markersize=2)
            total = max(total, int(run["step"].max()))
    if not axes.lines:
        say(axes, "not evaluable")
        return
    step_axis(axes, total)


def _by_ply(axes, chosen: list[tuple[pd.DataFrame, str]]) -> None:
    axes.set_title("nats above it, by move", loc="left")
    axes.set_xlabel("move of the game")
    for runs, colour in chosen:
        for _, run in last(runs, "ply_excess").groupby("seed", observed=True):
            there = run[np.isfinite(run["value"])]
            axes.plot(there["unit"] + 1, there["value"], color=colour)
    if not axes.lines:
        say(axes, "not evaluable")
        return
    axes.set_ylim(bottom=0)


def _key(sizes: list[int]) -> list:
    from matplotlib.lines import Line2D

    entries = [
        Line2D([], [], color=COLOURS[i % len(COLOURS)], marker="o", markersize=3, label=f"{size} units")
        for i, size in enumerate(sizes)
    ]
    return [*entries, Line2D([], [], color=RANDOM, linestyle=":", label="random moves")]
