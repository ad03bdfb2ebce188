"""Which steps of a run are looked into, over its trajectory."""

import numpy as np
import pandas as pd

from repdyn.figures.moments import LOOKS, largest_jump, moment_key
from repdyn.figures.panels import logarithmic
from repdyn.figures.sources import run_title
from repdyn.figures.steps import LINEAR_STEPS, step_axis
from repdyn.figures.style import message_figure, styled
from repdyn.roles import OUTPUT, with_roles
from repdyn.timeseries.series import layer_series
from repdyn.wording.names import layer_name, metric_name

DEEPEST_COLOUR = 0.72  # of plasma: beyond it lines are too pale on white
LOGITS = {"color": "black", "linestyle": (0, (3, 2))}

JUMP = {
    "color": "#F0E442",
    "linestyle": "",
    "marker": "v",
    "markersize": 5,
    "markeredgecolor": "black",
    "markeredgewidth": 0.6,
}

LEFT, RIGHT, TOP, BOTTOM, WIDTH = 1.1, 2.7, 0.55, 0.45, 9.0  # inches
KEY = WIDTH - RIGHT + 0.12
BODY, ROW, GAP = 2.4, 0.27, 0.08  # inches
TABLE = (0.1, 0.5, 1.15)  # inches right of the rows: moment, control, layer of the jump


def draw(run):
    moments = run.read("moments.json")
    trajectory = run.read("trajectory.parquet", ["step", "layer", "depth", run.metric])
    trajectory = with_roles(trajectory, run.read("run.json")["roles"])
    jumps = run.read("jumps.parquet", ["layer", "step", "metric"])
    return moment_plan(trajectory, moments, jumps[jumps["metric"] == run.metric], run.metric, run_title(moments))


@styled
def moment_plan(
    trajectory: pd.DataFrame, moments: dict, jumps: pd.DataFrame, metric: str = "participation_ratio", title: str = ""
):
    """One metric of all layers of a run against the step, and under it the event windows at which the run is looked into.

    trajectory: as for `series.layer_series`, with a role. moments: as `moments.plan` returns it, with steps, the length
    of the training. jumps: layer and step of every significant jump of the metric, each marked on its layer's line. A
    row under the lines is an event window and, below it, its control (bars from the step before to the step after, a line
    at the event itself); the last row is the fixed grid. Without a jump the figure says so.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    if trajectory.empty:
        return message_figure("No trajectory to draw.")
    steps, layers, values = layer_series(trajectory, metric)
    pairs = _pairs(moments)
    track = ROW * (len(pairs) + 1)
    height = TOP + BODY + GAP + track + BOTTOM
    figure = Figure(figsize=(WIDTH, height))
    across = (LEFT / WIDTH, (WIDTH - LEFT - RIGHT) / WIDTH)
    axes = figure.add_axes((across[0], (BOTTOM + track + GAP) / height, across[1], BODY / height))
    rows = figure.add_axes((across[0], BOTTOM / height, across[1], track / height))
    logits = set(trajectory.loc[trajectory["role"] == OUTPUT, "layer"])
    inner = [layer for layer in layers if layer not in logits]
    colours = dict(zip(inner, colormaps["plasma"](np.linspace(0, DEEPEST_COLOUR, len(inner))), strict=True))
    for layer, line in zip(layers, values.T, strict=True):
        look = {"color": colours[layer]} if layer in colours else LOGITS
        axes.plot(steps, np.where(np.isfinite(line), line, np.nan), linewidth=0.8, label=layer, **look)
    at = [
        (jump.step, values[np.searchsorted(steps, jump.step), layers.index(jump.layer)]) for jump in jumps.itertuples()
    ]
    axes.plot(*np.array(at).reshape(-1, 2).T, **JUMP)
    logarithmic([axes], pd.Series(values.ravel()))
    axes.set_ylabel(metric_name(metric))
    axes.tick_params(labelbottom=False)
    _draw_rows(axes, rows, pairs, moments["grid"])
    for panel in (axes, rows):
        step_axis(panel, moments["steps"])
    rows.set_xlabel(f"training step (linear up to {LINEAR_STEPS}, then logarithmic)")
    if inner:
        _depth_key(figure, [layer_name(layer) for layer in inner], list(colours.values()))
    if logits:
        _key(figure, [Line2D([], [], label="logits", linewidth=0.8, **LOGITS)], TOP)
    if at:
        _key(figure, [Line2D([], [], label="jump of a layer", **JUMP)], TOP + 1.7)
    moment_key(figure, [moment["kind"] for moment in moments["moments"]], LEFT, TOP - 0.06)
    figure.text(LEFT / WIDTH, 1 - 0.08 / height, title, ha="left", va="top", fontsize=10)
    if largest_jump(moments) is None:
        text = "no significant jump: fixed grid" + (" and placebo only" if pairs else " only")
        figure.text((WIDTH - RIGHT) / WIDTH, 1 - (TOP - 0.06) / height, text, ha="right", va="bottom")
    return figure


def _pairs(moments: dict) -> list[list[dict]]:
    """Moments of each pair together, in the plan's order."""
    numbers = dict.fromkeys(moment["pair"] for moment in moments["moments"])
    return [[moment for moment in moments["moments"] if moment["pair"] == number] for number in numbers]


