"""Where heads look: mean attention maps before and after the largest jump of a transformer."""

import re

import numpy as np

from repdyn.figures.moments import compared_states
from repdyn.figures.sources import run_title
from repdyn.figures.style import DIVERGING_MAP, MISSING_COLOUR, message_figure, styled
from repdyn.wording.names import layer_name

SIDE, GAP = 0.82, 0.07  # inches: a map, and between maps
LEFT, TOP, BOTTOM, BETWEEN, APART = 0.8, 0.75, 0.75, 0.32, 0.95  # inches: APART between two columns of layers
IN_ONE_COLUMN = 3  # layers; more are set in two columns


def draw(run):
    moments = run.read("moments.json")
    return attention_maps(run.read("maps.safetensors"), moments, run_title(moments))


@styled
def attention_maps(maps: dict[str, np.ndarray], moments: dict, title: str = ""):
    """Mean attention of every head before and after the largest jump of a run, one colour scale for all.

    maps: "attention/{step}/{layer}" -> probabilities (heads, T, T), rows queries, columns keys, averaged over examples,
    NaN where there are none; other entries are ignored. moments: as for `moments.moment_plan`. A layer has two rows,
    before and after, and a column per head; without a jump they are the first and the last step of the fixed grid.
    Colours are log2 of the attention times T, 0 where attention is uniform. Maps that were not taken at these steps give
    a figure that says so.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    states, jump = compared_states(moments)
    shown = {step: _maps_at(maps, step) for step in states}
    layers = sorted(set.union(*map(set, shown.values())), key=_natural)
    if not layers:
        return message_figure(f"No attention map of this run at step {' or '.join(map(str, states))}.")
    present = [shown[step][layer] for step in states for layer in layers if layer in shown[step]]
    heads, length = present[0].shape[:2]
    known = np.concatenate([relative(found).ravel() for found in present])
    limit = np.abs(known[np.isfinite(known)]).max(initial=0) or 1
    colours = colormaps[DIVERGING_MAP].with_extremes(bad=MISSING_COLOUR)
    sets = 1 if len(layers) <= IN_ONE_COLUMN else 2
    blocks = -(-len(layers) // sets)
    block = 2 * SIDE + GAP
    across = heads * (SIDE + GAP) - GAP
    width = max(LEFT + sets * (across + APART) - APART + 0.3, 6.0)
    height = TOP + blocks * (block + BETWEEN) - BETWEEN + BOTTOM
    figure = Figure(figsize=(width, height))
    for number, layer in enumerate(layers):
        column, place = divmod(number, blocks)
        left = LEFT + column * (across + APART)
        top = height - TOP - place * (block + BETWEEN)
        figure.text(left / width, (top + 0.05) / height, layer_name(layer), va="bottom", fontsize=8.5)
        for row, (step, label) in enumerate(states.items()):
            for head in range(heads):
                x, y = left + head * (SIDE + GAP), top - row * (SIDE + GAP) - SIDE
                axes = figure.add_axes((x / width, y / height, SIDE / width, SIDE / height))
                axes.set(xticks=[], yticks=[], label=f"{layer}, step {step}, head {head}")
                axes.spines[:].set_visible(False)
                if layer in shown[step]:
                    image = axes.imshow(
                        np.ma.masked_invalid(relative(shown[step][layer][head])), cmap=colours, vmin=-limit, vmax=limit,
                        interpolation="nearest",
                    )  # fmt: skip
                if head == 0:
                    axes.set_ylabel(f"{label}\nstep {step:,}", fontsize=7.5)
                if row == 1 and (place == blocks - 1 or number == len(layers) - 1):
                    axes.set_xlabel(f"head {head}", labelpad=2)
    when = (
        f"before and after the largest jump ({layer_name(jump['layer'])})" if jump else "first and last step; no jump"
    )
    figure.text(LEFT / width, 1 - 0.08 / height, title, ha="left", va="top", fontsize=10)
    figure.text(LEFT / width, 1 - 0.3 / height, f"{when}; rows: queries, columns: keys", ha="left", va="top")
    bar = figure.add_axes((LEFT / width, 0.34 / height, 2.2 / width, 0.1 / height))
    scale = figure.colorbar(image, cax=bar, orientation="horizontal", ticks=MaxNLocator(5, integer=True))
    scale.ax.xaxis.set_major_formatter(lambda power, _: f"{2.0**power:g}x")
    scale.outline.set_visible(False)
    figure.text(
        (LEFT + 2.4) / width, 0.39 / height, f"mean attention, 1x = 1/{length}: uniform over all keys", va="center"
    )
    return figure


def relative(attention: np.ndarray) -> np.ndarray:
    """log2 of attention (..., T, T) over uniform attention 1 / T; not below -log2 T, as what is zero has no logarithm."""
    length = attention.shape[-1]
    return np.log2(np.maximum(attention * length, 1 / length))


def _maps_at(maps: dict[str, np.ndarray], step: int) -> dict[str, np.ndarray]:
    start = f"attention/{step}/"
    return {name.removeprefix(start): found for name, found in maps.items() if name.startswith(start)}


def _natural(layer: str) -> list:
    """Sorts block 10 after block 9."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", layer)]
