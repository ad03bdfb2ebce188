"""The states of recurrent networks while they learn, as tools for classifiers see them: a row per network."""

import numpy as np
import pandas as pd

from repdyn.figures.frame import framed
from repdyn.figures.panels import logarithmic, say, share_down
from repdyn.figures.steps import step_axis
from repdyn.figures.style import OKABE_ITO, message_figure, styled

NULL = "#888888"
OURS, INTRINSIC = OKABE_ITO[0], OKABE_ITO[3]


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """A row of four panels per network; quantities as in `toolkit.recurrent_states.measure`."""
    if table.empty:
        return message_figure("No recurrent network was trained.")
    table = table[table["layer"].astype(str).isin(["", "state"])]
    networks = list(table.groupby("experiment", sort=False, observed=True))
    figure, rows = framed([name for name, _ in networks], 4, [_key()])
    for (_, runs), panels in zip(networks, rows, strict=True):
        classes = int(runs.loc[runs["quantity"] == "classes", "value"].iloc[0])
        _lines(panels[0], runs, "drift_from_init", "drift from initialisation")
        _lines(panels[1], runs, "participation_ratio", "dimensions of the states")
        _lines(panels[1], runs, "dimension_mle", "dimensions of the states", INTRINSIC)
        _lines(panels[2], runs.assign(value=runs["value"] + 1), "beyond_0", "clusters of states")
        panels[2].axhline(classes, color="black", linestyle="--", linewidth=0.8)
        _lines(panels[3], runs, "probe_accuracy", "probe of the answer")
        panels[3].set_ylim(0, 1.03)
        for axes in panels[:3]:
            axes.set_ylim(bottom=0)
    share_down(rows, (0, 2))
    found = table[table["quantity"].isin(["participation_ratio", "dimension_mle"])]
    logarithmic([panels[1] for panels in rows if panels[1].has_data()], pd.concat([found["value"], found["null_mean"]]))
    return figure


def _lines(axes, runs: pd.DataFrame, quantity: str, title: str, colour: str = OURS) -> None:
    axes.set_title(title, loc="left")
    axes.set_xlabel("training step")
    rows = runs[(runs["quantity"] == quantity) & np.isfinite(runs["value"])].sort_values("step")
    if rows.empty:
        say(axes, "not evaluable")
        return
    for _, run in rows.groupby("seed", observed=True):
        if run["null_mean"].notna().any():
            axes.plot(run["step"], run["null_mean"], color=NULL, linewidth=0.9, linestyle=":")
        axes.plot(run["step"], run["value"], color=colour, marker="o", markersize=2)
    step_axis(axes, int(runs["step"].max()))


def _key() -> list:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=OURS, marker="o", markersize=3, label="state"),
        Line2D([], [], color=INTRINSIC, marker="o", markersize=3, label="intrinsic dimension"),
        Line2D([], [], color=NULL, linestyle=":", label="null"),
        Line2D([], [], color="black", linestyle="--", label="answers"),
    ]
