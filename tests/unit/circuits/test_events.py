"""Planted events are found with their kernels, noise has none, and codes are those of scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import sparse_encode

from repdyn.circuits.events import deconvolved, matched_events, sparse_codes, synthesis
from repdyn.errors import StudyError

TRIALS, TIME, LENGTH, EACH = 24, 200, 20, 3


def shapes():
    t = np.arange(LENGTH)
    kernels = np.stack([np.exp(-t / 4.0), np.exp(-t / 8.0) * np.cos(2 * np.pi * t / 9)])
    return kernels / np.linalg.norm(kernels, axis=1, keepdims=True)


def planted(seed, noise=0.05):
    rng = np.random.default_rng(seed)
    series, events = noise * rng.standard_normal((TRIALS, TIME)), []
    for trial in range(TRIALS):
        for kernel, shape in enumerate(shapes()):
            peak = np.abs(shape).argmax()
            for time in rng.choice(TIME - LENGTH, EACH, replace=False):
                series[trial, time : time + LENGTH] += rng.uniform(0.8, 1.5) * shape
                events.append((trial, kernel, time + peak))
    return series, np.array(events)


def up_to_a_shift(first, second):
    return max(np.abs(np.correlate(first, second, "full")))


def test_planted_kernels_and_events_are_found():
    series, events = planted(0)
    found = deconvolved(series, 2, LENGTH, np.random.default_rng(0))
    likeness = np.array([[up_to_a_shift(k, s) for s in shapes()] for k in found.kernels])
    order = likeness.argmax(1)
    assert sorted(order) == [0, 1] and likeness.max(1).min() > 0.97
    for kernel, true in enumerate(order):
        own = found.events[found.events[:, 1] == kernel][:, [0, 2]]
        assert matched_events(own, events[events[:, 1] == true][:, [0, 2]]) > 0.9
    assert found.r2 > 0.8
    shuffled = np.random.default_rng(1).permuted(events[:, [0, 2]], axis=0)
    assert matched_events(found.events[:, [0, 2]], shuffled) < 0.5


def test_noise_has_no_events_and_short_series_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(StudyError, match="stand out of the noise; 8 or more are needed"):
        deconvolved(0.05 * rng.standard_normal((TRIALS, TIME)), 2, LENGTH, rng)
    for wrong in (np.zeros((3, 30)), np.zeros(300), np.full((3, 100), np.nan)):
        with pytest.raises(StudyError, match="twice as long"):
            deconvolved(wrong, 2, LENGTH, rng)


def test_codes_are_the_solution_of_the_lasso():
    series, _ = planted(1)
    kernels = shapes()
    places = TIME - LENGTH + 1
    dictionary = np.zeros((2 * places, TIME))
    for row in range(2 * places):
        dictionary[row, row % places : row % places + LENGTH] = kernels[row // places]
    oracle = sparse_encode(series[:3], dictionary, algorithm="lasso_cd", alpha=0.4, positive=True, max_iter=20_000)
    ours = sparse_codes(torch.from_numpy(series[:3]), torch.from_numpy(kernels), 0.4, 2000)
    np.testing.assert_allclose(ours.numpy().reshape(3, -1), oracle, atol=5e-3)
    np.testing.assert_allclose(synthesis(ours, torch.from_numpy(kernels)).numpy(), oracle @ dictionary, atol=2e-3)


def test_the_score_of_events_by_hand():
    true = np.array([[0, 10], [0, 20], [1, 5]])
    assert matched_events(true, true) == 1
    assert matched_events(np.array([[0, 12], [0, 23]]), true) == pytest.approx(2 / 5)
    # Two that are found for one event are one hit.
    assert matched_events(np.array([[0, 9], [0, 11]]), true) == pytest.approx(2 / 5)
    assert matched_events(np.empty((0, 2)), true) == 0 and np.isnan(matched_events(np.empty((0, 2)), np.empty((0, 2))))
