"""Series of known exponents: power-law noise, fractional noise and motion, a multiplicative cascade."""

import numpy as np

from repdyn.errors import StudyError


def power_law_noise(n: int, beta: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian series (n,) whose spectrum falls as f^-beta; its mean is 0 and its standard deviation 1.

    Independent normal real and imaginary parts at every frequency: Timmer & König 1995, Astron. Astrophys. 300:707.
    """
    if n < 4:
        raise StudyError(f"noise needs at least 4 points, asked for {n}")
    frequency = np.fft.rfftfreq(n)[1:]
    parts = rng.standard_normal((2, len(frequency)))
    spectrum = np.concatenate([[0], (parts[0] + 1j * parts[1]) * frequency ** (-beta / 2)])
    if n % 2 == 0:
        spectrum[-1] = spectrum[-1].real * np.sqrt(2)
    series = np.fft.irfft(spectrum, n)
    return series / series.std()


def fractional_noise(n: int, hurst: float, rng: np.random.Generator) -> np.ndarray:
    """Fractional Gaussian noise (n,) of unit variance, exact; its sum is fractional Brownian motion.

    hurst in (0, 1). By circulant embedding: Davies & Harte 1987, Biometrika 74:95.
    """
    if not 0 < hurst < 1:
        raise StudyError(f"the Hurst exponent of fractional noise lies between 0 and 1, found {hurst}")
    if n < 2:
        raise StudyError(f"noise needs at least 2 points, asked for {n}")
    lag = np.arange(n + 1, dtype=np.float64)
    covariance = 0.5 * ((lag + 1) ** (2 * hurst) - 2 * lag ** (2 * hurst) + np.abs(lag - 1) ** (2 * hurst))
    eigenvalues = np.fft.fft(np.concatenate([covariance, covariance[-2:0:-1]])).real
    parts = rng.standard_normal((2, 2 * n))
    return np.fft.fft(np.sqrt(np.maximum(eigenvalues, 0) / (2 * n)) * (parts[0] + 1j * parts[1])).real[:n]


def binomial_cascade(levels: int, share: float, rng: np.random.Generator | None = None) -> np.ndarray:
    """A mass of 1 split `levels` times, `share` of it to one half: (2^levels,). rng: draws which half; the left without.

    Its generalised exponents are known: `cascade_exponents`.
    """
    if not 0.5 < share < 1:
        raise StudyError(f"a cascade gives one half more than the other and not all: .5 < share < 1, found {share}")
    mass = np.ones(1)
    for _ in range(levels):
        left = np.full(len(mass), share)
        if rng is not None:
            left = np.where(rng.random(len(mass)) < 0.5, share, 1 - share)
        mass = np.stack([mass * left, mass * (1 - left)], axis=1).ravel()
    return mass


def cascade_exponents(q: np.ndarray, share: float) -> np.ndarray:
    """Generalised Hurst exponents h(q) of a binomial cascade, q not 0: Kantelhardt 2002, Physica A 316:87, equation 16."""
    q = np.asarray(q, dtype=np.float64)
    return 1 / q - np.log2(share**q + (1 - share) ** q) / q
