"""What training needs: the study's networks trained again without features, with a deficit for a while, in other orders."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from repdyn.attribution.gradients import integrated_gradients, saliency
from repdyn.dynamics.retraining import (
    accuracy,
    blurred,
    curriculum,
    example_losses,
    shuffled_order,
    train,
    within,
    without_top,
)
from repdyn.errors import StudyError
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.seeds import derive
from repdyn.toolkit.retraining.design import SHARES, WINDOWS

STEPS, BATCH, RATE = 400, 32, 1e-3  # of a training that is repeated, as a rule shorter than the run's own
SEEDS = 3  # orders of the examples
POINTS = 16  # of integrated gradients
SIDE = 4  # pixels along the side of a blurred image
EVALUATIONS = 20  # of the loss, in the run's own training, between which early stopping chooses at most


def measure(held_out: Subject, training: Subject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Trainings from the run's first weights, STEPS updates each, SEEDS orders of the examples; at the last grid step, since
    they are judged by the trained network's maps and losses. Of all but images only the order of examples is changed. No
    maps.

    - plain [share]: held-out accuracy after a training in which nothing is changed, mean over orders.
    - removed/saliency, removed/integrated_gradients [share] (unit: place in SHARES): held-out accuracy when in all images
      the share of features that the trained network's map ranks highest is replaced by the mean before training. Null:
      random features, SEEDS draws. Source: Hooker 2019 (ROAR).
    - deficit [percentage points] (unit: place in WINDOWS): by how much images of SIDE x SIDE pixels during a window of the
      training lower the held-out accuracy at its end, mean over orders. Null: 0, and the deviation of that mean between
      trainings without a deficit. Source: Achille 2019.
    - order/easy_first, order/hard_first [percentage points]: held-out accuracy with the same examples sorted by the trained
      network's loss, less that in random order. Null: as of deficit. Source: Bengio 2009; Hacohen & Weinshall 2019.
    - stopped [nats]: loss on one half of the held-out examples at the last step, less that at the checkpoint with the least
      loss on the other half, mean over both ways; below 0 where the choice does harm. Source: Prechelt 1998.
    """
    return combine(_entries(held_out, training)), {}


def _entries(held_out: Subject, training: Subject) -> Iterator[dict]:
    step = held_out.grid[-1]
    if not torch.isfinite(torch.from_numpy(held_out.logits(step))).all() or len(training.labels) < BATCH:
        return
    yield entry(step, "", "stopped", _stopped(held_out))
    start = {name: value.clone() for name, value in held_out.model(held_out.grid[0]).state_dict().items()}
    model, x, labels = held_out.model(step), training.inputs, torch.from_numpy(training.labels)
    difficulty = example_losses(model, x, labels)
    images = isinstance(x, torch.Tensor) and x.ndim == 4
    ranked = _ranked(model, held_out, training) if images else {}
    orders = [
        shuffled_order(len(labels), STEPS, BATCH, np.random.default_rng(derive(*training.key, "retraining", seed)))
        for seed in range(SEEDS)
    ]
    test, told = held_out.inputs, torch.from_numpy(held_out.labels)

    def ends(order, change=None, inputs=x, judged=test) -> float:
        try:
            train(model, start, inputs, labels, order, RATE, change)
        except StudyError:
            return np.nan
        return accuracy(model, judged, told)

    plain = np.array([ends(order) for order in orders])
    spread = 100 * plain.std(ddof=1) * np.sqrt(2 / SEEDS)
    yield entry(step, "", "plain", plain.mean())
    for name, sign in (("easy_first", 1), ("hard_first", -1)):
        found = np.array([ends(curriculum(order, sign * difficulty)) for order in orders])
        yield entry(step, "", f"order/{name}", 100 * (found - plain).mean(), 0, spread)
    if images:
        falls = []
        for window in WINDOWS:
            first, last = (round(share * STEPS) for share in window)
            change = within(first, last, lambda values: blurred(values, SIDE))
            falls.append(100 * (plain - [ends(order, change) for order in orders]).mean())
        yield entry(step, "", "deficit", falls, 0, spread)
        mean, rng = x.mean(0, keepdim=True), np.random.default_rng(derive(*training.key, "removed features"))

        def removed(ranks, order):
            kept = [
                [without_top(z, rank, share, mean) for z, rank in zip((x, test), ranks, strict=True)]
                for share in SHARES
            ]
            return [ends(order, None, *sides) for sides in kept]

        chance = np.array([removed([rng.random(z.shape) for z in (x, test)], order) for order in orders])
        for name, ranks in ranked.items():
            value = removed(ranks, orders[0])
            yield entry(step, "", f"removed/{name}", value, chance.mean(0), chance.std(0, ddof=1))
    held_out.loaded = None  # the trainings have left other weights behind


def _ranked(model, held_out: Subject, training: Subject) -> dict[str, list[np.ndarray]]:
    """Size of the maps of training and of held-out images, by method."""
    sides = [(each.inputs, torch.from_numpy(each.labels)) for each in (training, held_out)]
    mean = training.inputs.mean(0, keepdim=True)
    return {
        "saliency": [saliency(model, *side).numpy() for side in sides],
        "integrated_gradients": [integrated_gradients(model, *side, mean, POINTS).abs().numpy() for side in sides],
    }


def _stopped(held_out: Subject) -> float:
    """What early stopping, chosen on one half of the examples, saves of the loss on the other."""
    half = np.arange(len(held_out.labels)) % 2
    steps = held_out.steps[:: max(1, len(held_out.steps) // EVALUATIONS)]
    steps = [*steps, held_out.grid[-1]]
    labels = torch.from_numpy(held_out.labels)
    found = np.array([example_losses(held_out.model(step), held_out.inputs, labels) for step in steps])
    sides = [np.stack([found[:, half == side].mean(1) for side in pair]) for pair in ((0, 1), (1, 0))]
    return float(np.mean([judged[-1] - judged[np.nanargmin(chosen)] for chosen, judged in sides]))
