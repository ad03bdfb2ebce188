"""Encoding models, common spaces and receptive fields, tried on responses that are made from what they should find."""

import numpy as np

from repdyn.alignment.folds import random_folds
from repdyn.alignment.receptive_fields import receptive_field, shifted_accuracies
from repdyn.alignment.regression import accuracy, explained, partial_least_squares, predictions, ridge
from repdyn.alignment.shared import hyperalignment, inter_subject_correlation
from repdyn.alignment.simulated import simulated_brain, wrong_picks
from repdyn.calibration.trial import Trial

KERNEL = np.array([0, 0, 1, 0.7, 0.3, -0.4, -0.2, 0, 0, 0])


def _explained(rng: np.random.Generator, fit, signal: bool, n: int) -> float:
    """R^2 over its ceiling of .5, of units that read three directions of 30 features, with as much noise."""
    x = rng.standard_normal((n, 30))
    y = x @ rng.standard_normal((30, 3)) @ rng.standard_normal((3, 10)) if signal else rng.standard_normal((n, 10))
    y = y / y.std(0) + rng.standard_normal(y.shape)
    splits = random_folds(n, rng)
    return explained(y, predictions(x, y, splits, fit, rng)).mean() / 0.5


def by_ridge(rng: np.random.Generator) -> Trial:
    return Trial(
        "three of 30 directions, as much noise as signal, 1,000 stimuli", "held-out R^2 over its ceiling", 1, 0.1,
        [_explained(rng, ridge, True, 1000) for _ in range(3)], "noise alone", 0, 0.05,
        [_explained(rng, ridge, False, 1000) for _ in range(3)],
    )  # fmt: skip


def by_partial_least_squares(rng: np.random.Generator) -> Trial:
    return Trial(
        "three of 30 directions, as much noise as signal, 1,000 stimuli", "held-out R^2 over its ceiling", 1, 0.1,
        [_explained(rng, partial_least_squares, True, 1000) for _ in range(3)], "noise alone", 0, 0.05,
        [_explained(rng, partial_least_squares, False, 1000) for _ in range(3)],
    )  # fmt: skip


def right_layer(rng: np.random.Generator) -> Trial:
    """Chains of three layers, each a nonlinear mixture of the one before: which of them a brain was made from."""

    def picks(snr, real):
        scores, right = [], []
        for number in range(12):
            layers = [rng.standard_normal((200, 20))]
            for _ in range(2):
                layers.append(np.tanh(1.5 * layers[-1] @ rng.standard_normal((20, 20)) / np.sqrt(20)))
            made_from = layers[number % 3] if real else rng.standard_normal((200, 20))
            y = simulated_brain(made_from, 8, 1, snr, rng)[0][0]
            splits = random_folds(200, rng)
            found = (predictions(x, y, splits, ridge, rng) for x in layers)
            scores.append([accuracy(y, each, splits).mean() for each in found])
            right.append(number % 3)
        return wrong_picks(np.array(scores), np.array(right))

    return Trial(
        "brains made from one of three layers, signal-to-noise ratio 1", "share of wrong picks", 0, 0.1,
        [picks(1.0, True)], "brains made from none of them: two of three are wrong", 2 / 3, 0.25,
        [picks(1.0, False) for _ in range(3)],
    )  # fmt: skip


def common_space(rng: np.random.Generator) -> Trial:
    def found(shared):
        base = rng.standard_normal((200, 10))
        own = [base if shared else rng.standard_normal(base.shape) for _ in range(4)]
        turns = [np.linalg.qr(rng.standard_normal((10, 10)))[0] for _ in range(4)]
        subjects = np.stack([each @ turn for each, turn in zip(own, turns, strict=True)])
        subjects += 0.05 * rng.standard_normal(subjects.shape)
        return inter_subject_correlation(subjects[:, 100:] @ hyperalignment(subjects[:, :100]))

    return Trial(
        "four rotated copies with little noise", "correlation of other stimuli after alignment", 1, 0.02,
        [found(True) for _ in range(3)], "subjects that share nothing", 0, 0.1, [found(False) for _ in range(5)],
    )  # fmt: skip


def between_subjects(rng: np.random.Generator) -> Trial:
    def found(shared):
        return inter_subject_correlation(shared * rng.standard_normal((500, 4)) + rng.standard_normal((5, 500, 4)))

    return Trial(
        "as much shared signal as own noise", "correlation between subjects", 0.5, 0.03,
        [found(1.0) for _ in range(5)], "own noise alone", 0, 0.03, [found(0.0) for _ in range(5)],
    )  # fmt: skip


def _heard(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A stimulus of 2,000 samples, and a response that follows it by KERNEL with as much noise."""
    stimulus = rng.standard_normal(2000)
    signal = np.convolve(stimulus, KERNEL)[:2000]
    return stimulus, signal / signal.std() + rng.standard_normal(2000)


def kernel_of_a_field(rng: np.random.Generator) -> Trial:
    def likeness(follows):
        stimulus, response = _heard(rng)
        found = receptive_field(stimulus, response if follows else rng.standard_normal(2000), len(KERNEL)).kernel
        return np.corrcoef(found, KERNEL)[0, 1]

    return Trial(
        "a kernel of ten lags, as much noise as signal", "its correlation with what was found", 1, 0.02,
        [likeness(True) for _ in range(3)], "a response to nothing", 0, 0.25, [likeness(False) for _ in range(15)],
    )  # fmt: skip


def accuracy_of_a_field(rng: np.random.Generator) -> Trial:
    cases = [_heard(rng) for _ in range(3)]
    return Trial(
        "a kernel of ten lags, as much noise as signal", "held-out correlation", np.sqrt(0.5), 0.03,
        [receptive_field(*case, len(KERNEL)).accuracy for case in cases], "responses shifted in a circle", 0, 0.05,
        [shifted_accuracies(*case, len(KERNEL), rng, 5).mean() for case in cases],
    )  # fmt: skip
