"""Layers by steps: one metric of one run at a glance."""

import numpy as np
import pandas as pd

from repdyn.figures.sources import run_title
from repdyn.figures.style import MISSING_COLOUR, SEQUENTIAL_MAP, styled
from repdyn.timeseries.series import layer_series
from repdyn.wording.names import layer_name, metric_name
from repdyn.wording.numbers import short

ROW = 0.22  # inches per layer: keeps one line of text apart from the next
LEFT, RIGHT, TOP, BOTTOM, WIDTH = 1.45, 1.15, 0.78, 1.05, 7.6  # inches


def scale_by_layer(values: np.ndarray, rtol: float = 1e-9) -> np.ndarray:
    """Each layer (column) of values (T, L) mapped to [0, 1] by its own lowest and highest finite value.

    NaN stays NaN; a layer without a finite value, or that is constant (as in `series.evaluable`), is NaN throughout.
    """
    values = np.where(np.isfinite(values), values, np.nan)
    low, high = _ranges(values)
    span = high - low
    span[~(span > rtol * np.maximum(np.abs(low), np.abs(high)))] = np.nan
    return (values - low) / span


def draw(run):
    facts = run.read("run.json")
    convergence = run.read("convergence.parquet")
    jumps = run.read("jumps.parquet", ["metric", "layer", "step"])
    return layer_heatmap(
        run.read("trajectory.parquet", ["step", "layer", "depth", run.metric]),
        run.metric,
        title=run_title(facts),
        total_steps=facts["steps"],
        convergence=convergence[convergence["metric"] == run.metric],
        jumps=jumps[jumps["metric"] == run.metric],
    )


@styled
def layer_heatmap(
    trajectory: pd.DataFrame,
    metric: str = "participation_ratio",
    title: str = "",
    total_steps: int | None = None,
    convergence: pd.DataFrame | None = None,
    jumps: pd.DataFrame | None = None,
):
    """Heatmap of one metric of one run: layers from the input at the bottom to the logits at the top.

    trajectory: as for `series.layer_series`; the metric must have been taken at all of its steps. Colours run over each
    layer's own range, which is printed at the right: layers differ too much for one scale. total_steps: planned
    length of the run, by default the last step. convergence: layer, stabilised_step and settled_step (NaN for none),
    drawn as stars and triangles. jumps: layer and step, drawn as bars across the row. What is dead or constant is grey and
    hatched.
    """
    from matplotlib.figure import Figure

    steps, layers, values = layer_series(trajectory, metric)
    total = int(steps[-1]) if total_steps is None else total_steps
    scaled = scale_by_layer(values)
    gap = steps[1] - steps[0] if len(steps) > 1 else 1
    body = ROW * max(len(layers), 3)
    figure = Figure(figsize=(WIDTH, TOP + body + BOTTOM))
    axes = _place(figure, LEFT, BOTTOM, WIDTH - LEFT - RIGHT, body)
    image = axes.imshow(
        np.ma.masked_invalid(scaled.T),
        extent=(steps[0] - gap / 2, steps[-1] + gap / 2, -0.5, len(layers) - 0.5),
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap=SEQUENTIAL_MAP,
        vmin=0,
        vmax=1,
    )
    axes.set(xlim=(-gap / 2, total + gap / 2), ylim=(-0.5, len(layers) - 0.5), xlabel="training step")
    axes.set_yticks(range(len(layers)), [layer_name(layer) for layer in layers])
    axes.tick_params(axis="y", length=0, pad=7)  # room for a star at step 0
    axes.hlines(np.arange(1, len(layers)) - 0.5, *axes.get_xlim(), color="white", linewidth=0.8)
    axes.spines[:].set_visible(False)
    hatched = _hatch_missing(axes, scaled, steps, gap)
    marks = _mark_convergence(axes, layers, convergence) + _mark_jumps(axes, layers, jumps)
    _phase_axis(axes, total)
    _range_labels(axes, values)
    if steps[-1] < total - gap:
        _mark_end(axes, int(steps[-1]), total)
    if title:
        figure.text(LEFT / WIDTH, 1 - 0.14 / figure.get_figheight(), title, ha="left", va="top", fontsize=10)
    _key(figure, image, marks + hatched, metric)
    return figure


