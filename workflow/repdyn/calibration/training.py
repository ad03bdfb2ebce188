"""The course of a training where it is known: drift, dimension, turns, emergence, phases and paths of weights."""

import numpy as np
import torch

from repdyn.calibration.trial import Trial
from repdyn.dynamics.drift import drift
from repdyn.dynamics.emergence import emergence
from repdyn.dynamics.hunchback import turn
from repdyn.dynamics.phases import change_points
from repdyn.dynamics.trajectory import displacement_gram, path, step_cosines, walk_gram
from repdyn.spectrum import leading_measures


def representational_drift(rng: np.random.Generator) -> Trial:
    x = rng.standard_normal((200, 10))
    other = np.linalg.qr(rng.standard_normal((10, 10)))[0]
    return Trial(
        "unrelated representations", "1 - CKA", 1, 0.05, [drift(x, rng.standard_normal((200, 7))) for _ in range(5)],
        "a turned copy", 0, 1e-9, [drift(x, 3 * x @ other + 5)],
    )  # fmt: skip


def turns(rng: np.random.Generator) -> Trial:
    return Trial(
        "a dimension that rises by a half and falls again", "height, log ratio", np.log(1.5), 1e-12,
        [turn(np.array([10.0, 20, 30, 20])).height],
        "a dimension that only rises", 0, 0, [turn(np.geomspace(3, 30, 14)).height],
    )  # fmt: skip


def emergence_step(rng: np.random.Generator) -> Trial:
    steps = np.arange(0, 500, 50)
    planted = np.where(steps >= 200, 1.0, 0.05)[:, None] + 0.05 * rng.standard_normal((len(steps), 5))
    never = 0.05 * rng.standard_normal((len(steps), 5))
    return Trial(
        "an ability that is there from step 200 on", "step", 200, 0, emergence(steps, planted, 0.3).tolist(),
        "noise", np.nan, 0, emergence(steps, never, 0.3).tolist(),
    )  # fmt: skip


def phases(rng: np.random.Generator) -> Trial:
    times = np.arange(0, 1500, 5)

    def count(step):
        curve = 2 * np.exp(-times / 400) + 0.02 * rng.standard_normal(len(times)) + 1
        curve[times >= 800] -= step
        return len(change_points(times, curve, rng).before)

    return Trial(
        "a smooth loss with one step down", "change points", 1, 0.34, [count(0.4) for _ in range(3)],
        "a smooth loss", 0, 0.34, [count(0) for _ in range(3)],
    )  # fmt: skip


def straight_path(rng: np.random.Generator) -> Trial:
    direction = rng.standard_normal(500)
    line = displacement_gram([t * direction for t in range(20)])
    walks = [path(walk_gram(np.ones(100), 10**5, rng)).shares[0] for _ in range(3)]
    return Trial(
        "weights that move in a straight line", "share of the first component", 1, 1e-9, [path(line).shares[0]],
        "a random walk", 6 / np.pi**2, 0.02, walks,
    )  # fmt: skip


def cosine_of_steps(rng: np.random.Generator) -> Trial:
    direction = rng.standard_normal(500)
    line = displacement_gram([t * direction for t in range(20)])
    walk = displacement_gram(list(np.cumsum(rng.standard_normal((100, 500)), 0)))
    return Trial(
        "weights that move in a straight line", "cosine of successive steps", 1, 1e-9, [step_cosines(line).mean()],
        "a random walk", 0, 0.02, [step_cosines(walk).mean()],
    )  # fmt: skip


def participation_ratio(rng: np.random.Generator) -> Trial:
    def of(scales):
        x = torch.from_numpy(rng.standard_normal((20_000, len(scales))) * scales)
        return float(leading_measures(x[None])["participation_ratio"][0])

    variances = np.array([4.0, 1, 1, 0.25])
    return Trial(
        "a Gaussian of variances 4, 1, 1 and 1/4", "dimension", variances.sum() ** 2 / (variances**2).sum(), 0.05,
        [of(np.sqrt(variances)) for _ in range(3)],
        "an isotropic Gaussian of 4", 4, 0.02, [of(np.ones(4)) for _ in range(3)],
    )  # fmt: skip
