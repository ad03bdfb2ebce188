"""Runs for the figures to draw, and what a drawn figure holds."""

import itertools

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg

STEPS = np.arange(0, 105, 5)


def transformer_layers(blocks: int) -> list[str]:
    inner = [f"blocks.{i}{part}" for i in range(blocks) for part in (".attention", ".feedforward", "")]
    return ["embedding", *inner, "output"]


def trajectory(layers: list[str], steps=STEPS, seed: int = 0) -> pd.DataFrame:
    """Layer number d rises from d + 1 with a little noise."""
    depth = np.arange(len(layers))
    noise = np.random.default_rng(seed).uniform(0, 0.1, (len(steps), len(layers)))
    values = 1 + depth + steps[:, None] / 50 + noise
    return pd.DataFrame(
        {
            "step": np.repeat(steps, len(layers)),
            "layer": np.tile(layers, len(steps)),
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
