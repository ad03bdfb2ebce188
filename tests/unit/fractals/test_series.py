"""Exponents of series whose exponents are known, beside slow and plain computations of the same."""

import numpy as np
import pytest

from repdyn.errors import StudyError
from repdyn.fractals.fluctuation import exponents, fluctuations, scales_of, scaling_exponent
from repdyn.fractals.multifractal import multifractal_width, singularities
from repdyn.fractals.noises import binomial_cascade, cascade_exponents, fractional_noise, power_law_noise
from repdyn.fractals.roughness import higuchi_dimension
from repdyn.fractals.spectra import spectral_exponent
from repdyn.fractals.surrogates import amplitude_adjusted, shuffled

N = 10_000


def plain_fluctuation(x, scale, q):
    """A piece after the other, numpy's own fit of a line."""
    profile = np.cumsum(x - x.mean())
    found = []
    for series in (profile, profile[::-1]):
        for start in range(0, len(series) - scale + 1, scale):
            piece, place = series[start : start + scale], np.arange(scale)
            found.append(np.mean((piece - np.polyval(np.polyfit(place, piece, 1), place)) ** 2))
    return np.exp(np.mean(np.log(found)) / 2) if q == 0 else np.mean(np.array(found) ** (q / 2)) ** (1 / q)


def plain_higuchi(x, largest):
    """The double sum of Higuchi 1988, equations 2 and 3."""
    n, lengths = len(x), []
    for k in range(1, largest + 1):
        curve = []
        for m in range(1, k + 1):
            steps = (n - m) // k
            total = sum(abs(x[m + i * k - 1] - x[m + (i - 1) * k - 1]) for i in range(1, steps + 1))
            curve.append(total * (n - 1) / (steps * k) / k)
        lengths.append(np.mean(curve))
    return -np.polyfit(np.log(np.arange(1, largest + 1)), np.log(lengths), 1)[0]


def test_higuchi_dimensions_of_curves_that_are_known():
    rng = np.random.default_rng(0)
    assert higuchi_dimension(rng.standard_normal(N)) == pytest.approx(2, abs=0.01)
    assert higuchi_dimension(rng.standard_normal(N).cumsum()) == pytest.approx(1.5, abs=0.03)
    assert higuchi_dimension(np.sin(np.arange(N) / 100)) == pytest.approx(1, abs=0.01)
    short = rng.standard_normal(200).cumsum()
    assert higuchi_dimension(short, 8) == pytest.approx(plain_higuchi(short, 8), abs=1e-12)
    assert higuchi_dimension(5 * short + 3, 8) == pytest.approx(higuchi_dimension(short, 8), abs=1e-12)


@pytest.mark.parametrize("beta", [0, 0.5, 1, 1.5, 2])
def test_the_exponent_of_a_spectrum_and_its_interval(beta):
    rng = np.random.default_rng(int(10 * beta))
    found = [spectral_exponent(power_law_noise(16_384, beta, rng), (0.002, 0.2), 2048) for _ in range(40)]
    assert np.mean([each.beta for each in found]) == pytest.approx(beta, abs=0.03)
    assert np.mean([each.low <= beta <= each.high for each in found]) >= 0.85


def test_a_walk_of_first_order_is_not_taken_for_white():
    rng = np.random.default_rng(0)
    from scipy.signal import lfilter

    found = spectral_exponent(lfilter([1], [1, -0.7], rng.standard_normal(16_384)), (0.002, 0.2), 2048)
    assert found.low > 0.3


@pytest.mark.parametrize("hurst", [0.3, 0.5, 0.7, 0.9])
def test_fractional_noise_has_its_exponent_and_its_variance(hurst):
    rng = np.random.default_rng(1)
    series = [fractional_noise(8192, hurst, rng) for _ in range(8)]
    found = [scaling_exponent(each, scales_of(8192, 16)) for each in series]
    assert np.mean(found) == pytest.approx(hurst, abs=0.03)
    assert np.mean(np.square(series)) == pytest.approx(1, abs=0.15)
    lag = np.mean([each[:-1] @ each[1:] / len(each) for each in series])
    assert lag == pytest.approx(2 ** (2 * hurst - 1) - 1, abs=0.08)
    assert np.mean([higuchi_dimension(each.cumsum()) for each in series]) == pytest.approx(2 - hurst, abs=0.04)


