"""What the filters of a CNN's first layer look like while it learns."""

import numpy as np
import pandas as pd

from repdyn.figures.moments import compared_states
from repdyn.figures.sources import run_title
from repdyn.figures.style import DIVERGING_MAP, message_figure, styled
from repdyn.wording.numbers import short

LEFT, RIGHT, TOP, BOTTOM = 1.45, 2.15, 0.72, 0.72  # inches
CELL, WIDEST = 0.25, 8.0  # inches: a filter with its gap, and all filters at most
OVERLAP, COSINE, FIRST = "filter_overlap", "weight_cosine", "blocks.0.conv"
ASIDE = (6, 86)  # points at the right of a row: its overlap, and its cosine with the last row


def draw(run):
    moments = run.read("moments.json")
    columns = ["step", "reference", "layer", "quantity", "value", "null_mean"]
    measurements = run.read("measurements.parquet", columns, [("quantity", "in", [OVERLAP, COSINE])])
    return filter_evolution(run.read("maps.safetensors"), moments, measurements, run_title(moments))


@styled
def filter_evolution(
    maps: dict[str, np.ndarray], moments: dict, measurements: pd.DataFrame | None = None, title: str = ""
):
    """All first-layer filters of a run: a row per step, a column per filter, one colour scale centred at 0.

    maps: "filters/{step}" -> (C, height, width); other entries are ignored. Rows are the steps of the fixed grid and
    those before and after the largest jump, as far as they are in maps; moments: as for `moments.moment_plan`.
    measurements: step, reference, layer, quantity, value, null_mean; where given, at the right stand "filter_overlap" of the
    first layer with its expectation for random filters, and "weight_cosine", the cosine of its filters with those of the
    last row: what claim C16 compares.
    """
    from matplotlib.figure import Figure

    states, jump = compared_states(moments)
    names = states if jump else {}
    steps = [step for step in sorted({*moments["grid"], *names}) if f"filters/{step}" in maps]
    if not steps:
        return message_figure("No first-layer filters of this run are at hand.")
    filters = np.stack([maps[f"filters/{step}"] for step in steps])
    count = filters.shape[1]
    cell = min(CELL, WIDEST / count)
    width, height = LEFT + count * cell + RIGHT, TOP + len(steps) * (cell + 0.06) + BOTTOM
    figure = Figure(figsize=(max(width, 6.0), height))
    width = figure.get_figwidth()
    body = (LEFT / width, BOTTOM / height, count * cell / width, len(steps) * (cell + 0.06) / height)
    axes = figure.add_axes(body)
    limit = np.abs(filters[np.isfinite(filters)]).max(initial=0) or 1
    down, aside = (
        0.5 / (size + 1) for size in filters.shape[2:]
    )  # half a gap, so that labels stand at the filters' middle
    image = axes.imshow(
        np.ma.masked_invalid(mosaic(filters)), cmap=DIVERGING_MAP, vmin=-limit, vmax=limit, aspect="auto",
        interpolation="nearest", extent=(aside - 0.5, count - 0.5 + aside, len(steps) - 0.5 + down, down - 0.5),
    )  # fmt: skip
    axes.set_yticks(
        range(len(steps)), [f"step {step:,}" + (f", {names[step]}" if step in names else "") for step in steps]
    )
    axes.set_xticks(range(0, count, 1 if count < 10 else 5))
    axes.set_xlabel("filter")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    _write_overlap(axes, steps, measurements)
    when = "before and after refer to the largest jump" if jump else "no jump: fixed grid only"
    figure.text(LEFT / width, 1 - 0.08 / height, title, ha="left", va="top", fontsize=10)
    figure.text(LEFT / width, 1 - 0.3 / height, when, ha="left", va="top")
    bar = figure.add_axes((LEFT / width, 0.25 / height, 1.5 / width, 0.08 / height))
    scale = figure.colorbar(image, cax=bar, orientation="horizontal", ticks=[-limit, 0, limit])
    scale.ax.set_xticklabels([f"{-limit:.2g}", "0", f"{limit:.2g}"])
    scale.outline.set_visible(False)
    figure.text((LEFT + 1.7) / width, 0.29 / height, "weight", va="center")
    return figure


def mosaic(filters: np.ndarray) -> np.ndarray:
    """Filters (R, C, h, w) side by side as one array (R * (h + 1), C * (w + 1)), NaN between them."""
    rows, count, high, wide = filters.shape
    framed = np.full((rows, count, high + 1, wide + 1), np.nan)
    framed[:, :, :high, :wide] = filters
    return framed.transpose(0, 2, 1, 3).reshape(rows * (high + 1), count * (wide + 1))


def _write_overlap(axes, steps: list[int], measurements: pd.DataFrame | None) -> None:
    """At the right of each row, the overlap of its filters and what random filters have, and their cosine with the last."""
    if measurements is None:
        return
    first = measurements[measurements["layer"] == FIRST]
    overlap = first[first["quantity"] == OVERLAP].set_index("step")
    cosine = first[(first["quantity"] == COSINE) & (first["step"] == steps[-1])]
    cosine = cosine.drop_duplicates("reference").set_index("reference")["value"]
    labels = {(-1, 0): "overlap (random)"} if len(overlap) else {}
    labels |= {(-1, 1): "cosine with last"} if len(cosine) else {}
    for row, step in enumerate(steps):
        if step in overlap.index:
            labels[row, 0] = f"{short(overlap.loc[step, 'value'])} ({short(overlap.loc[step, 'null_mean'])})"
        if step in cosine.index:
            labels[row, 1] = short(cosine.loc[step])
    for (row, column), label in labels.items():
        axes.annotate(
            label, (1, row), (ASIDE[column], 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            va="center", fontsize=7.5, color="#555555" if row < 0 else "black", annotation_clip=False,
        )  # fmt: skip
