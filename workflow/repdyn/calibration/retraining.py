"""Trainings that are repeated, where what a change does is known."""

import numpy as np
import torch
from torch import nn

from repdyn.calibration.trial import Trial
from repdyn.dynamics.retraining import accuracy, curriculum, shuffled_order, train, within, without_top

STEPS, BATCH, RATE = 200, 20, 0.02


def two_classes(rng: np.random.Generator, n: int = 400, gap: float = 4) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs (n, 10) of which the first two tell the class (n,)."""
    labels = np.arange(n) % 2
    x = rng.standard_normal((n, 10))
    x[:, :2] += gap * (labels[:, None] - 0.5)
    return torch.from_numpy(x.astype(np.float32)), torch.from_numpy(labels)


def network(rng: np.random.Generator) -> tuple[nn.Module, dict]:
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    model = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 2))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
    return model, {name: value.clone() for name, value in model.state_dict().items()}


def removed_and_retrained(rng: np.random.Generator) -> Trial:
    def found(right):
        (x, labels), (other, told), (model, start) = two_classes(rng), two_classes(rng), network(rng)
        ranks = [np.tile(np.arange(10.0)[::-1], (400, 1)) if right else rng.random((400, 10)) for _ in range(2)]
        kept, judged = (
            without_top(each, rank, 0.2, torch.zeros(1)) for each, rank in zip((x, other), ranks, strict=True)
        )
        train(model, start, kept, labels, shuffled_order(400, STEPS, BATCH, rng), RATE)
        return accuracy(model, judged, told)

    return Trial(
        "two of ten inputs tell the class and are removed first", "accuracy after retraining", 0.5, 0.05,
        [found(True) for _ in range(3)], "two at random removed", 0.96, 0.04, [found(False) for _ in range(3)],
    )  # fmt: skip


def lasting_deficit(rng: np.random.Generator) -> Trial:
    def fall(first, last):
        """Of the accuracy, with inputs of the other sign in a window of a network that stops learning after 20 %."""
        (x, labels), (other, told), (model, start) = two_classes(rng), two_classes(rng), network(rng)
        order = shuffled_order(400, STEPS, BATCH, rng)

        def learns(step):
            for parameter in model.parameters():
                parameter.requires_grad_(step < STEPS // 5)

        def deficit(step, inputs):
            learns(step)
            return within(first, last, torch.neg)(step, inputs)

        train(model, start, x, labels, order, RATE, deficit)
        ends = accuracy(model, other, told)
        learns(0)
        train(model, start, x, labels, order, RATE, lambda step, inputs: (learns(step), inputs)[1])
        learns(0)
        return accuracy(model, other, told) - ends

    def whole(first, last):
        return fall(int(first * STEPS), int(last * STEPS))

    return Trial(
        "a network that learns for 20 % of its training, inputs of the other sign until then", "fall of the accuracy",
        0.95, 0.08,
        [whole(0, 0.2) for _ in range(4)], "the same deficit at the end", 0, 1e-9, [whole(0.8, 1) for _ in range(3)],
    )  # fmt: skip


def order_of_examples(rng: np.random.Generator) -> Trial:
    def found(told_by_class):
        (x, labels), (other, told) = two_classes(rng, gap=1), two_classes(rng, gap=1)
        model, start = network(rng)
        difficulty = labels.numpy() if told_by_class else rng.random(400)
        order = curriculum(shuffled_order(400, STEPS, BATCH, rng), difficulty)
        train(model, start, x, labels, order, RATE)
        return accuracy(model, other, told)

    return Trial(
        "one class first and the other last", "accuracy, of the last class alone", 0.5, 0.08,
        [found(True) for _ in range(3)], "a difficulty that means nothing", 0.74, 0.06, [found(False) for _ in range(3)],
    )  # fmt: skip