def test_fluctuations_are_those_of_a_plain_computation():
    x = np.random.default_rng(2).standard_normal(500).cumsum()
    scales, q = np.array([10, 25, 60]), np.array([-3.0, 0, 2, 4])
    found = fluctuations(x, scales, q)
    expected = [[plain_fluctuation(x, scale, each) for scale in scales] for each in q]
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_a_cascade_has_the_exponents_of_its_theory():
    q = np.array([-5.0, -3, -1, 1, 2, 3, 5])
    found = exponents(binomial_cascade(16, 0.75), 2 ** np.arange(8, 13), q)
    assert np.abs(found - cascade_exponents(q, 0.75)).max() < 0.02
    # Short scales see the steps of the cascade: the trap.
    short = exponents(binomial_cascade(14, 0.75), 2 ** np.arange(4, 11), q)
    assert np.abs(short - cascade_exponents(q, 0.75)).max() > 5 * np.abs(found - cascade_exponents(q, 0.75)).max()
    fine = np.linspace(-5, 5, 101)
    alpha, dimension = singularities(cascade_exponents(fine[fine != 0], 0.75), fine[fine != 0])
    assert dimension.max() == pytest.approx(1, abs=0.01)
    assert alpha.min() > -np.log2(0.75) - 0.01 and alpha.max() < -np.log2(0.25) + 0.01


def test_the_width_of_a_cascade_in_random_order_is_that_of_its_tail():
    rng = np.random.default_rng(0)
    scales = 2 ** np.arange(6, 11)
    cascade = multifractal_width(binomial_cascade(13, 0.75), scales, 10, rng)
    # Shuffled it is still wide: a heavy tail, not correlation. A test against shuffles alone would say otherwise.
    assert 0.2 < cascade.shuffled.mean() < cascade.width - 3 * cascade.shuffled.std()
    assert cascade.shuffled.mean() < cascade.adjusted.mean() < cascade.width
    white = multifractal_width(rng.standard_normal(2**13), scales, 10, rng)
    assert abs(white.width) < 0.2
    assert abs(white.width - white.adjusted.mean()) < 4 * white.adjusted.std()


def test_surrogates_keep_what_they_say():
    rng = np.random.default_rng(0)
    x = np.exp(power_law_noise(2000, 1, rng))
    mixed, adjusted = shuffled(x, 3, rng), amplitude_adjusted(x, 3, rng)
    for made in (mixed, adjusted):
        assert np.array_equal(np.sort(made, axis=1), np.tile(np.sort(x), (3, 1)))
    spectrum = np.abs(np.fft.rfft(x - x.mean()))[1:]
    for made, least in ((adjusted, 0.99), (mixed, -1)):
        kept = [np.corrcoef(spectrum, np.abs(np.fft.rfft(each - each.mean()))[1:])[0, 1] for each in made]
        assert min(kept) > least and (least > 0 or max(kept) < 0.5)
    assert not np.array_equal(adjusted[0], adjusted[1])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x: higuchi_dimension(x[:100]), "at least 160 points, found 100"),
        (lambda x: higuchi_dimension(np.ones(1000)), "that varies"),
        (lambda x: spectral_exponent(x, (0.002, 0.6), 128), "between 0 and 0.5"),
        (lambda x: spectral_exponent(x, (0.002, 0.2), 128), "do not resolve the band"),
        (lambda x: spectral_exponent(x[:200], (0.02, 0.2), 128), "longer series than 200"),
        (lambda x: scaling_exponent(x, np.array([10, 20, 400])), "a quarter of the 1000 points"),
        (lambda x: scales_of(200), "at least 240 points, found 200"),
        (lambda x: scaling_exponent(np.append(x, np.nan), np.array([10, 20, 40])), "finite"),
        (lambda x: fluctuations(np.repeat([0.0, 1.0], 500), np.array([10, 20, 40]), np.array([2.0])), "no fluctuation"),
        (lambda x: fractional_noise(10, 1.0, None), "between 0 and 1"),
        (lambda x: binomial_cascade(3, 0.5), "one half more than the other"),
        (lambda x: amplitude_adjusted(x[:3], 1, None), "at least 4 points"),
    ],
)
def test_what_cannot_be_measured_is_refused(call, said):
    with pytest.raises(StudyError, match=said):
        call(np.random.default_rng(0).standard_normal(1000))
