"""Spikes predicted from features, time warping, and the recording that nitime ships."""

import builtins

import numpy as np
import pytest

from repdyn.alignment.grasshopper import MILLISECONDS, grasshopper
from repdyn.alignment.receptive_fields import circular_shifts, lagged, receptive_field
from repdyn.alignment.spikes import bits_per_spike, encoded, with_products
from repdyn.alignment.warping import warped_distance, warped_null
from repdyn.errors import StudyError

KERNEL = np.array([0, 0, 1.0, 0.5, -0.5, 0])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def neuron(answers, n: int = 6000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lags of a sound, spikes (n, 1), and their rate (n, 1)."""
    sound = rng(1).standard_normal(n)
    through = np.convolve(sound, KERNEL)[:n]
    rate = answers(through / through.std())
    rate *= 0.15 / rate.mean()
    return lagged(sound, len(KERNEL)), rng(2).poisson(rate).astype(float)[:, None], rate[:, None]


def test_the_rate_of_a_linear_nonlinear_neuron_is_found_and_shifted_spikes_are_not_predicted():
    lags, counts, rate = neuron(np.exp)
    found = encoded(lags, np.column_stack([counts, circular_shifts(counts[:, 0], rng(3), 4)]), 6, 2.0)
    reached = bits_per_spike(counts, rate, np.full(rate.shape, counts.mean()))[0]
    assert reached > 0.5 and found.bits[0] == pytest.approx(reached, rel=0.08)
    assert np.corrcoef(found.rate[:, 0], rate[:, 0])[0, 1] > 0.95
    assert found.accuracy[0] > 0.4 and np.abs(found.accuracy[1:]).max() < 0.1
    assert np.abs(found.bits[1:]).max() < 0.03


def test_features_that_say_nothing_predict_nothing_however_many():
    """Fitted to what they are judged on, so many would correlate by more than .2."""
    features, counts = rng(8).standard_normal((400, 60)), rng(9).poisson(0.3, (400, 4)).astype(float)
    found = encoded(features, counts, 5, 1.0)
    assert abs(found.accuracy.mean()) < 0.1 and abs(found.bits.mean()) < 0.05


def test_bits_per_spike_are_those_of_the_formula():
    """A rate of 2 or 0 for a mean of 1, right each time: every spike is twice as likely."""
    counts = np.array([[2.0], [0], [2], [0]])
    assert bits_per_spike(counts, counts, np.ones((4, 1))) == pytest.approx([1.0])
    assert bits_per_spike(counts, np.ones((4, 1)), np.ones((4, 1))) == pytest.approx([0.0])
    assert bits_per_spike(counts, np.full((4, 1), 2.0), np.ones((4, 1)))[0] < 0  # worse than the mean
    assert np.isnan(bits_per_spike(np.zeros((4, 1)), np.ones((4, 1)), np.ones((4, 1)))).all()


def test_products_of_lags_find_a_neuron_that_answers_to_squares_and_lags_do_not():
    lags, counts, _ = neuron(np.square)
    quadratic = encoded(with_products(lags, 6), counts, 6, 2.0)
    linear = encoded(lags, counts, 6, 2.0)
    assert quadratic.accuracy[0] > 0.4 and quadratic.accuracy[0] > 2 * abs(linear.accuracy[0])
    np.testing.assert_array_equal(with_products(np.array([[2.0, 3, 5]]), 2), [[2, 3, 5, 4, 6, 9]])


def slowly(a: np.ndarray, b: np.ndarray, reach: int) -> float:
    """Time warping cell by cell, as Sakoe and Chiba write it."""
    n, m = len(a), len(b)
    cost = np.full((n + 1, m + 1), np.inf)
    for i in range(n):
        for j in range(m):
            if i - j > reach + max(n - m, 0) or j - i > reach + max(m - n, 0):
                continue
            apart = (a[i] - b[j]) ** 2
            before = min(cost[i, j + 1] + apart, cost[i + 1, j] + apart, cost[i, j] + 2 * apart)
            cost[i + 1, j + 1] = before if i + j else 2 * apart
    return cost[n, m] / (n + m)


@pytest.mark.parametrize(("n", "m", "reach"), [(1, 1, 0), (9, 9, 0), (9, 9, 3), (12, 5, 1), (5, 12, 2), (1, 4, 0)])
def test_the_distance_is_that_of_the_slow_way(n, m, reach):
    a, b = rng(n).standard_normal(n), rng(m + 50).standard_normal(m)
    assert warped_distance(a, b, reach) == pytest.approx(slowly(a, b, reach), rel=1e-12)
    if n == m and not reach:
        assert warped_distance(a, b, 0) == pytest.approx(np.square(a - b).mean())


def test_a_stretched_copy_is_nearer_than_another_series_and_than_any_of_its_spectrum():
    from scipy.ndimage import gaussian_filter1d

    series, other = (gaussian_filter1d(rng(seed).standard_normal(200), 4)[50:150] for seed in (5, 6))
    times = np.linspace(0, 1, 100)
    late = np.interp(times - 0.05 * np.sin(np.pi * times), times, series)
    found = warped_distance(series, late, 8)
    assert found < 0.1 * np.square(series - late).mean() and found < 0.1 * warped_distance(series, other, 8)
    null = warped_null(series, late, 8, rng(), 30)
    assert found < null.min() and found < 0.1 * np.median(null)
    assert np.mean(warped_null(series, other, 8, rng(), 30) <= warped_distance(series, other, 8)) > 0.05


def test_the_grasshopper_is_as_its_files_say():
    for number, spikes in ((1, 929), (2, 868)):
        heard = grasshopper(number)
        assert heard.level.shape == heard.counts.shape == (MILLISECONDS,) and heard.counts.sum() == spikes
        assert 3 < heard.level.std() < 6  # dB: 6 of the sound itself, less of its means over milliseconds
    found = receptive_field(heard.level, heard.counts, 30)
    assert found.kernel.argmax() == 7 and found.accuracy > 0.1


def without_nitime(monkeypatch):
    whole = builtins.__import__

    def missing(name, *rest, **more):
        if name == "nitime":
            raise ImportError(name)
        return whole(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)


def test_what_has_no_answer_is_said(monkeypatch):
    def refused(said, call):
        with pytest.raises(StudyError, match=said):
            call()

    lags = np.ones((99, 2))
    refused("counts of spikes", lambda: encoded(lags, np.full((99, 1), 0.5), 2, 1.0))
    refused("counts of spikes", lambda: encoded(lags, np.full((99, 1), -1.0), 2, 1.0))
    refused("recording 3 is not there; 1 and 2 are", lambda: grasshopper(3))
    refused("two finite series", lambda: warped_distance(np.array([]), np.ones(3), 1))
    refused("not -1", lambda: warped_distance(np.ones(3), np.ones(3), -1))
    without_nitime(monkeypatch)
    refused("part of nitime, which is missing: `pip install nitime`", lambda: grasshopper(1))
