"""Runs for the figures to draw, and what a drawn figure holds."""

import itertools

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection

from repdyn.roles import HIDDEN, OUTPUT

STEPS = np.arange(0, 105, 5)


def transformer_layers(blocks: int) -> list[str]:
    inner = [f"blocks.{i}{part}" for i in range(blocks) for part in (".attention", ".feedforward", "")]
    return ["embedding", *inner, "output"]


def trajectory(layers: list[str], steps=STEPS, seed: int = 0, noise: float = 0.1) -> pd.DataFrame:
    """Layer number d rises from d + 1 by 1 in 50 steps, with a little noise."""
    depth = np.arange(len(layers))
    roles = [OUTPUT if layer == "output" else HIDDEN for layer in layers]
    drift = np.random.default_rng(seed).uniform(0, noise, (len(steps), len(layers)))
    values = 1 + depth + steps[:, None] / 50 + drift
    return pd.DataFrame(
        {
            "step": np.repeat(steps, len(layers)),
            "layer": np.tile(layers, len(steps)),
            "role": np.tile(roles, len(steps)),
            "depth": np.tile(depth, len(steps)),
            "participation_ratio": values.ravel(),
        }
    )


def study() -> pd.DataFrame:
    """Eight runs of three families; one diverged, one at chance."""
    rows = [
        ("cnn_shallow", "cnn", "digits"),
        ("mlp_wide", "mlp", "digits"),
        ("mlp_wide", "mlp", "docstrings"),
        ("mlp_narrow", "mlp", "digits"),
        ("mlp_narrow", "mlp", "docstrings"),
        ("transformer_deep", "transformer", "digits"),
        ("transformer_deep", "transformer", "docstrings"),
        ("cnn_shallow", "cnn", "photos"),
    ]
    frame = pd.DataFrame(rows, columns=["architecture", "family", "dataset"])
    frame["experiment"] = frame["architecture"] + "-" + frame["dataset"]
    frame["seed"] = 0
    frame["classes"] = 10
    frame["chance"] = 0.1
    frame["diverged_at"] = [np.nan] * 7 + [50.0]
    frame["at_chance"] = [False] * 6 + [True, False]
    frame["final_participation_ratio"] = np.arange(2.0, 10.0)
    frame["final_stable_rank"] = np.arange(1.0, 9.0)
    return frame


def of_all_runs(experiments: pd.DataFrame, make) -> pd.DataFrame:
    tables = [make(run).assign(experiment=run.experiment, seed=run.seed) for run in experiments.itertuples()]
    return pd.concat(tables, ignore_index=True)


def training_of(run) -> pd.DataFrame:
    loss = 2.3 * np.exp(-STEPS / 40)
    if run.diverged_at == 50:
        loss = np.where(STEPS < 50, 1e3 * (1 + STEPS), np.where(STEPS == 50, np.inf, np.nan))
    return pd.DataFrame({"step": STEPS, "probe_loss": loss, "probe_accuracy": 0.1 + STEPS / 200})


def trajectory_of(run) -> pd.DataFrame:
    return trajectory([f"hidden.{i}" for i in range(4)] + ["output"])


def overlapping(labels, renderer) -> list[tuple[str, str]]:
    boxes = [(label.get_text(), label.get_window_extent(renderer)) for label in labels if label.get_text()]
    return [(a, b) for (a, first), (b, second) in itertools.combinations(boxes, 2) if first.overlaps(second)]


def drawn(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas.get_renderer()


def legend_labels(figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def visible_texts(figure) -> list:
    """All texts of a figure that are drawn, tick labels outside the view left out."""
    texts = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    panels = [*figure.axes, *(child for axes in figure.axes for child in axes.child_axes)]
    for axes in panels:
        if not axes.axison:
            continue
        texts += [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            for tick in axis.get_major_ticks():
                if min(limits) <= tick.get_loc() <= max(limits):
                    texts += [label for label in (tick.label1, tick.label2) if label.get_visible()]
    return [text for text in texts if text.get_text() and text.get_visible()]


def assert_readable(figure) -> None:
    """No text over another, none cut off by the edge."""
    renderer = drawn(figure)
    texts = visible_texts(figure)
    over_another = overlapping(texts, renderer)
    assert not over_another, over_another
    whole = figure.bbox
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    cut = [name for name, box in boxes if box.x0 < 0 or box.y0 < 0 or box.x1 > whole.x1 or box.y1 > whole.y1]
    assert not cut, cut


def says(figure) -> str:
    return " | ".join(text.get_text() for text in visible_texts(figure))


def texts(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def dots(axes) -> np.ndarray:
    """Positions of all markers, (n, 2)."""
    found = [collection for collection in axes.collections if isinstance(collection, PathCollection)]
    return np.concatenate([np.asarray(collection.get_offsets()) for collection in found])


def dotted(axes) -> list[float]:
    """Where on the x axis the vertical dotted lines stand."""
    lines = [c for c in axes.collections if hasattr(c, "get_segments") and c.get_linestyle()[0][1] is not None]
    return [float(segment[0][0]) for line in lines for segment in line.get_segments()]
