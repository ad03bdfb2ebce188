"""Simulated brains: units that mix those of a layer at random, with noise, so that the right layer is known."""

import numpy as np

from repdyn.errors import StudyError


def simulated_brain(
    x: np.ndarray, units: int, repeats: int, snr: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Responses (repeats, n, units) to n stimuli, and the signal (n, units) in them, of a brain that mixes x (n, d).

    Every unit is a Gaussian random mixture of the features, at variance 1, with independent Gaussian noise of variance
    1 / snr in each repeat: a repeat correlates with the signal as sqrt(snr / (snr + 1)). StudyError where x does not vary.
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or not np.isfinite(x).all() or not snr > 0 or units < 1 or repeats < 1:
        raise StudyError(
            f"a brain needs finite features (n, d), a signal-to-noise ratio above 0, units and repeats; found shape"
            f" {x.shape}, {snr}, {units} and {repeats}"
        )
    centred = x - x.mean(0)
    signal = centred @ rng.standard_normal((x.shape[1], units))
    spread = signal.std(0)
    if not (spread > 1e-12 * max(np.abs(x).max(), 1e-300)).all():
        raise StudyError("features that do not vary leave a simulated brain without a signal")
    signal /= spread
    return signal + rng.standard_normal((repeats, *signal.shape)) / np.sqrt(snr), signal


def parted(width: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two halves of the numbers of the units of a layer: those that a brain mixes, and those that a model sees.

    StudyError for a layer of fewer than four units.
    """
    if width < 4:
        raise StudyError(f"a layer of {width} units has no two halves of two units or more")
    order = rng.permutation(width)
    return np.sort(order[: width // 2]), np.sort(order[width // 2 :])


def wrong_picks(scores: np.ndarray, right: np.ndarray) -> float:
    """How often the layer with the highest score is not the right one: scores (brains, layers), right (brains,) numbers.

    NaN scores of a brain: none is picked, which counts as wrong.
    """
    scores = np.where(np.isnan(scores), -np.inf, scores)
    if scores.ndim != 2 or not len(scores) or len(right) != len(scores):
        raise StudyError(f"scores (brains, layers) and as many right layers are needed, found shape {scores.shape}")
    none = np.isinf(scores).all(1)
    return float((none | (scores.argmax(1) != right)).mean())
