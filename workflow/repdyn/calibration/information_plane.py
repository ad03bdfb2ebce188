"""Bounds by critics, information under noise and in bins, the bottleneck: where formulas give the answer."""

import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from repdyn.calibration.trial import Trial
from repdyn.information.bottleneck import bottleneck
from repdyn.information.closed_forms import linear_information, normal_divergence, normal_information, table_information
from repdyn.information.critics import Bounds, critic_bounds, thirds
from repdyn.information.neighbours import ksg
from repdyn.information.noisy import binned_information, noisy_class_information, noisy_input_information
from repdyn.information.processing import largest_rise

ROWS = 1000
LINEAR = np.array([[1.0, 0.5, 0.0], [0.0, -0.6, 0.8]])
BELOW = 0.12  # how far below the truth a bound by a critic may lie


def _bounds(rng: np.random.Generator) -> Bounds:
    x, noise = rng.standard_normal((2, 3000))
    y = 0.8 * x + 0.6 * noise
    return critic_bounds(x, y, thirds(len(x), rng), int(rng.integers(2**31)), nulls=2, updates=500)


def bound_by_a_critic(rng: np.random.Generator) -> Trial:
    found = _bounds(rng).mine.tolist()
    return Trial(
        "two normals of correlation .8, 3,000 rows", "lower bound on rows held out, nats", normal_information(0.8), BELOW,
        found[:1], "shuffled pairs", 0, 0.03, found[1:],
    )  # fmt: skip


def bound_by_contrast(rng: np.random.Generator) -> Trial:
    found = _bounds(rng).infonce.tolist()
    return Trial(
        "two normals of correlation .8, 3,000 rows", "lower bound on rows held out, nats", normal_information(0.8), BELOW,
        found[:1], "shuffled pairs", 0, 0.03, found[1:],
    )  # fmt: skip


def information_under_noise(rng: np.random.Generator) -> Trial:
    def found(weights):
        return noisy_input_information(rng.standard_normal((ROWS, 3)) @ weights.T, 0.5, rng)[0]

    return Trial(
        "a linear layer of 2 units and 3 inputs, noise .5", "information on the input, nats",
        linear_information(LINEAR, 0.5), 0.04, [found(LINEAR) for _ in range(3)],
        "a layer with weights of a thousandth", 0, 1e-3, [found(LINEAR / 1000) for _ in range(3)],
    )  # fmt: skip


def class_under_noise(rng: np.random.Generator) -> Trial:
    deviation = np.hypot(1, 0.3)

    def surprise(x):
        density = (norm.pdf(x, 0, deviation) + norm.pdf(x, 2, deviation)) / 2
        return -density * np.log(density)

    truth = quad(surprise, -9, 11)[0] - norm(0, deviation).entropy()

    def found(apart):
        labels = np.arange(ROWS) % 2
        rows = apart * labels[:, None] + rng.standard_normal((ROWS, 1))
        return noisy_class_information(rows, labels[None], 0.3, rng)[0][0]

    return Trial(
        "two classes, two standard deviations apart, noise .3", "lower bound on the class, nats", truth, 0.06,
        [found(2) for _ in range(3)], "classes that do not differ", 0, 0.02, [found(0) for _ in range(3)],
    )  # fmt: skip


def information_of_bins(rng: np.random.Generator) -> Trial:
    def found(bins):
        return binned_information(np.tanh(rng.standard_normal((ROWS, 5)) @ rng.standard_normal((5, 3))), bins)

    return Trial(
        "a tanh layer without noise, 300 bins per unit: ln of the examples", "information in bins, nats", np.log(ROWS),
        0.1, [found(300) for _ in range(3)], "the same in one bin", 0, 0, [found(1)],
    )  # fmt: skip


def bottleneck_of_a_noisy_bit(rng: np.random.Generator) -> Trial:
    def found(joint):
        return bottleneck(joint, 2.0, rng).told

    return Trial(
        "a bit that errs in a tenth, beta 2: the curve of Mrs Gerber", "kept of the other bit, nats", 0.2823, 1e-4,
        [found(np.array([[0.45, 0.05], [0.05, 0.45]]))], "independent bits", 0, 1e-6, [found(np.full((2, 2), 0.25))],
    )  # fmt: skip


def information_of_a_table(rng: np.random.Generator) -> Trial:
    return Trial(
        "a channel that errs in a tenth", "information, nats", np.log(2) + 0.1 * np.log(0.1) + 0.9 * np.log(0.9), 1e-12,
        [table_information(np.array([[9, 1], [1, 9]]))], "independent bits", 0, 1e-12, [table_information(np.ones((2, 2)))],
    )  # fmt: skip


def divergence_of_normals(rng: np.random.Generator) -> Trial:
    return Trial(
        "a normal against one moved by 1 and twice as wide", "Kullback-Leibler divergence, nats",
        np.log(2) - 0.25, 1e-12, [normal_divergence(0, 1, 1, 2)], "itself", 0, 0, [normal_divergence(1, 2, 1, 2)],
    )  # fmt: skip


def rise_along_a_chain(rng: np.random.Generator) -> Trial:
    def beyond(aside):
        """Whether the last of three noisy copies, each of the one before, seems to know more of the first."""
        x = rng.standard_normal((1000, 1))
        chain = [x + 0.5 * rng.standard_normal(x.shape)]
        chain.append(chain[-1] + rng.standard_normal(x.shape))
        chain.append(chain[-1] + aside * x + 0.5 * rng.standard_normal(x.shape))
        # Of the fifths of the rows.
        found = np.array([[ksg(x[i::5], t[i::5]) for i in range(5)] for t in chain])
        return float(largest_rise(found.mean(1), found.std(1, ddof=1) / np.sqrt(5)) > 4)

    return Trial(
        "three noisy copies of a number, the last of which is given it again", "rises beyond 4 errors", 1, 0,
        [beyond(5) for _ in range(3)], "each a copy of the one before", 0, 0, [beyond(0) for _ in range(3)],
    )  # fmt: skip
