"""Plans of moments, the jumps behind them, and runs of three families that figures of phase 2 draw."""

import numpy as np
import pandas as pd

from helpers.figure_cases import trajectory

GRID = [0, 20, 100, 200, 1000, 2000]


def moment(pair, kind, at, period="early", layer=None, size=None):
    return {
        "pair": pair,
        "kind": kind,
        "period": period,
        "before": at - 10,
        "at": at,
        "after": at + 10,
        "layer": layer,
        "relative_magnitude": size,
    }


def plan(*moments) -> dict:
    return {
        "experiment": "a",
        "seed": 0,
        "steps": 2000,
        "window": 10,
        "grid": GRID,
        "moments": list(moments),
        "note": None,
    }


# Every significant jump, more of them than moments.
ALL_JUMPS = pd.DataFrame(
    {"layer": ["blocks.0", "embedding", "blocks.1.attention"], "step": [25, 25, 1600], "metric": "participation_ratio"}
)
NO_JUMPS = ALL_JUMPS[:0]
JUMPS = plan(
    moment(0, "jump", 25, layer="blocks.0", size=0.2),
    moment(0, "control", 45),
    moment(1, "jump", 1600, "late", "blocks.1.attention", 0.9),
    moment(1, "control", 1620, "late"),
)
PLACEBO = plan(moment(0, "placebo", 10), moment(0, "placebo control", 30))
NOTHING = plan()


def straight(layers: list[str]) -> pd.DataFrame:
    """A trajectory of 2,000 steps without noise."""
    return trajectory(layers, np.arange(0, 2005, 5), noise=0)


def study() -> pd.DataFrame:
    """Six runs of four architectures; the last stayed at chance."""
    rows = [
        ("mlp_wide", "mlp", "digits"),
        ("mlp_wide", "mlp", "docstrings"),
        ("cnn_deep", "cnn", "photos"),
        ("transformer_deep", "transformer", "digits"),
        ("transformer_deep", "transformer", "docstrings"),
        ("transformer_narrow", "transformer", "digits"),
    ]
    frame = pd.DataFrame(rows, columns=["architecture", "family", "dataset"])
    frame["experiment"] = frame["architecture"] + "-" + frame["dataset"]
    return frame.assign(seed=0, steps=2000, diverged_at=np.nan, at_chance=[False] * 5 + [True])
