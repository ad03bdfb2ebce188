"""Points on surfaces whose geometry is known, turned into as many dimensions as wanted."""

import numpy as np


def turned(x: np.ndarray, d: int, rng: np.random.Generator) -> np.ndarray:
    """(n, k) in a random subspace of d dimensions, far from the origin."""
    basis = np.linalg.qr(rng.standard_normal((d, d)))[0][: x.shape[1]]
    return x @ basis + 3 * rng.standard_normal(d)


def swiss_roll(n: int, rng: np.random.Generator, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) of t = 1.5 pi (1 + 2u), height up to 20, and where they are on the unrolled plane (n, 2)."""
    t, height = 1.5 * np.pi * (1 + 2 * rng.random(n)), 20 * rng.random(n)
    x = np.stack([t * np.cos(t), height, t * np.sin(t)], axis=1) + noise * rng.standard_normal((n, 3))
    return x, np.stack([(t * np.sqrt(1 + t**2) + np.arcsinh(t)) / 2, height], axis=1)


def sphere(n: int, dimension: int, radius: float, rng: np.random.Generator) -> np.ndarray:
    x = rng.standard_normal((n, dimension + 1))
    return radius * x / np.linalg.norm(x, axis=1, keepdims=True)


def circle(n: int, radius: float) -> np.ndarray:
    """Evenly spaced."""
    angle = 2 * np.pi * np.arange(n) / n
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
