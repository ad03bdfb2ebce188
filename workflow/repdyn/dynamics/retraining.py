"""The same network trained again with something changed: features removed, a deficit for a while, examples in another order.

All trainings start from the same weights and make as many updates, so that what differs is what was changed.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from repdyn.activations.answers import Inputs, answer, rows_of
from repdyn.errors import StudyError
from repdyn.training.adam import Adam
from repdyn.training.tracker import evaluating

Change = Callable[[int, Any], Any]  # of inputs, one tensor or several, given the step


def train(
    model: nn.Module,
    start: dict[str, torch.Tensor],
    inputs: Inputs,
    labels: torch.Tensor,
    order: np.ndarray,
    rate: float,
    change: Change | None = None,
) -> None:
    """Train a network from the weights `start` by Adam on the examples that order (steps, batch) names at each step.

    inputs (n, ...), or several; labels (n,) int64. change: of the inputs of a step, given its number. Parameters that
    require no gradient stay. StudyError where the loss is not finite.
    """
    model.load_state_dict(start)
    optimizer = Adam(model.parameters(), rate)
    model.train()
    with torch.enable_grad():
        for step, rows in enumerate(order):
            x = rows_of(inputs, rows) if change is None else change(step, rows_of(inputs, rows))
            loss = cross_entropy(answer(model, x), labels[torch.from_numpy(rows)])
            if not torch.isfinite(loss):
                raise StudyError(f"the loss of a training that was repeated is not finite at step {step}")
            if not loss.requires_grad:
                continue
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()


def accuracy(model: nn.Module, inputs: Inputs, labels: torch.Tensor) -> float:
    """Share of inputs (n, ...), or several, that are answered with their label (n,)."""
    with torch.no_grad(), evaluating(model):
        return float((answer(model, inputs).argmax(1) == labels).double().mean())


def example_losses(model: nn.Module, inputs: Inputs, labels: torch.Tensor) -> np.ndarray:
    """Cross-entropy of every input (n, ...), or several, with its label (n,), in nats: (n,) float64."""
    with torch.no_grad(), evaluating(model):
        return cross_entropy(answer(model, inputs), labels, reduction="none").double().numpy()


def shuffled_order(n: int, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
    """Examples (steps, batch) int64 of n in random order, each as often as any other (once more at most)."""
    epochs = -(-steps * batch // n)
    return np.concatenate([rng.permutation(n) for _ in range(epochs)])[: steps * batch].reshape(steps, batch)


def curriculum(order: np.ndarray, difficulty: np.ndarray) -> np.ndarray:
    """The same examples of an order (steps, batch), each as often as there, from the least difficulty (n,) to the greatest.

    Bengio 2009. With -difficulty from hard to easy. The budget is matched: nothing is seen more or less often.
    """
    flat = order.reshape(-1)
    return flat[np.argsort(difficulty[flat], kind="stable")].reshape(order.shape)


def within(start: int, stop: int, deficit: Callable[[torch.Tensor], torch.Tensor]) -> Change:
    """A deficit of the inputs from step `start` until before `stop` (Achille 2019)."""
    return lambda step, x: deficit(x) if start <= step < stop else x


def blurred(images: torch.Tensor, side: int) -> torch.Tensor:
    """Images (n, C, H, W) as they look in side x side pixels (Achille 2019's cataract). StudyError for other inputs."""
    if images.ndim != 4:
        raise StudyError(f"images (n, C, H, W) can be blurred, found {tuple(images.shape)}")
    small = nn.functional.adaptive_avg_pool2d(images, side)
    return nn.functional.interpolate(small, images.shape[2:], mode="bilinear", align_corners=False)


def without_top(inputs: torch.Tensor, maps: np.ndarray, share: float, replacement: torch.Tensor) -> torch.Tensor:
    """Inputs (n, ...) with the share of features that maps (n, ...) rank highest replaced (ROAR, Hooker 2019).

    maps: a number per entry of the inputs. replacement: broadcast to the inputs, such as their mean. StudyError for a share
    outside [0, 1] or maps that do not fit.
    """
    if maps.shape != tuple(inputs.shape) or not 0 <= share <= 1:
        raise StudyError(f"maps {maps.shape} must fit inputs {tuple(inputs.shape)}, and a share of {share} lie in 0..1")
    flat = maps.reshape(len(maps), -1)
    count = round(share * flat.shape[1])
    gone = np.zeros(flat.shape, dtype=bool)
    np.put_along_axis(gone, np.argsort(-flat, axis=1, kind="stable")[:, :count], True, axis=1)
    return torch.where(torch.from_numpy(gone.reshape(maps.shape)), replacement, inputs)
