"""Deletion and insertion: does the output go with the features that a map ranks first? (Petsiuk 2018; Samek 2017)"""

import numpy as np
import torch

from repdyn.attribution.gradients import Function, check_input, scores
from repdyn.errors import StudyError


def removal_curve(
    f: Function,
    x: torch.Tensor,
    replacement: torch.Tensor,
    ranking: np.ndarray,
    targets: torch.Tensor,
    rng: np.random.Generator,
    levels: int = 10,
) -> np.ndarray:
    """f at the targets (n,) with 0, 1 / levels, ... 1 of the features replaced, the highest ranked first: (n, levels + 1).

    x (n, ...), replacement broadcast to x. ranking: a number per feature, (n, ...) that broadcasts to x: entries along an
    axis of length 1 go together, as those of a word. -inf: no feature, stays. Ties are broken at random.
    Deletion goes from x to a baseline, insertion from the baseline to x.
    """
    check_input(x, "Removal", numbers=False)
    if replacement.dtype != x.dtype:
        raise StudyError(f"What replaces features of {x.dtype} must be of that type too, found {replacement.dtype}.")
    if ranking.ndim != x.ndim or any(a not in (b, 1) for a, b in zip(ranking.shape, x.shape, strict=True)):
        raise StudyError(f"A ranking {ranking.shape} does not fit features {tuple(x.shape)}.")
    if np.isnan(ranking).any():
        raise StudyError("A ranking must have no NaN; -inf marks what is no feature.")
    flat = ranking.reshape(len(ranking), -1)
    order = np.lexsort((rng.random(flat.shape), -flat), axis=1)
    place = np.argsort(order, axis=1)
    features = np.isfinite(flat).sum(1, keepdims=True)
    replacement = replacement.expand_as(x)
    curve = []
    for level in range(levels + 1):
        gone = torch.from_numpy((place < np.rint(level / levels * features)).reshape(ranking.shape)).to(x.device)
        with torch.no_grad():
            curve.append(scores(f, torch.where(gone, replacement, x), targets).double())
    return torch.stack(curve, 1).cpu().numpy()


def area(curve: np.ndarray) -> np.ndarray:
    """Area under curves (n, levels + 1) over the share of features from 0 to 1, by the trapezoidal rule: (n,).

    Raises StudyError for curves of fewer than two levels.
    """
    if curve.ndim != 2 or curve.shape[1] < 2:
        raise StudyError(f"curves (n, levels + 1) of two or more points are needed, found shape {curve.shape}")
    return np.trapezoid(curve, dx=1 / (curve.shape[1] - 1), axis=1)
