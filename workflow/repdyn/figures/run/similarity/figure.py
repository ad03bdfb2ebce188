"""How alike the representations of two steps are, for all pairs of measured steps."""

import numpy as np
import pandas as pd

from repdyn.figures.moments import LOOKS, moment_key
from repdyn.figures.sources import run_title
from repdyn.figures.steps import LINEAR_STEPS
from repdyn.figures.style import MISSING_COLOUR, SEQUENTIAL_MAP, message_figure, styled
from repdyn.roles import OUTPUT
from repdyn.wording.names import layer_name

LEFT, TOP, BOTTOM = 0.75, 1.2, 0.6  # inches
SIDE, GAP_X, GAP_Y, BAR = 2.0, 0.62, 0.95, 0.95  # inches: a matrix, between matrices, the colour bar and its room
COLUMNS = 3


def draw(run):
    moments, roles = run.read("moments.json"), run.read("run.json")["roles"]
    layers = [layer for layer, role in roles.items() if role != OUTPUT]
    columns = ["step", "reference", "layer", "quantity", "value"]
    measurements = run.read("measurements.parquet", columns, [("quantity", "==", "cka")])
    return similarity_matrices(measurements, layers, moments, run_title(moments))


@styled
def similarity_matrices(measurements: pd.DataFrame, layers: list[str], moments: dict, title: str = "", most: int = 6):
    """Linear CKA between all measured steps of a run: a matrix per layer, one colour scale from 0 to 1.

    measurements: step, reference, layer, quantity, value; rows of quantity "cka" are drawn. layers: those before the
    logits, in the order of the forward pass; at most `most` are shown, evenly spaced (`spread`). moments: as for
    `moments.moment_plan`; bars over the matrix from the step before to the step after. Both axes are true to the steps,
    linear up to LINEAR_STEPS and then logarithmic (`place_of`). Pairs without a value are grey.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    cka = measurements[measurements["quantity"] == "cka"]
    inner = [layer for layer in layers if (cka["layer"] == layer).any()]
    if not inner:
        return message_figure("No similarity between steps was measured in this run.")
    shown = spread(inner, most)
    columns = min(COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    width = max(LEFT + columns * (SIDE + GAP_X) - GAP_X + BAR, 6.0)
    height = TOP + rows * (SIDE + GAP_Y) - GAP_Y + BOTTOM
    figure = Figure(figsize=(width, height))
    colours = colormaps[SEQUENTIAL_MAP].with_extremes(bad=MISSING_COLOUR)
    for number, layer in enumerate(shown):
        row, column = divmod(number, columns)
        left = LEFT + column * (SIDE + GAP_X)
        bottom = height - TOP - SIDE - row * (SIDE + GAP_Y)
        axes = figure.add_axes((left / width, bottom / height, SIDE / width, SIDE / height))
        steps, matrix = step_matrix(cka[cka["layer"] == layer])
        edges = cell_edges(steps)
        image = axes.pcolormesh(edges, edges, np.ma.masked_invalid(matrix), cmap=colours, vmin=0, vmax=1)
        axes.set_facecolor(MISSING_COLOUR)
        axes.set_title(layer_name(layer), loc="left", pad=0.1 * SIDE * 72 + 5)
        _label_steps(axes, steps, moments)
        _mark_moments(axes, moments["moments"])
        if column == 0:
            axes.set_ylabel("training step")
        if number + columns >= len(shown):
            axes.set_xlabel("training step")
    left = LEFT + columns * (SIDE + GAP_X) - GAP_X + 0.2
    bar = figure.add_axes((left / width, (height - TOP - SIDE) / height, 0.12 / width, SIDE / height))
    extend = "min" if (cka["value"] < 0).any() else "neither"  # debiased CKA may fall below 0
    figure.colorbar(image, cax=bar, label="linear CKA (debiased)", extend=extend).outline.set_visible(False)
    chosen = "all" if len(shown) == len(inner) else f"{len(shown)} of {len(inner)}, evenly spaced in depth"
    figure.text(LEFT / width, 1 - 0.08 / height, title, ha="left", va="top", fontsize=10)
    figure.text(LEFT / width, 1 - 0.3 / height, f"layers before the logits: {chosen}", ha="left", va="top")
    moment_key(figure, [moment["kind"] for moment in moments["moments"]], LEFT, 0.66)
    return figure


def spread(layers: list[str], most: int) -> list[str]:
    """At most `most` of the layers, evenly spaced, the first and the last among them."""
    if len(layers) <= most:
        return list(layers)
    return [layers[place] for place in np.linspace(0, len(layers) - 1, most).round().astype(int)]


def step_matrix(pairs: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (step, reference, value) of one layer as a symmetric matrix.

    Returns the steps (T,) ascending and values (T, T): 1 on the diagonal, NaN for a pair that is missing.
    """
    ends = pairs[["step", "reference"]].to_numpy(np.int64)
    steps = np.unique(ends)
    matrix = np.full((len(steps), len(steps)), np.nan)
    np.fill_diagonal(matrix, 1.0)
    rows, columns = np.searchsorted(steps, ends).T
    matrix[rows, columns] = matrix[columns, rows] = pairs["value"].to_numpy(np.float64)
    return steps, matrix


def place_of(steps) -> np.ndarray:
    """Where steps (T,) stand on an axis that is linear up to LINEAR_STEPS and logarithmic from there, without a kink."""
    steps = np.asarray(steps, dtype=np.float64) / LINEAR_STEPS
    return np.where(steps <= 1, steps, 1 + np.log(np.maximum(steps, 1)))


def cell_edges(steps: np.ndarray) -> np.ndarray:
    """Edges (T + 1,) of the cells of steps (T,), half way between neighbours on the axis of `place_of`."""
    places = place_of(steps)
    if len(places) == 1:
        return places[0] + np.array([-0.5, 0.5])
    middles = (places[1:] + places[:-1]) / 2
    return np.concatenate([[2 * places[0] - middles[0]], middles, [2 * places[-1] - middles[-1]]])


def _label_steps(axes, steps: np.ndarray, moments: dict) -> None:
    """Label the steps of the fixed grid first, then jumps, then any others, as far as there is room."""
    jumps = [moment["at"] for moment in moments["moments"] if moment["kind"] == "jump"]
    places = dict(zip(steps.tolist(), place_of(steps), strict=True))
    apart = max(places.values()) / 13
    labelled = []
    for step in [steps[-1], steps[0], *moments["grid"], *jumps, *steps]:
        if step in places and all(abs(places[step] - places[other]) >= apart for other in labelled):
            labelled.append(int(step))
    labelled.sort()
    names = [f"{step:,}" for step in labelled]
    axes.set_xticks([places[step] for step in labelled], names, rotation=90)
    axes.set_yticks([places[step] for step in labelled], names)
    axes.tick_params(length=2)
    axes.spines[:].set_visible(False)


def _mark_moments(axes, moments: list[dict]) -> None:
    """Bars above the matrix from the step before to the step after: moments, and over them their controls."""
    marked = axes.inset_axes((0, 1.01, 1, 0.1))
    marked.set(xlim=axes.get_xlim(), ylim=(0, 2))
    marked.axis("off")
    for moment in moments:
        first, last = place_of([moment["before"], moment["after"]])
        lane = 1.1 if "control" in moment["kind"] else 0.1
        marked.broken_barh([(first, last - first)], (lane, 0.8), linewidth=0.7, **LOOKS[moment["kind"]])
