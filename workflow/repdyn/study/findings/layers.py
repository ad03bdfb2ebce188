"""A row per layer before the logits: what the questions of this room ask of its series, measured once."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.roles import OUTPUT
from repdyn.study.depth import third_of_depth
from repdyn.study.findings.dips import dip_test
from repdyn.study.findings.following import LEAST_SHIFT, following
from repdyn.timeseries.series import evaluable, layer_series

FACTS = ("experiment", "architecture", "dataset", "family", "seed")
LAYER = [
    *FACTS, "layer", "third", "start", "minimum", "end", "minimum_step", "interior", "fall", "rise", "p", "following",
]  # fmt: skip
SECTION = [*FACTS, "layer", "step", "value"]
# Training fractions, as steps of 2,000: 0, 10, 50, 200, 500.
FRACTIONS = (0.0, 0.005, 0.025, 0.1, 0.25)
LEAST = 4 * LEAST_SHIFT  # measurements of a run


class Measured(NamedTuple):
    """layers: LAYER. third: of depth, 0 to 2; start, minimum and end of the metric; minimum_step, whether it is interior;
    fall and rise of the natural logarithm, and p of both as a dip; following: rank correlation with the gradient norm.

    sections: SECTION, the natural logarithm of the metric at the steps of FRACTIONS and at the last. shifted: (S,) the
    mean of `following` over the layers under every shift, empty where no layer was evaluable.
    """

    layers: pd.DataFrame
    sections: pd.DataFrame
    shifted: np.ndarray


def measure_run(trajectory: pd.DataFrame, grad_norm: np.ndarray, facts: dict, metric: str, rng) -> Measured:
    """trajectory, grad_norm (T,): as training records them, of one run; facts: run.json.

    Layers that are constant or not finite throughout are left out, and in a run of fewer than LEAST measurements `p` and
    `following` are NaN.
    """
    steps, names, values = layer_series(trajectory, metric)
    before = np.array([facts["roles"].get(name) != OUTPUT for name in names])
    third = np.full(len(names), -1)
    third[before] = third_of_depth(np.flatnonzero(before)) if before.any() else -1
    kept = np.flatnonzero(before & evaluable(values))
    logarithms = np.log(values[:, kept])
    about = {name: facts[name] for name in FACTS}
    enough = len(steps) >= LEAST
    dips = [dip_test(series, rng) if enough else None for series in logarithms.T]
    found, shifted = np.full(len(kept), np.nan), np.empty(0)
    if enough and len(kept) and (grad_norm > 0).all() and np.isfinite(grad_norm).all():
        found, each = following(logarithms, grad_norm)
        shifted = each.mean(axis=0)
    lowest = logarithms.argmin(axis=0)
    rows = [
        about
        | {
            "layer": names[layer],
            "third": int(third[layer]),
            "start": values[0, layer],
            "minimum": values[low, layer],
            "end": values[-1, layer],
            "minimum_step": int(steps[low]),
            "interior": bool(0 < low < len(steps) - 1),
            "fall": series[0] - series[low],
            "rise": series[-1] - series[low],
            "p": dip.p if dip else np.nan,
            "following": found[place],
        }
        for place, (layer, low, series, dip) in enumerate(zip(kept, lowest, logarithms.T, dips, strict=True))
    ]
    taken = sections_of(steps, facts["steps"])
    sections = [
        about | {"layer": names[layer], "step": int(steps[at]), "value": logarithms[at, place]}
        for place, layer in enumerate(kept)
        for at in taken
    ]
    return Measured(pd.DataFrame(rows, columns=LAYER), pd.DataFrame(sections, columns=SECTION), shifted)


def sections_of(steps: np.ndarray, total: int) -> list[int]:
    """Indices of the measurements nearest to FRACTIONS of `total` steps, each once, and of the last."""
    nearest = [int(np.abs(steps - fraction * total).argmin()) for fraction in FRACTIONS]
    return sorted({*nearest, len(steps) - 1})
