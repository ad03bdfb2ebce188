"""Where heads come to look: how mean attention maps change across the largest jump of a transformer."""

import re

import numpy as np

from repdyn.figures.moments import compared_states
from repdyn.figures.sources import run_title
from repdyn.figures.style import DIVERGING_MAP, MISSING_COLOUR, message_figure, styled
from repdyn.wording.names import layer_name

SIDE, GAP = 0.95, 0.07  # inches: a map, and between maps
LEFT, TOP, BOTTOM, BETWEEN, APART = 0.35, 0.75, 0.75, 0.32, 0.5  # inches: APART between two columns of layers
IN_ONE_COLUMN = 3  # layers; more are set in two columns


def draw(run):
    moments = run.read("moments.json")
    return attention_maps(run.read("maps.safetensors"), moments, run_title(moments))


@styled
def attention_maps(maps: dict[str, np.ndarray], moments: dict, title: str = ""):
    """How the mean attention of every head changes across the largest jump of a run, one colour scale for all.

    maps: "attention/{step}/{layer}" -> probabilities (heads, T, T), rows queries, columns keys, averaged over examples,
    NaN where there are none; other entries are ignored. moments: as for `moments.moment_plan`. A row per layer, a column
    per head: after minus before, in multiples of uniform attention 1 / T; without a jump from the first to the last step
    of the fixed grid. Maps that were not taken at these steps give a figure that says so.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    states, jump = compared_states(moments)
    if len(states) < 2:
        return message_figure(f"Attention of this run was looked at in step {next(iter(states))} only: no change.")
    first, last = (_maps_at(maps, step) for step in states)
    layers = sorted(set(first) & set(last), key=_natural)
    if not layers:
        return message_figure(f"No attention map of this run at step {' or '.join(map(str, states))}.")
    changes = {layer: change(first[layer], last[layer]) for layer in layers}
    heads, length = changes[layers[0]].shape[:2]
    known = np.concatenate([found.ravel() for found in changes.values()])
    limit = np.abs(known[np.isfinite(known)]).max(initial=0) or 1
    colours = colormaps[DIVERGING_MAP].with_extremes(bad=MISSING_COLOUR)
    sets = 1 if len(layers) <= IN_ONE_COLUMN else 2
    blocks = -(-len(layers) // sets)
    across = heads * (SIDE + GAP) - GAP
    width = max(LEFT + sets * (across + APART) - APART + 0.3, 6.0)
    height = TOP + blocks * (SIDE + BETWEEN) - BETWEEN + BOTTOM
    figure = Figure(figsize=(width, height))
    for number, layer in enumerate(layers):
        column, place = divmod(number, blocks)
        left = LEFT + column * (across + APART)
        top = height - TOP - place * (SIDE + BETWEEN)
        figure.text(left / width, (top + 0.05) / height, layer_name(layer), va="bottom", fontsize=8.5)
        for head in range(heads):
            x, y = left + head * (SIDE + GAP), top - SIDE
            axes = figure.add_axes((x / width, y / height, SIDE / width, SIDE / height))
            axes.set(xticks=[], yticks=[], label=f"{layer}, head {head}")
            axes.spines[:].set_visible(False)
            image = axes.imshow(
                np.ma.masked_invalid(changes[layer][head]),
                cmap=colours,
                vmin=-limit,
                vmax=limit,
                interpolation="nearest",
            )
            if place == blocks - 1 or number == len(layers) - 1:
                axes.set_xlabel(f"head {head}", labelpad=2)
    steps = " to ".join(f"{step:,}" for step in states)
    when = f"across the largest jump ({layer_name(jump['layer'])})" if jump else "over training; no jump"
    figure.text(LEFT / width, 1 - 0.08 / height, title, ha="left", va="top", fontsize=10)
    figure.text(
        LEFT / width, 1 - 0.3 / height, f"step {steps}, {when}; rows: queries, columns: keys", ha="left", va="top"
    )
    bar = figure.add_axes((LEFT / width, 0.34 / height, 2.0 / width, 0.1 / height))
    scale = figure.colorbar(image, cax=bar, orientation="horizontal", ticks=[-limit, 0, limit])
    scale.ax.xaxis.set_major_formatter(lambda value, _: f"{value:+.2g}" if value else "0")
    scale.outline.set_visible(False)
    figure.text(
        (LEFT + 2.2) / width, 0.39 / height, f"change, in multiples of uniform attention, 1/{length}", va="center"
    )
    return figure


def change(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Attention (..., T, T) after minus before, in multiples of uniform attention 1 / T."""
    return (after.astype(np.float64) - before) * before.shape[-1]


def _maps_at(maps: dict[str, np.ndarray], step: int) -> dict[str, np.ndarray]:
    start = f"attention/{step}/"
    return {name.removeprefix(start): found for name, found in maps.items() if name.startswith(start)}


def _natural(layer: str) -> list:
    """Sorts block 10 after block 9."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", layer)]
