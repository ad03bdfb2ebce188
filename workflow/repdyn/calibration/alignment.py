"""Brains that are simulated, so that what they share with a model, and what noise leaves of it, is known."""

import numpy as np

from repdyn.alignment.canonical import held_out_cca, pwcca, svcca
from repdyn.alignment.ceiling import ceiling, correlated, reliability
from repdyn.alignment.dissimilarity import correlation_distances, crossnobis, rank_similarity, squared_distances, tau_a
from repdyn.alignment.rsa import both_factor_interval, mean_similarity, permutation_p, similarity_ceiling
from repdyn.alignment.simulated import simulated_brain
from repdyn.calibration.trial import Trial

SHARED = (0.9, 0.6, 0.3)


def _sharing(rng: np.random.Generator, shared, n: int = 1000, width: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Two representations (n, width) that share len(shared) directions with these correlations, each mixed at random."""
    x, y = rng.standard_normal((2, n, width))
    for column, r in enumerate(shared):
        y[:, column] = r * x[:, column] + np.sqrt(1 - r * r) * y[:, column]
    return x @ _rotation(rng, width), y @ _rotation(rng, width)


def _rotation(rng: np.random.Generator, d: int) -> np.ndarray:
    return np.linalg.qr(rng.standard_normal((d, d)))[0]


def canonical_correlations(rng: np.random.Generator) -> Trial:
    def mean(shared):
        return held_out_cca(*_sharing(rng, shared), rng).correlations[:3].mean()

    return Trial(
        "correlations of .9, .6 and .3 in mixtures of 6", "mean of three on held-out stimuli", float(np.mean(SHARED)), 0.06,
        [mean(SHARED) for _ in range(5)], "independent representations", 0, 0.1, [mean(()) for _ in range(5)],
    )  # fmt: skip


def of_leading_directions(rng: np.random.Generator) -> Trial:
    def found(r):
        # What is shared varies a hundredfold; the rest, which is not, is cut away with the small components.
        x, y = rng.standard_normal((2, 1000, 8)) * 0.02
        x[:, :2], y[:, :2] = _sharing(rng, (r, r), width=2)
        return svcca(x @ _rotation(rng, 8), y @ _rotation(rng, 8), rng)

    return Trial(
        "two of eight directions hold the variance, correlation .8", "mean over what SVCCA keeps", 0.8, 0.05,
        [found(0.8) for _ in range(5)], "nothing is shared", 0, 0.1, [found(0.0) for _ in range(5)],
    )  # fmt: skip


def weighted_by_projection(rng: np.random.Generator) -> Trial:
    def found(r):
        x, y = rng.standard_normal((2, 1000, 2))
        y[:, 0] = r * x[:, 0] + np.sqrt(1 - r * r) * y[:, 0]
        return pwcca(x * [3, 1], y, rng)

    # A direction weighs as the features' projections on it: here as standard deviations, 3 and 1.
    return Trial(
        "correlation .8 in the direction that carries three quarters of x, 0 in the other", "weighted mean", 0.6, 0.05,
        [found(0.8) for _ in range(5)], "nothing is shared", 0, 0.1, [found(0.0) for _ in range(5)],
    )  # fmt: skip


def similarity_of_distances(rng: np.random.Generator) -> Trial:
    def turned(measure, x, y):
        return rank_similarity(measure(x), measure(y @ _rotation(rng, y.shape[1])))

    clouds = rng.standard_normal((3, 60, 12))
    return Trial(
        "60 stimuli and a rotated copy", "Spearman's correlation of squared distances", 1, 1e-6,
        [turned(squared_distances, x, x) for x in clouds],
        "other stimuli", 0, 0.1, [turned(squared_distances, *rng.standard_normal((2, 60, 12))) for _ in range(8)],
    )  # fmt: skip


def similarity_of_correlations(rng: np.random.Generator) -> Trial:
    def found(x, y):
        return tau_a(correlation_distances(x), correlation_distances(y))

    clouds = rng.standard_normal((3, 40, 30))
    return Trial(
        "40 stimuli and a copy with other gains and offsets", "tau-a of 1 - r", 1, 1e-6,
        [found(x, x * rng.uniform(1, 3, (40, 1)) + rng.standard_normal((40, 1))) for x in clouds],
        "other stimuli", 0, 0.1, [found(*rng.standard_normal((2, 40, 30))) for _ in range(8)],
    )  # fmt: skip


def distances_without_noise(rng: np.random.Generator) -> Trial:
    def found(apart):
        means = np.zeros((20, 15))
        means[10:] = apart
        distances = crossnobis(means + rng.standard_normal((6, 20, 15)))
        first, second = np.triu_indices(20, 1)
        return distances[(first < 10) & (second >= 10)].mean()

    return Trial(
        "two groups of stimuli, one standard deviation of the noise apart in each unit", "crossnobis between them", 1, 0.1,
        [found(1.0) for _ in range(8)], "noise alone, whose plain squared distance is .33", 0, 0.05,
        [found(0.0) for _ in range(8)],
    )  # fmt: skip


def ceiling_of_similarity(rng: np.random.Generator) -> Trial:
    """The true model lies between the two bounds: how much of the way from the lower to the upper, .5 give or take .5."""

    def found(model_noise):
        truth = rng.standard_normal((40, 20))
        brains = np.stack([squared_distances(truth + rng.standard_normal(truth.shape)) for _ in range(12)])
        low, high = similarity_ceiling(brains)
        model = rng.standard_normal(truth.shape) if model_noise else truth
        return (mean_similarity(squared_distances(model), brains) - low) / (high - low)

    return Trial(
        "12 subjects with noise of their own and the true model", "place between lower (0) and upper (1) bound", 0.5, 0.5,
        [found(False) for _ in range(5)], "a single subject: no ceiling", np.nan, np.nan,
        [similarity_ceiling(squared_distances(rng.standard_normal((10, 5)))[None])[0]],
    )  # fmt: skip


def orders_of_stimuli(rng: np.random.Generator) -> Trial:
    def found(shared):
        x, y = rng.standard_normal((2, 20, 8))
        return permutation_p(squared_distances(x), squared_distances(x + 0.5 * y if shared else y)[None], rng, 199)

    return Trial(
        "a model with noise", "p from orders of stimuli", 0.005, 0.005, [found(True) for _ in range(5)],
        "other stimuli: p spreads from 0 to 1", 0.5, 0.12, [found(False) for _ in range(60)],
    )  # fmt: skip


def interval_over_both(rng: np.random.Generator) -> Trial:
    """Stimuli and subjects are drawn anew: how often the interval holds the mean over very many."""

    def holds(noise):
        gains, truth = np.linspace(1, 3, 6), rng.standard_normal((25, 6))
        brains = [squared_distances(truth * gains + noise * rng.standard_normal(truth.shape)) for _ in range(6)]
        low, high = both_factor_interval(squared_distances(truth), np.stack(brains), rng, 80)
        return low, high

    large = rng.standard_normal((250, 6))
    truth = rank_similarity(
        squared_distances(large), squared_distances(large * np.linspace(1, 3, 6) + 2 * rng.standard_normal(large.shape))
    )
    inside = [float(low <= truth <= high) for low, high in (holds(2.0) for _ in range(20))]
    return Trial(
        "25 stimuli, 6 subjects", "share of intervals that hold the value of 250 stimuli", 0.95, 0.08, inside,
        "a single subject: no interval", np.nan, np.nan,
        [both_factor_interval(squared_distances(large[:9]), squared_distances(large[:9])[None], rng)[0]],
    )  # fmt: skip


def reliability_of_repeats(rng: np.random.Generator) -> Trial:
    def found(repeats, snr):
        return reliability(simulated_brain(rng.standard_normal((300, 20)), 10, repeats, snr, rng)[0], rng).mean()

    return Trial(
        "10 repeats of 300 stimuli at a signal-to-noise ratio of 1", "reliability of their mean", 10 / 11, 0.02,
        [found(10, 1) for _ in range(5)], "one repeat: no ceiling", np.nan, np.nan, [found(1, 1)],
    )  # fmt: skip


def ceiling_of_a_true_model(rng: np.random.Generator) -> Trial:
    def found(repeats, right):
        responses, signal = simulated_brain(rng.standard_normal((400, 20)), 10, repeats, 0.3, rng)
        best = ceiling(reliability(responses, rng))
        model = signal if right else rng.standard_normal(signal.shape)
        return (correlated(model, responses.mean(0)) / best).mean()

    return Trial(
        "the signal itself as a model of 5 noisy repeats", "its correlation over the ceiling", 1, 0.03,
        [found(5, True) for _ in range(5)], "a model of noise", 0, 0.05, [found(5, False) for _ in range(5)],
    )  # fmt: skip
