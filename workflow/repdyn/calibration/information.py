"""Information where it is known: Gaussians, a noisy channel, and variables that are independent."""

import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from repdyn.calibration.trial import Trial
from repdyn.information.bounds import fano_bound
from repdyn.information.neighbours import class_information, entropy, ksg
from repdyn.measures.probes import probe_accuracies, stratified_halves

ROWS = 1000


def continuous_information(rng: np.random.Generator) -> Trial:
    def found(rho):
        x = rng.standard_normal((ROWS, 1))
        return ksg(x, rho * x + np.sqrt(1 - rho**2) * rng.standard_normal((ROWS, 1)))

    return Trial(
        f"two normals of correlation .8, {ROWS:,} rows", "information, nats", -0.5 * np.log(1 - 0.8**2), 0.05,
        [found(0.8) for _ in range(5)], "independent normals", 0, 0.03, [found(0) for _ in range(5)],
    )  # fmt: skip


def information_on_the_class(rng: np.random.Generator) -> Trial:
    def found(apart):
        labels = np.arange(ROWS) % 2
        return class_information(apart * labels[:, None] + rng.standard_normal((ROWS, 1)), labels)

    def surprise(x):
        density = (norm.pdf(x) + norm.pdf(x - 2)) / 2
        return -density * np.log(density)

    truth = quad(surprise, -8, 10)[0] - 0.5 * np.log(2 * np.pi * np.e)
    return Trial(
        "two classes, two standard deviations apart", "information, nats", truth, 0.05, [found(2) for _ in range(5)],
        "classes that do not differ", 0, 0.03, [found(0) for _ in range(5)],
    )  # fmt: skip


def information_of_an_accuracy(rng: np.random.Generator) -> Trial:
    labels = np.arange(ROWS) % 2
    doubt = -0.1 * np.log(0.1) - 0.9 * np.log(0.9)
    return Trial(
        "a channel that errs in a tenth", "Fano's bound, nats", np.log(2) - doubt, 1e-12, [fano_bound(0.9, labels)],
        "chance", 0, 1e-12, [fano_bound(0.5, labels)],
    )  # fmt: skip


def class_entropy(rng: np.random.Generator) -> Trial:
    return Trial(
        "ten classes of equal size", "entropy, nats", np.log(10), 1e-12, [entropy(np.arange(ROWS) % 10)],
        "one class", 0, 1e-12, [entropy(np.zeros(ROWS))],
    )  # fmt: skip


def linear_probe(rng: np.random.Generator) -> Trial:
    def found(apart):
        labels = np.arange(ROWS) % 2
        x = rng.standard_normal((ROWS, 20))
        x[:, 0] += apart * labels
        return probe_accuracies(x, labels[None], stratified_halves(labels, rng), 2)[0]

    return Trial(
        "two classes, two standard deviations apart in one of 20 units", "held-out accuracy", norm.cdf(1), 0.03,
        [found(2) for _ in range(5)], "classes that do not differ", 0.5, 0.03, [found(0) for _ in range(5)],
    )  # fmt: skip