def _draw_rows(axes, rows, pairs: list[list[dict]], grid: list[int]) -> None:
    for row, pair in enumerate(pairs):
        for moment in pair:
            before, at, after = moment["before"], moment["at"], moment["after"]
            look = LOOKS[moment["kind"]]
            # A control lies under its jump: late in training both are narrower than a line.
            upper = row + (0.04 if "control" in moment["kind"] else -0.4)
            rows.broken_barh([(before, after - before)], (upper, 0.36), linewidth=0.8, **look)
            rows.vlines(at, upper, upper + 0.36, color="black", linewidth=0.9)
            axes.axvspan(before, after, color=look["edgecolor"], alpha=0.1 if "hatch" in look else 0.3, linewidth=0)
    for step in grid:
        axes.axvline(step, color="#BBBBBB", linewidth=0.5, zorder=0)
    rows.plot(
        grid, [len(pairs)] * len(grid), linestyle="", marker="|", markersize=8, markeredgewidth=1.2, color="black"
    )
    rows.set_ylim(len(pairs) + 0.5, -0.5)
    names = [f"{pair[0]['kind']}, {pair[0]['period']}" for pair in pairs]
    rows.set_yticks(range(len(pairs) + 1), [*names, "fixed grid"])
    rows.tick_params(axis="y", length=0)
    rows.spines["left"].set_visible(False)
    _write_table(rows, pairs)


def _write_table(rows, pairs: list[list[dict]]) -> None:
    """Right of the rows: the steps of a moment and its control, and of a jump where it is and how large."""
    jumps = any(pair[0]["kind"] == "jump" for pair in pairs)
    table = [("at", "control", "largest in (share of range)" if jumps else "")] if pairs else []
    for first, *control in pairs:
        where = f"{layer_name(first['layer'])} ({first['relative_magnitude']:.2f})" if first["kind"] == "jump" else ""
        table.append((f"{first['at']:,}", f"{control[0]['at']:,}" if control else "none", where))
    for row, cells in enumerate(table, -1):
        for place, text in zip(TABLE, cells, strict=True):
            rows.annotate(
                text, (1, row), (72 * place, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                va="center", fontsize=7.5, color="#555555" if row < 0 else "black", annotation_clip=False,
            )  # fmt: skip


def _depth_key(figure, names: list[str], colours: list) -> None:
    """At the right of the lines: the colours of the layers, deepest on top."""
    from matplotlib.colors import ListedColormap

    height = figure.get_figheight()
    bar = figure.add_axes((KEY / WIDTH, (height - TOP - 1.45) / height, 0.1 / WIDTH, 1.2 / height))
    bar.imshow(np.arange(len(names))[:, None], cmap=ListedColormap(colours), origin="lower", aspect="auto")
    ends = sorted({0, len(names) - 1})
    bar.set_yticks(ends, [names[end] for end in ends])
    bar.yaxis.tick_right()
    bar.tick_params(length=0, bottom=False, labelbottom=False)
    bar.spines[:].set_visible(False)


def _key(figure, handles: list, from_top: float) -> None:
    """A legend at the right of the lines, its upper edge `from_top` inches below the top of the figure."""
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(KEY / WIDTH, 1 - from_top / figure.get_figheight()),
        borderaxespad=0, borderpad=0, handlelength=1.4, handletextpad=0.5, fontsize=7.5,
    )  # fmt: skip
