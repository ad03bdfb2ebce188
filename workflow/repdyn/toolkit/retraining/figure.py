"""Accuracy after trainings that were repeated: without features, with a deficit for a while, in other orders."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import first_seeds, say, share_down
from repdyn.figures.style import OKABE_ITO, message_figure, styled
from repdyn.toolkit.retraining.design import SHARES, WINDOWS
from repdyn.toolkit.retraining.findings import BEYOND, METHODS

COLOURS = dict(zip(METHODS, (OKABE_ITO[0], OKABE_ITO[3]), strict=True))
ORDERS = {"easy_first": "easy first", "hard_first": "hard first"}


@styled
def draw(table: pd.DataFrame, maps: dict):
    """A row of panels per experiment (its first seed). See `toolkit.retraining.measure`."""
    if table.empty:
        return message_figure("No training was repeated in this study.")
    runs = first_seeds(table)
    figure, rows = framed([name for name, _ in runs], 3, _key())
    for (_, run), panels in zip(runs, rows, strict=True):
        _removed(panels[0], run)
        _deficit(panels[1], run)
        _orders(panels[2], run)
    share_down(rows, range(3))
    return figure


def _of(run: pd.DataFrame, quantity: str) -> pd.DataFrame:
    return run[run["quantity"] == quantity].sort_values("unit")


def _removed(axes, run: pd.DataFrame) -> None:
    axes.set_title("features removed", loc="left")
    drawn = {name: _of(run, f"removed/{name}") for name in METHODS}
    if not any(rows["value"].notna().any() for rows in drawn.values()):
        say(axes, "not evaluable: no images")
        return
    for name, rows in drawn.items():
        axes.plot(SHARES, rows["value"], color=COLOURS[name], marker="o", markersize=3)
    mean, sd = (rows[column].to_numpy() for column in ("null_mean", "null_sd"))
    axes.fill_between(SHARES, mean - BEYOND * sd, mean + BEYOND * sd, color="#CCCCCC", linewidth=0)
    axes.axhline(_of(run, "plain")["value"].iloc[0], color="black", linestyle=":", linewidth=0.8)
    axes.set_xlabel("share removed", labelpad=1)
    axes.set_ylabel("accuracy", labelpad=1)


def _deficit(axes, run: pd.DataFrame) -> None:
    axes.set_title("blurred for a while", loc="left")
    rows = _of(run, "deficit")
    if not rows["value"].notna().any():
        say(axes, "not evaluable: no images")
        return
    axes.axhspan(*(BEYOND * rows["null_sd"].iloc[0] * np.array([-1, 1])), color="#CCCCCC", linewidth=0)
    for (first, last), value in zip(WINDOWS, rows["value"], strict=True):
        axes.plot([first, last], [value, value], color=OKABE_ITO[0], linewidth=2.5, solid_capstyle="butt")
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_xlim(0, 1)
    axes.set_xlabel("training fraction", labelpad=1)
    axes.set_ylabel("points lost", labelpad=1)


def _orders(axes, run: pd.DataFrame) -> None:
    axes.set_title("order of examples", loc="left")
    rows = [_of(run, f"order/{name}") for name in ORDERS]
    if not any(row["value"].notna().any() for row in rows):
        say(axes, "not evaluable")
        return
    for place, row in enumerate(rows):
        sd = BEYOND * row["null_sd"].iloc[0]
        axes.bar(place, 2 * sd, 0.6, bottom=-sd, color="#CCCCCC")
        axes.plot(place, row["value"], "o", color=OKABE_ITO[0], markersize=4)
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_xlim(-0.6, 1.6)
    axes.set_xticks(range(len(ORDERS)), list(ORDERS.values()))
    axes.set_ylabel("points gained", labelpad=1)


def _key() -> list[list]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lines = [
        Line2D([], [], color=COLOURS[name], marker="o", markersize=3, label=label) for name, label in METHODS.items()
    ]
    return [[*lines, Patch(facecolor="#CCCCCC", label=f"null: {BEYOND} standard deviations")]]
