"""Attribution maps of a few examples, and beside them what says whether to believe them."""

import numpy as np
import pandas as pd

from repdyn.figures.panels import key_above, say
from repdyn.figures.style import (
    DIVERGING_MAP,
    MARKERS,
    MISSING_COLOUR,
    OKABE_ITO,
    SEQUENTIAL_MAP,
    message_figure,
    styled,
)
from repdyn.toolkit.attribution.findings import METHODS, SURROGATES

SHORT = {
    "saliency": "saliency",
    "gradient_x_input": "grad × in",
    "integrated_gradients": "integr.",
    "grad_cam": "G.-CAM",
    "lrp_z_plus": "LRP z+",
    "deeplift": "DeepLIFT",
}
LOOKS = {name: (OKABE_ITO[i], MARKERS[i]) for i, name in enumerate(METHODS)}
UNSIGNED = ("saliency", "grad_cam")
PICTURES = {"input": "input", **{f"map/{name}": short for name, short in SHORT.items()}}
PICTURES |= {"maximised": "best in", "natural": "best 1/f", "exemplar": "best ex."}

LEFT, TOP, BOTTOM = 0.15, 0.95, 0.55  # inches
CELL, GAP = 0.62, 0.05  # of a picture
PANEL, BETWEEN, ROW = 1.75, 0.72, 2.0
NAME = 0.24  # above each row
WITHIN = 1.96  # standard deviations of the null


@styled
def draw(table: pd.DataFrame, maps: dict[str, dict[str, np.ndarray]]):
    """A row per run: maps of two examples at the last step, deletion curves there, the similarity
    to maps of the network with re-initialised weights, and that to Shapley values. table, maps: see `figures.toolkit`.
    """
    from matplotlib.figure import Figure

    runs = table[["experiment", "seed"]].drop_duplicates().itertuples(index=False)
    runs = [(run.experiment, run.seed) for run in runs]
    if not runs:
        return message_figure("No attribution was measured in this study.")
    pictures = len(PICTURES) * (CELL + GAP)
    width = LEFT + pictures + 3 * (PANEL + BETWEEN) + 0.1
    height = TOP + len(runs) * ROW + BOTTOM - NAME - 0.36
    figure = Figure(figsize=(width, height))

    def place(x, y, wide, high):
        return figure.add_axes((x / width, 1 - (y + high) / height, wide / width, high / height))

    for number, (experiment, seed) in enumerate(runs):
        mine = table[(table["experiment"] == experiment) & (table["seed"] == seed)]
        arrays = maps.get(f"{experiment}/{seed}", {})
        y = TOP + number * ROW
        seeds = f", seed {seed}" if len({s for _, s in runs}) > 1 else ""
        figure.text(LEFT / width, 1 - (y - 0.3) / height, experiment + seeds, va="top", fontsize=8.5, fontweight="bold")
        _pictures(place, arrays, y - 0.03)
        panels = [
            place(LEFT + pictures + BETWEEN + i * (PANEL + BETWEEN), y, PANEL, ROW - NAME - 0.36) for i in range(3)
        ]
        _curves(panels[0], arrays)
        _sanity(panels[1], mine)
        _shapley(panels[2], mine)
        if number == 0:
            for axes, title in zip(
                panels, ("deletion", "weights re-initialised", "against Shapley values"), strict=True
            ):
                axes.set_title(title, loc="left")
    labels = ("share of features replaced", "modules re-initialised, output first", "rank correlation")
    for axes, label in zip(figure.axes[-3:], labels, strict=True):
        axes.set_xlabel(label)
    key_above(figure, _key(table))
    return figure


def _pictures(place, arrays: dict[str, np.ndarray], y: float) -> None:
    shown = [name for name in PICTURES if name in arrays]
    if "input" not in shown:
        say(place(LEFT, y, len(PICTURES) * (CELL + GAP), 1), "No maps: the output was not finite at the last step.")
        return
    if arrays["input"].ndim == 2:
        _strips(place, arrays, y)
        return
    for column, (name, label) in enumerate(PICTURES.items()):
        for row in range(2):
            axes = place(LEFT + column * (CELL + GAP), y + 0.15 + row * (CELL + GAP), CELL, CELL)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            if row == 0:
                axes.set_title(label, fontsize=7.5, pad=2)
            if name not in arrays or row >= len(arrays[name]):
                axes.set_facecolor(MISSING_COLOUR if row < len(arrays["input"]) else "white")
                continue
            axes.imshow(np.squeeze(arrays[name][row]), **_scale(name, arrays[name][row]))


