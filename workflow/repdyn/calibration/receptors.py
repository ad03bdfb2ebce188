"""Spikes of simulated receptors, predicted from what they heard; and series that are stretched in time."""

import numpy as np

from repdyn.alignment.folds import blocked_folds
from repdyn.alignment.receptive_fields import circular_shifts, lagged
from repdyn.alignment.regression import accuracy
from repdyn.alignment.spikes import bits_per_spike, encoded, with_products
from repdyn.alignment.warping import warped_distance, warped_null
from repdyn.calibration.encoding import KERNEL
from repdyn.calibration.trial import Trial

SAMPLES, RATE, WIDTH, LAGS = 10_000, 0.12, 3.0, len(KERNEL)
REACH = 6


def _receptor(rng: np.random.Generator, answers) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lags of a sound (n, lags); spikes (n, 1) that are Poisson; and their rate (n, 1), `answers` of what KERNEL lets
    through."""
    sound = rng.standard_normal(SAMPLES)
    through = np.convolve(sound, KERNEL)[:SAMPLES]
    rate = answers(through / through.std())[:, None]
    rate *= RATE / rate.mean()
    return lagged(sound, LAGS), rng.poisson(rate).astype(float), rate


def _ceiling(counts: np.ndarray, rate: np.ndarray) -> float:
    """Correlation that the rate itself has with the counts."""
    from scipy.ndimage import gaussian_filter1d

    smooth, wanted = (gaussian_filter1d(each, WIDTH, axis=0) for each in (rate, counts))
    return float(accuracy(wanted, smooth, blocked_folds(SAMPLES, LAGS))[0])


def correlation_with_spikes(rng: np.random.Generator) -> Trial:
    found, nulls = [], []
    for _ in range(3):
        lags, counts, rate = _receptor(rng, lambda heard: np.exp(0.6 * heard))
        found.append(encoded(lags, counts, LAGS, WIDTH).accuracy[0] / _ceiling(counts, rate))
        nulls.append(encoded(lags, circular_shifts(counts[:, 0], rng, 5), LAGS, WIDTH).accuracy.mean())
    return Trial(
        "a linear-nonlinear neuron, 10 s at 120 spikes per second", "held-out correlation over its ceiling", 1, 0.08,
        found, "spikes shifted in a circle", 0, 0.05, nulls,
    )  # fmt: skip


def bits_of_spikes(rng: np.random.Generator) -> Trial:
    found, nulls = [], []
    for _ in range(3):
        lags, counts, rate = _receptor(rng, np.exp)
        reached = bits_per_spike(counts, rate, np.full(counts.shape, counts.mean()))[0]
        found.append(encoded(lags, counts, LAGS, WIDTH).bits[0] / reached)
        nulls.append(encoded(lags, circular_shifts(counts[:, 0], rng, 5), LAGS, WIDTH).bits.mean() / reached)
    return Trial(
        "a linear-nonlinear neuron, 10 s at 120 spikes per second", "bits per spike over those of its rate", 1, 0.1,
        found, "spikes shifted in a circle", 0, 0.05, nulls,
    )  # fmt: skip


def products_of_lags(rng: np.random.Generator) -> Trial:
    """A neuron that answers to the energy of what it lets through, which no linear field predicts."""
    found, nulls = [], []
    for _ in range(3):
        lags, counts, rate = _receptor(rng, np.square)
        ceiling = _ceiling(counts, rate)
        found.append(encoded(with_products(lags, LAGS), counts, LAGS, WIDTH).accuracy[0] / ceiling)
        shifted = circular_shifts(counts[:, 0], rng, 3)
        nulls.append(encoded(with_products(lags, LAGS), shifted, LAGS, WIDTH).accuracy.mean() / ceiling)
    return Trial(
        "a neuron that answers to squares, products of lags", "held-out correlation over its ceiling", 1, 0.1,
        found, "spikes shifted in a circle", 0, 0.1, nulls,
    )  # fmt: skip


def stretched_series(rng: np.random.Generator) -> Trial:
    from scipy.ndimage import gaussian_filter1d

    def drawn():
        series = gaussian_filter1d(rng.standard_normal(200), 4)[50:150]
        return (series - series.mean()) / series.std()

    def share(other):
        series = drawn()
        beside = other(series)
        return np.mean(warped_null(series, beside, REACH, rng, 20) <= warped_distance(series, beside, REACH))

    times = np.linspace(0, 1, 100)
    late = 0.05 * np.sin(np.pi * times)  # five samples in the middle, none at the ends
    return Trial(
        "a copy that runs late by up to 5 of 100 samples", "share of series with its spectrum that are as near", 0, 0.05,
        [share(lambda series: np.interp(times - late, times, series)) for _ in range(5)], "another series", 0.5, 0.25,
        [share(lambda _: drawn()) for _ in range(15)],
    )  # fmt: skip
