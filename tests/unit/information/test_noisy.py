"""Information under declared noise, the artefact of bins, closed forms, the bottleneck and the data-processing check."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import entropy as scipy_entropy
from scipy.stats import multivariate_normal, norm

from repdyn.errors import StudyError
from repdyn.information.bottleneck import bottleneck
from repdyn.information.closed_forms import linear_information, normal_divergence, normal_information, table_information
from repdyn.information.noisy import (
    binned_information,
    noisy_class_information,
    noisy_input_information,
    root_mean_square,
)
from repdyn.information.processing import largest_rise

LINEAR = np.array([[1.0, 0.5, 0.0], [0.0, -0.6, 0.8]])


def binary_entropy(p):
    return scipy_entropy([p, 1 - p])


def channel(p):
    return np.array([[1 - p, p], [p, 1 - p]]) / 2


def test_a_linear_network_has_the_information_of_the_formula_under_noise():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((800, 3)) @ LINEAR.T
    for sigma in (0.5, 1.0):
        found, error = noisy_input_information(rows, sigma, rng, 3)
        assert found == pytest.approx(linear_information(LINEAR, sigma), abs=4 * error + 0.02) and error < 0.05
    assert noisy_input_information(rows, 1e-4, rng, 1)[0] == pytest.approx(np.log(800), abs=0.01)


def test_the_information_of_few_rows_is_that_of_their_mixture():
    """Integrated on a grid instead of drawn."""
    rows = np.array([[-1.0], [-0.8], [1.0], [1.5]])
    grid = np.linspace(-6, 7, 20001)
    mixture = norm.pdf(grid[:, None], rows[:, 0], 0.5).mean(1)
    truth = np.trapezoid(-mixture * np.log(mixture), grid) - norm(0, 0.5).entropy()
    assert noisy_input_information(rows, 0.5, np.random.default_rng(0), 2000)[0] == pytest.approx(truth, abs=0.03)


def test_two_classes_have_the_integral_at_the_most():
    rng = np.random.default_rng(1)
    labels = np.arange(1000) % 2
    rows = 2.0 * labels[:, None] + rng.standard_normal((1000, 1))
    density = multivariate_normal(0, 1 + 0.3**2)
    grid = np.linspace(-8, 10, 20001)
    each = density.pdf(grid), density.pdf(grid - 2)
    mixed = sum(each) / 2
    truth = sum(0.5 * np.trapezoid(p * np.log(p / mixed), grid) for p in each)
    labellings = np.stack([labels, *(rng.permutation(labels) for _ in range(5))])
    found, error = noisy_class_information(rows, labellings, 0.3, rng)
    assert truth - 0.05 < found[0] < truth + 3 * error[0]
    assert (np.abs(found[1:]) < 0.02).all()
    far, _ = noisy_class_information(20.0 * labels[:, None] + rows, labellings[:1], 0.3, rng)
    assert np.log(2) - 0.05 < far[0] < np.log(2)


def test_little_noise_among_few_rows_in_many_dimensions_makes_no_class_of_nothing():
    """The nearest row alone would guess at random, and sure of itself."""
    rng = np.random.default_rng(2)
    labels = np.arange(300) % 3
    rows = rng.standard_normal((300, 8))
    found, _ = noisy_class_information(rows, labels[None], 0.1, rng)
    assert abs(found[0]) < 0.05
    found, _ = noisy_class_information(rows + 3 * np.eye(3, 8)[labels], labels[None], 0.1, rng)
    assert 0.6 < found[0] < np.log(3)


def test_bins_find_their_own_number_in_a_network_without_noise():
    rng = np.random.default_rng(2)
    rows = np.tanh(rng.standard_normal((1000, 5)) @ rng.standard_normal((5, 3)))
    found = [binned_information(rows, bins) for bins in (1, 3, 10, 30, 100, 300)]
    assert found[0] == 0 and np.all(np.diff(found) > 0) and found[-1] < np.log(1000) + 1e-9
    assert found[-1] > np.log(1000) - 0.1 and found[2] < found[-1] - 1
    codes = np.arange(12)[:, None] % 4 * np.ones(2)
    assert binned_information(codes, 4) == pytest.approx(np.log(4)) and binned_information(np.ones((9, 2)), 5) == 0
    assert root_mean_square(np.array([[1.0, 0], [-1, 0]])) == pytest.approx(np.sqrt(0.5))


def test_closed_forms_are_those_of_scipy_and_of_integrals():
    assert normal_divergence(0, 1, 1, 2) == pytest.approx(np.log(2) - 0.5 + 2 / 8)
    grid = np.linspace(-15, 15, 30001)
    p, q = norm.pdf(grid, 0.3, 0.7), norm.pdf(grid, -0.5, 1.4)
    assert normal_divergence(0.3, 0.7, -0.5, 1.4) == pytest.approx(np.trapezoid(p * np.log(p / q), grid), abs=1e-8)
    assert table_information(channel(0.1)) == pytest.approx(np.log(2) - binary_entropy(0.1))
    counts = np.random.default_rng(0).integers(0, 9, (4, 6))
    joint = counts / counts.sum()
    product = joint.sum(1)[:, None] * joint.sum(0)
    assert table_information(counts) == pytest.approx(scipy_entropy(joint.ravel(), product.ravel()))
    assert linear_information(np.array([[0.8]]), 0.6) == pytest.approx(normal_information(0.8))
    assert normal_information(0.8) == pytest.approx(0.511, abs=5e-4)


@pytest.mark.parametrize("beta", [1.2, 1.6, 2.0, 3.0, 6.0])
def test_the_bottleneck_of_a_noisy_bit_lies_on_the_curve_of_the_formula(beta):
    """Mrs Gerber's lemma: the best code of a fair bit is that bit with errors."""
    found = bottleneck(channel(0.1), beta, np.random.default_rng(0))
    if beta < 1 / (1 - 2 * 0.1) ** 2:
        assert found.kept == pytest.approx(0, abs=1e-6) and found.told == pytest.approx(0, abs=1e-6)
        return
    error = brentq(lambda q: np.log(2) - binary_entropy(q) - found.kept, 1e-9, 0.5)
    assert found.told == pytest.approx(np.log(2) - binary_entropy(0.9 * error + 0.1 * (1 - error)), abs=1e-6)
    known = {1.6: (0.0892, 0.0565), 2.0: (0.4827, 0.2823), 3.0: (0.6578, 0.3581), 6.0: (0.6928, 0.3680)}
    assert (found.kept, found.told) == pytest.approx(known[beta], abs=1e-4)


