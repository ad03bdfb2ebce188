"""How degenerate a minimum of the loss is: the local learning coefficient of singular learning theory."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from repdyn.errors import StudyError

AGREE = 0.2  # relative difference within which two estimates agree
SHARPER = 4  # of the pair of step sizes the second is that much smaller

# From weights (chains, d) to the mean loss per example of each, (chains,).
Loss = Callable[[torch.Tensor], torch.Tensor]


class Coefficient(NamedTuple):
    """value: that of the smaller step, NaN where it is not evaluable; by_step: of each; drift: relative change from the
    first half of the draws to the second, of the step size that changed more."""

    value: float
    by_step: tuple[float, float]
    drift: float


def learning_coefficient(
    loss: Loss,
    at: np.ndarray,
    rows: int,
    seed: int,
    step: float,
    draws: int = 2000,
    chains: int = 16,
    localisation: float = 1.0,
) -> Coefficient:
    """n beta (<L> - L(w*)) at weights w* (d,), <L> over Langevin draws around it, beta = 1 / ln n, n = rows.

    Lau 2023 (arXiv:2308.12108), equation 13 and algorithm 1. d / 2 for a regular minimum of d parameters, less where the
    loss is flatter (w^4: 1 / 4), to which it tends as n grows. step: variance of the noise of a draw; a first fifth of as
    many draws is thrown away. Not evaluable, NaN, where a step a SHARPER-th as large, with as many more draws, gives
    another value by more than AGREE, where the first half of the draws does against the second, or where it is not above
    0: w* is then no minimum, or the chains have not settled. StudyError for weights at which the loss is not finite.
    """
    at = np.asarray(at, dtype=np.float64)
    if at.ndim != 1 or rows < 3 or not step > 0 or draws < 10 or chains < 2 or localisation < 0:
        raise StudyError(
            f"weights (d,), three rows or more, a step above 0, 10 draws and two chains are needed, found {at.shape},"
            f" {rows}, {step}, {draws}, {chains}"
        )
    found = [_draw(loss, at, rows, seed, step / finer, draws * finer, chains, localisation) for finer in (1, SHARPER)]
    values = [each[1] for each in found]
    drift = max(each[0] for each in found)
    differ = abs(values[0] - values[1]) / max(map(abs, values))
    settled = differ <= AGREE and drift <= AGREE and min(values) > 0
    return Coefficient(values[1] if settled else float("nan"), (values[0], values[1]), drift)


def _draw(
    loss: Loss, at: np.ndarray, rows: int, seed: int, step: float, draws: int, chains: int, localisation: float
) -> tuple[float, float]:
    """Relative drift and estimate of one step size."""
    random = torch.Generator().manual_seed(seed)
    centre = torch.from_numpy(at)
    heat = rows / np.log(rows)
    start = float(loss(centre[None])[0])
    if not np.isfinite(start):
        raise StudyError("the loss at the weights is not finite")
    weights = centre.repeat(chains, 1)
    losses = np.empty(draws)
    burnt = draws // 5
    for draw in range(-burnt, draws):
        weights.requires_grad_()
        with torch.enable_grad():
            now = loss(weights)
            slope = torch.autograd.grad(now.sum(), weights)[0]
        if draw >= 0:
            losses[draw] = now.detach().mean()
        weights = weights.detach()
        pull = heat * slope + localisation * (weights - centre)
        noise = torch.randn(weights.shape, generator=random, dtype=weights.dtype)
        weights = weights - step / 2 * pull + step**0.5 * noise
    if not np.isfinite(losses).all():
        return np.inf, float("nan")
    first, second = (heat * (half.mean() - start) for half in np.array_split(losses, 2))
    value = heat * (losses.mean() - start)
    return abs(first - second) / max(abs(value), 1e-300), float(value)
