"""Synthetic classes on smooth curved surfaces whose intrinsic dimension is known exactly."""

from dataclasses import dataclass

import numpy as np

from repdyn.datasets import SPLITS, Dataset, balanced_labels, generator, require_counts
from repdyn.errors import StudyError

FREQUENCY = 3.0  # largest angular frequency of a wave over latent coordinates in [-1, 1]
WAVES = 16  # fewest waves per surface


@dataclass(frozen=True)
class Surface:
    """The image of u in [-1, 1]^k under basis @ (sin(frequencies @ u + phases) - mean).

    frequencies (m, k), phases (m,), basis (ambient, m) with orthogonal columns.
    """

    frequencies: np.ndarray
    phases: np.ndarray
    basis: np.ndarray


def load(
    seed: int,
    intrinsic_dimension: int = 2,
    ambient: int = 64,
    classes: int = 10,
    train: int = 1500,
    probe: int = 256,
    test: int = 500,
) -> Dataset:
    """Vectors (ambient,) without noise, one surface per class, all centred on the origin.

    Inputs have unit mean square per coordinate; class counts of a split differ by at most one.
    Raises StudyError if the ambient space is too small for surfaces of this dimension.
    """
    counts = dict(zip(SPLITS, (train, probe, test), strict=True))
    require_counts("manifold", counts)
    charts = surfaces(seed, intrinsic_dimension, ambient, classes)
    inputs, labels = {}, {}
    for split, n in counts.items():
        rng = generator(seed, f"manifold {split}")
        labels[split] = balanced_labels(rng, n, classes)
        inputs[split] = np.empty((n, ambient), dtype=np.float32)
        for label, chart in enumerate(charts):
            rows = np.flatnonzero(labels[split] == label)
            inputs[split][rows] = sample(rng, len(rows), chart)
    names = tuple(f"surface {label}" for label in range(classes))
    truth = {"intrinsic_dimension": intrinsic_dimension}
    return Dataset("manifold", "vector", names, inputs, labels, truth=truth)


def surfaces(seed: int, intrinsic_dimension: int, ambient: int, classes: int) -> list[Surface]:
    """One random surface per class: waves of random direction, frequency and phase in a random subspace.

    Raises StudyError unless ambient is at least 16 and at least 4 times the intrinsic dimension.
    """
    waves = max(WAVES, 4 * intrinsic_dimension)
    if intrinsic_dimension < 1 or classes < 2 or ambient < waves:
        raise StudyError(
            f"dataset manifold: intrinsic_dimension = {intrinsic_dimension}, ambient = {ambient}, "
            f"classes = {classes}; at least 1, {waves} and 2 are needed"
        )
    rng = generator(seed, "manifold surfaces")
    return [random_surface(rng, intrinsic_dimension, ambient, waves) for _ in range(classes)]


def random_surface(rng: np.random.Generator, dimension: int, ambient: int, waves: int) -> Surface:
    """A surface of unit mean square per ambient coordinate."""
    directions = rng.normal(size=(waves, dimension))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    frequencies = directions * FREQUENCY * rng.uniform(0.5, 1, (waves, 1))
    phases = rng.uniform(0, 2 * np.pi, waves)
    basis = np.linalg.qr(rng.normal(size=(ambient, waves)))[0]
    return Surface(frequencies, phases, basis * amplitude(frequencies, phases, ambient))


def amplitude(frequencies: np.ndarray, phases: np.ndarray, ambient: int) -> float:
    """Factor that gives the surface unit mean square per ambient coordinate under uniform u."""
    double = np.sinc(2 * frequencies / np.pi).prod(axis=1)
    variance = 0.5 - 0.5 * np.cos(2 * phases) * double - wave_means(frequencies, phases) ** 2
    return float(np.sqrt(ambient / variance.sum()))


def wave_means(frequencies: np.ndarray, phases: np.ndarray) -> np.ndarray:
    """(m,) mean of sin(w.u + b) over u uniform in [-1, 1]^k: sin(b) times the product of sin(w_j) / w_j."""
    return np.sin(phases) * np.sinc(frequencies / np.pi).prod(axis=1)


def sample(rng: np.random.Generator, n: int, surface: Surface) -> np.ndarray:
    """(n, ambient) float64 points of the surface at latent coordinates uniform in [-1, 1]^k.

    Centring on the origin leaves a linear classifier no class means to use.
    """
    latent = rng.uniform(-1, 1, (n, surface.frequencies.shape[1]))
    # einsum, not @: the bytes must not depend on how many threads the linear algebra library uses.
    waves = np.sin(np.einsum("nk,mk->nm", latent, surface.frequencies) + surface.phases)
    waves -= wave_means(surface.frequencies, surface.phases)
    return np.einsum("nm,am->na", waves, surface.basis)