def _strips(place, arrays: dict[str, np.ndarray], y: float) -> None:
    """Features that are no pixels: a line per method, a cell per word or entry, each method on its own scale."""
    methods = [name for name in METHODS if f"map/{name}" in arrays]
    aside = 0.62
    for row in range(len(arrays["input"])):
        axes = place(LEFT + aside, y + 0.1 + row * 0.68, len(PICTURES) * (CELL + GAP) - aside, 0.5)
        scores = np.stack([arrays[f"map/{name}"][row] for name in methods])
        largest = np.nanmax(np.abs(scores), axis=1, keepdims=True)
        axes.imshow(
            np.ma.masked_invalid(scores / np.where(largest > 0, largest, 1)), cmap=DIVERGING_MAP, vmin=-1, vmax=1,
            aspect="auto", interpolation="nearest",
        )  # fmt: skip
        axes.set_facecolor(MISSING_COLOUR)
        axes.set_yticks(range(len(methods)), [SHORT[name] for name in methods])
        axes.set_xticks([])
        axes.tick_params(length=0, pad=2)
        axes.spines[:].set_visible(False)
        words = int(np.isfinite(scores[0]).sum())
        axes.set_title(f"example {row + 1}: {words} words or entries in their order", loc="left", fontsize=7.5, pad=2)


def _scale(name: str, values: np.ndarray) -> dict:
    if not name.startswith("map/"):
        return {"cmap": "gray"}
    limit = float(np.nanmax(np.abs(values))) or 1.0
    if name.removeprefix("map/") in UNSIGNED:
        return {"cmap": SEQUENTIAL_MAP, "vmin": 0, "vmax": limit}
    return {"cmap": DIVERGING_MAP, "vmin": -limit, "vmax": limit}


def _curves(axes, arrays: dict[str, np.ndarray]) -> None:
    if "curve/random" not in arrays:
        say(axes, "not evaluable")
        return
    middle, spread = arrays["curve/random"], WITHIN * arrays["curve/random_sd"]
    share = np.linspace(0, 1, len(middle))
    axes.fill_between(share, middle - spread, middle + spread, color="#BBBBBB", linewidth=0)
    for name, (colour, marker) in LOOKS.items():
        if f"curve/{name}" in arrays:
            axes.plot(share, arrays[f"curve/{name}"], color=colour, marker=marker, markersize=2.5, linewidth=0.9)
    axes.set_ylabel("logit left / scale", labelpad=2)


def _sanity(axes, table: pd.DataFrame) -> None:
    chosen = table[table["quantity"].astype(str).str.startswith("sanity/")]
    if chosen["value"].notna().sum() == 0:
        say(axes, "not evaluable")
        return
    for name, (colour, marker) in LOOKS.items():
        lines = chosen[chosen["quantity"] == f"sanity/{name}"]
        parts = np.arange(len(lines) + 1)
        axes.plot(parts, [1, *lines["value"]], color=colour, marker=marker, markersize=3, linewidth=0.9)
        axes.plot(parts[1:], lines["null_mean"], color=colour, linestyle=":", linewidth=0.9)
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_xticks(range(chosen["layer"].astype(str).nunique() + 1))
    axes.set_ylim(min(-0.1, chosen["value"].min() - 0.05), 1.05)
    axes.set_ylabel("rank correlation", labelpad=2)


def _shapley(axes, table: pd.DataFrame) -> None:
    """Of groups of features at the last step, by method; the bar is the null of other examples."""
    last = table[table["step"] == table["step"].max()]
    last = last.set_index(last["quantity"].astype(str))
    names = {**SHORT, **SURROGATES}
    rows = [
        name for name in names if f"shapley/{name}" in last.index and np.isfinite(last.loc[f"shapley/{name}", "value"])
    ]
    if not rows:
        say(axes, "not evaluable")
        return
    for place, name in enumerate(rows):
        row = last.loc[f"shapley/{name}"]
        colour, marker = LOOKS.get(name, ("black", "D"))
        wide = WITHIN * row["null_sd"]
        axes.barh(place, 2 * wide, 0.6, left=row["null_mean"] - wide, color="#BBBBBB")
        axes.plot(row["value"], place, marker=marker, color=colour, markersize=4)
    axes.axvline(0, color="black", linewidth=0.5)
    axes.set_yticks(range(len(rows)), [names[name] for name in rows], fontsize=6.5)
    axes.invert_yaxis()
    axes.set_xlim(min(-0.3, last.loc[[f"shapley/{name}" for name in rows], "value"].min() - 0.1), 1.05)


def _key(table: pd.DataFrame) -> list[list]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    present = set(table["quantity"].astype(str))
    lines = [
        Line2D([], [], color=colour, marker=marker, markersize=4, label=METHODS[name])
        for name, (colour, marker) in LOOKS.items()
        if f"deletion/{name}" in present
    ]
    nulls = [Patch(facecolor="#BBBBBB", label="random order, 95 %")]
    nulls += [Line2D([], [], color="black", linestyle=":", label="maps of other examples (weights re-initialised)")]
    return [lines, nulls]