def test_the_bottleneck_keeps_what_tells_and_nothing_of_what_does_not():
    rng = np.random.default_rng(1)
    nothing = np.outer(rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(3)))
    found = bottleneck(nothing, 20, rng)
    assert found.kept == pytest.approx(0, abs=1e-6) and found.told == pytest.approx(0, abs=1e-9)
    # Of six values two and two and two say the same: three codes are enough.
    joint = np.repeat(np.array([[8, 1, 1], [1, 8, 1], [1, 1, 8]]), 2, axis=0)
    found = bottleneck(joint, 50, rng)
    assert found.told == pytest.approx(table_information(joint), abs=1e-3) and found.kept < np.log(3) + 1e-6
    kept = [bottleneck(joint, beta, rng).kept for beta in (1, 3, 5, 50)]
    assert np.all(np.diff(kept) > -1e-9)


def test_a_chain_does_not_rise_and_what_comes_in_from_aside_does():
    assert largest_rise(np.array([3.0, 2.0, 1.0]), np.full(3, 0.1)) < 0
    assert largest_rise(np.array([1.0, 0.5, 1.5]), np.array([0.3, 0.3, 0.4])) == pytest.approx(2)
    assert largest_rise(np.array([1.0, np.nan, 1.0]), np.zeros(3)) == 0
    assert np.isnan(largest_rise(np.array([1.0, np.nan]), np.zeros(2)))
    assert largest_rise(np.array([1.0, 0.5]), np.zeros(2)) == -np.inf


BAD = [
    (lambda: noisy_input_information(np.ones((4, 1)), 0, None), "noise above 0"),
    (lambda: noisy_class_information(np.ones((3, 1)), np.zeros((1, 3)), 1, None), "four or more"),
    (lambda: noisy_class_information(np.ones((4, 1)), np.zeros(4), 1, None), "need labellings"),
    (lambda: binned_information(np.ones(4), 3), "one bin"),
    (lambda: normal_information(1.0), "between -1 and 1"),
    (lambda: linear_information(LINEAR, 0), "noise above 0"),
    (lambda: normal_divergence(0, 0, 0, 1), "above 0"),
    (lambda: table_information(np.zeros((2, 2))), "not all 0"),
    (lambda: bottleneck(channel(0.1), -1, np.random.default_rng(0)), "beta of 0 or more"),
    (lambda: largest_rise(np.ones(3), np.ones(2)), "need errors"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(StudyError, match=message):
        call()
