"""Topology where it is known: a circle, two clusters, and clouds without shape."""

import numpy as np

from repdyn.calibration.geometry import circle
from repdyn.calibration.trial import Trial
from repdyn.topology.bands import band, betti
from repdyn.topology.homology import diagrams, longest
from repdyn.topology.joins import joins

POINTS = 80


def _noisy_circle(rng: np.random.Generator) -> np.ndarray:
    return circle(POINTS, 1) + 0.02 * rng.standard_normal((POINTS, 2))


def loops(rng: np.random.Generator) -> Trial:
    def count(x):
        return betti(diagrams(x)[1], band(x, np.arange(len(x)), 39, rng))

    return Trial(
        f"a circle of {POINTS} points, noise .02", "loops beyond the band", 1, 0,
        [count(_noisy_circle(rng)) for _ in range(5)],
        "a Gaussian in the plane", 0, 0, [count(rng.standard_normal((POINTS, 2))) for _ in range(5)],
    )  # fmt: skip


def longest_loop(rng: np.random.Generator) -> Trial:
    # The Rips complex of a circle fills it where an inscribed triangle's side, sqrt 3, is reached.
    born = 2 * np.sin(np.pi / POINTS)
    return Trial(
        f"{POINTS} points evenly on a circle", "length of the loop", np.sqrt(3) - born, 0.02,
        [longest(diagrams(circle(POINTS, 1))[1])],
        "a line of points", 0, 1e-9, [longest(diagrams(np.arange(20.0)[:, None] * np.ones(2))[1])],
    )  # fmt: skip


def clusters(rng: np.random.Generator) -> Trial:
    def late(apart):
        x = np.concatenate([rng.standard_normal((40, 3)), rng.standard_normal((40, 3)) + [apart, 0, 0]])
        return (joins(x, 20) > 3).sum()

    return Trial(
        "two Gaussian clusters 10 apart", "clusters that join late", 1, 0, [late(10) for _ in range(5)],
        "one cluster", 0, 0, [late(0) for _ in range(5)],
    )  # fmt: skip