def _ranges(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest finite value of each column; NaN for a column without any."""
    finite = np.isfinite(values)
    low = np.where(finite, values, np.inf).min(axis=0)
    high = np.where(finite, values, -np.inf).max(axis=0)
    empty = ~finite.any(axis=0)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def _place(figure, left: float, bottom: float, width: float, height: float):
    """Axes at a place given in inches."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def _hatch_missing(axes, scaled: np.ndarray, steps: np.ndarray, gap: float) -> list:
    """Cover every unbroken stretch without a value; returns the legend's entry, empty if there is none."""
    from matplotlib.patches import Rectangle

    look = {"facecolor": MISSING_COLOUR, "edgecolor": "#888888", "hatch": "/////", "linewidth": 0}
    for row, missing in enumerate(np.isnan(scaled).T):
        edges = np.flatnonzero(np.diff(np.r_[False, missing, False]))
        for first, last in edges.reshape(-1, 2):
            start = steps[first] - gap / 2
            axes.add_patch(Rectangle((start, row - 0.5), steps[last - 1] + gap / 2 - start, 1, **look))
    return [Rectangle((0, 0), 1, 1, label="dead or constant", **look)] if axes.patches else []


def _mark_convergence(axes, layers: list[str], convergence: pd.DataFrame | None) -> list:
    """Stars where layers stabilise and triangles where they settle; returns what was drawn."""
    if convergence is None:
        return []
    looks = {
        "stabilised_step": ("*", 52, "stabilised (first quiet window)"),
        "settled_step": ("<", 18, "settled (stays near its last value)"),
    }
    rows = convergence["layer"].map({layer: row for row, layer in enumerate(layers)})
    drawn = []
    for column, (marker, size, label) in looks.items():
        if column not in convergence:
            continue
        when = convergence[column]
        known = when.notna() & rows.notna()
        if known.any():
            look = {"facecolor": "white", "edgecolor": "black", "linewidth": 0.6, "clip_on": False, "zorder": 4}
            drawn.append(axes.scatter(when[known], rows[known], size, marker=marker, label=label, **look))
    return drawn


def _mark_jumps(axes, layers: list[str], jumps: pd.DataFrame | None) -> list:
    """A bar across the row of a layer where it jumps; returns what was drawn."""
    if jumps is None or jumps.empty:
        return []
    rows = jumps["layer"].map({layer: row for row, layer in enumerate(layers)})
    return [axes.vlines(jumps["step"], rows - 0.5, rows + 0.5, color="#D55E00", linewidth=1.6, label="jump", zorder=3)]


def _phase_axis(axes, total: int) -> None:
    phases = axes.secondary_xaxis("top", functions=(lambda step: step / total, lambda phase: phase * total))
    phases.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    phases.set_xlabel("training fraction (step / total steps)", labelpad=3)
    phases.spines[:].set_visible(False)


def _range_labels(axes, values: np.ndarray) -> None:
    """Each layer's lowest and highest value at the right edge."""
    ranges = zip(*_ranges(values), strict=True)
    labels = ["no value" if np.isnan(low) else f"{short(low)} to {short(high)}" for low, high in ranges]
    right = axes.twinx()
    right.set_ylim(axes.get_ylim())
    right.set_yticks(range(len(labels)), labels)
    right.tick_params(axis="y", length=0)
    right.spines[:].set_visible(False)
    right.annotate(
        "range", (1, 1), (4, 19), xycoords="axes fraction", textcoords="offset points", annotation_clip=False
    )


def _mark_end(axes, last: int, total: int) -> None:
    """Say that the run ended early, in the empty part if it is wide enough to hold the words."""
    axes.axvline(last, color="black", linewidth=0.8)
    if last < 0.75 * total:
        axes.annotate(
            f"no measurement after step {last:,}", ((last + total) / 2, 0.5), xycoords=("data", "axes fraction"),
            ha="center", va="center",
        )  # fmt: skip


def _key(figure, image, marks: list, metric: str) -> None:
    """Under the axes: what colours and marks mean."""
    bar = figure.colorbar(image, cax=_place(figure, LEFT, 0.36, 1.5, 0.1), orientation="horizontal")
    bar.set_ticks([0, 1], labels=["lowest", "highest"])
    bar.ax.tick_params(length=0)
    bar.outline.set_visible(False)
    bar.ax.set_title(f"{metric_name(metric)}, per layer", pad=3, fontsize=8, loc="left")
    if marks:
        across, up = figure.get_size_inches()
        anchor = ((LEFT + 2.2) / across, 0.62 / up)
        figure.legend(handles=marks, loc="upper left", bbox_to_anchor=anchor, borderaxespad=0, labelspacing=0.3)
