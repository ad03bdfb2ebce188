"""How alike two dictionaries of directions are, and dictionaries that know nothing but the covariance."""

import numpy as np

from repdyn.errors import StudyError


def mmcs(a: np.ndarray, b: np.ndarray) -> float:
    """Mean over the directions in a (p, d) of the largest cosine with one in b (q, d), in [-1, 1] (Sharkey 2022).

    Not symmetric, and larger for larger q. NaN if either is empty. Raises StudyError where d differs or a row is zero.
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise StudyError(f"two dictionaries need directions of the same length, found shapes {a.shape} and {b.shape}")
    if not len(a) or not len(b):
        return np.nan
    norms = [np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b)]
    if not all((norm > 0).all() for norm in norms):
        raise StudyError("a direction of length 0 has no cosine with others; leave it out")
    return float(((a / norms[0]) @ (b / norms[1]).T).max(1).mean())


def matched(a: np.ndarray, b: np.ndarray) -> float:
    """`mmcs` in both directions, averaged: symmetric."""
    return (mmcs(a, b) + mmcs(b, a)) / 2


def random_dictionary(features: int, d: int, rng: np.random.Generator) -> np.ndarray:
    """(features, d) directions uniform on the sphere."""
    directions = rng.standard_normal((features, d))
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def gaussian_matched(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Normal rows with exactly the mean and the covariance of x (n, d); n > d.

    What an autoencoder finds in them it finds in the covariance. Raises StudyError for n <= d.
    """
    n, d = x.shape
    if n <= d:
        raise StudyError(f"a covariance of {d} features needs more than {d} rows, found {n}")
    x = np.asarray(x, dtype=np.float64)
    mean = x.mean(0)
    variance, vectors = np.linalg.eigh((x - mean).T @ (x - mean))
    noise = rng.standard_normal((n, d))
    noise -= noise.mean(0)
    white = np.linalg.solve(np.linalg.cholesky(noise.T @ noise), noise.T).T
    return mean + (white * np.sqrt(np.maximum(variance, 0))) @ vectors.T
