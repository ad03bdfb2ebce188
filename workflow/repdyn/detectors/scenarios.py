"""Series whose jumps are known: without any, of every kind that training curves show, and with planted steps."""

from collections.abc import Callable
from functools import partial

import numpy as np

LENGTH = 401  # measurements, as in a run of the study
BURN_IN = 100  # measurements before a stationary series begins
MARGIN = 20  # measurements at both ends in which no step is planted (but for `early step`)
SPACING = 40  # least distance of several planted steps
SEVERAL = (3.0, 5.0, 8.0, 12.0)  # sizes of the steps planted together

Generator = np.random.Generator


def white_noise(rng: Generator, n: int = LENGTH) -> np.ndarray:
    """Independent normal values of standard deviation 1: (n,)."""
    return rng.standard_normal(n)


def ar1_noise(rng: Generator, n: int = LENGTH, phi: float = 0.8) -> np.ndarray:
    """Stationary AR(1) of standard deviation 1: (n,)."""
    from scipy.signal import lfilter

    innovations = rng.standard_normal(n) * np.sqrt(1 - phi**2)
    innovations[0] = rng.standard_normal()
    return lfilter([1.0], [1.0, -phi], innovations)


def random_walk(rng: Generator, n: int = LENGTH) -> np.ndarray:
    """Sum of independent normal increments of standard deviation 1: (n,)."""
    return np.cumsum(rng.standard_normal(n))


def smooth_drift(rng: Generator, n: int = LENGTH, noise: float = 1.0) -> np.ndarray:
    """Half a period to two periods of a sine of amplitude 20, with white noise: (n,)."""
    angle = 2 * np.pi * (rng.uniform(0.5, 2) * np.arange(n) / n + rng.uniform())
    return 20 * np.sin(angle) + noise * rng.standard_normal(n)


def smooth_exponential(rng: Generator, n: int = LENGTH, noise: float = 1.0) -> np.ndarray:
    """100 exp(-t / tau), tau from 5 to 100 measurements (log-uniform), rising or falling, with white noise: (n,)."""
    tau = np.exp(rng.uniform(np.log(5), np.log(100)))
    return rng.choice([-1, 1]) * 100 * np.exp(-np.arange(n) / tau) + noise * rng.standard_normal(n)


def fast_exponential(rng: Generator, n: int = LENGTH) -> np.ndarray:
    """100 exp(-t) (a time constant of one measurement), rising or falling, with white noise of 0.01 to 1: (n,)."""
    noise = 10 ** rng.uniform(-2, 0)
    return rng.choice([-1, 1]) * 100 * np.exp(-np.arange(n)) + noise * rng.standard_normal(n)


def two_exponentials(rng: Generator, n: int = LENGTH) -> np.ndarray:
    """A fast one (time constant 1 to 5) and a slow one (20 to 100), of random signs, with white noise of 0.01 to 1: (n,)."""
    t, noise = np.arange(n), 10 ** rng.uniform(-2, 0)
    fast, slow = (np.exp(-t / np.exp(rng.uniform(*np.log(taus)))) for taus in ((1, 5), (20, 100)))
    return 100 * rng.choice([-1, 1]) * fast + 50 * rng.choice([-1, 1]) * slow + noise * rng.standard_normal(n)


def fast_sigmoid(rng: Generator, n: int = LENGTH) -> np.ndarray:
    """A logistic curve of height 100 and width 2 somewhere in the series, with white noise of 0.01 to 1: (n,)."""
    middle, noise = rng.uniform(1, n - MARGIN), 10 ** rng.uniform(-2, 0)
    return 100 / (1 + np.exp(-(np.arange(n) - middle) / 2)) + noise * rng.standard_normal(n)


def settling_noise(rng: Generator, n: int = LENGTH) -> np.ndarray:
    """White noise whose standard deviation falls as 1 / sqrt t: (n,)."""
    return rng.standard_normal(n) / np.sqrt(np.arange(1, n + 1))


def settling_walk(rng: Generator, n: int = LENGTH) -> np.ndarray:
    """Random walk whose increments shrink fiftyfold, exponentially with a time constant of 5 to 60 measurements: (n,)."""
    tau = np.exp(rng.uniform(np.log(5), np.log(60)))
    return np.cumsum(rng.standard_normal(n) * (0.02 + np.exp(-np.arange(n) / tau)))


def hyperbolic_walk(rng: Generator, n: int = LENGTH) -> np.ndarray:
    """Random walk whose increments shrink as 1 / t: (n,)."""
    return np.cumsum(rng.standard_normal(n) / np.arange(1, n + 1))


def rounded_walk(rng: Generator, n: int = LENGTH) -> np.ndarray:
    """Random walk rounded to a unit of 0.3 to 3 standard deviations of its increments: (n,)."""
    unit = np.exp(rng.uniform(np.log(0.3), np.log(3)))
    return unit * np.round(np.cumsum(rng.standard_normal(n)) / unit)


def heavy_walk(rng: Generator, n: int = LENGTH, freedom: float = 4.0) -> np.ndarray:
    """Random walk whose increments are Student t: its largest look like jumps: (n,)."""
    return np.cumsum(rng.standard_t(freedom, n))


def garch_walk(rng: Generator, n: int = LENGTH, shock: float = 0.1, memory: float = 0.85) -> np.ndarray:
    """Random walk (n,) whose increments have variance 1 - shock - memory + shock e'^2 + memory v', of the last (GARCH)."""
    z, e, variance = rng.standard_normal(n + BURN_IN), np.zeros(n + BURN_IN), 1.0
    for i in range(1, len(z)):
        variance = 1 - shock - memory + shock * e[i - 1] ** 2 + memory * variance
        e[i] = z[i] * np.sqrt(variance)
    return np.cumsum(e[BURN_IN:])


def ar2_noise(rng: Generator, n: int = LENGTH) -> np.ndarray:
    """Stationary AR(2), 1.2 and -0.5, of standard normal innovations: (n,)."""
    from scipy.signal import lfilter

    return lfilter([1.0], [1.0, -1.2, 0.5], rng.standard_normal(n + BURN_IN))[BURN_IN:]


def pink_noise(rng: Generator, n: int = LENGTH) -> np.ndarray:
    """Noise whose power falls as 1 / frequency: (n,)."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), n)


NULLS: dict[str, Callable] = {
    "white noise": white_noise,
    "AR(1) noise": ar1_noise,
    "AR(2) noise": ar2_noise,
    "1/f noise": pink_noise,
    "noise falling as 1/sqrt t": settling_noise,
    "random walk": random_walk,
    "random walk, settling": settling_walk,
    "random walk, falling as 1/t": hyperbolic_walk,
    "random walk, rounded": rounded_walk,
    "random walk, t with 4 df": heavy_walk,
    "random walk, t with 2.5 df": partial(heavy_walk, freedom=2.5),
    "random walk, ARCH": partial(garch_walk, shock=0.7, memory=0.0),
    "random walk, GARCH": garch_walk,
    "smooth drift": smooth_drift,
    "smooth drift, no noise": partial(smooth_drift, noise=0.0),
    "smooth exponential": smooth_exponential,
    "smooth exponential, little noise": partial(smooth_exponential, noise=0.01),
    "smooth exponential, no noise": partial(smooth_exponential, noise=0.0),
    "exponential of one measurement": fast_exponential,
    "two exponentials": two_exponentials,
    "logistic of two measurements": fast_sigmoid,
}
# What a step is planted in, and the autoregression of its level (1: a random walk).
STEPS: dict[str, tuple[Callable, float]] = {
    "step in white noise": (white_noise, 0.0),
    "step in AR(1) noise": (ar1_noise, 0.8),
    "step in random walk": (random_walk, 1.0),
}
EXTRA_STEPS: dict[str, Callable] = {
    "step on smooth drift": smooth_drift,
    "step on smooth exponential": smooth_exponential,
}
EXTRA_SIZE = 5.0


def innovation_scale(phi: float) -> float:
    """Standard deviation of the innovations of a level of standard deviation 1, or of a walk of unit increments."""
    return float(np.sqrt(1 - phi**2)) if phi < 1 else 1.0


def best_recall(size: float, phi: float, n: int = LENGTH, level: float = 0.05) -> float:
    """Power of the likelihood-ratio test of a step of `size` innovation standard deviations in the middle of (n,).

    For who knows the noise, an AR(1) with coefficient `phi` (1: a random walk), and estimates the level: the test of every
    place at familywise `level` (Bonferroni).
    """
    from scipy import special

    step, mean = np.zeros(n), np.full(n, 1 - phi)
    step[n // 2] = 1.0
    step[n // 2 + 1 :] = 1 - phi
    mean[0] = np.sqrt(1 - phi**2) if phi < 1 else 1.0
    if phi < 1:
        step = step - mean * (step @ mean) / (mean @ mean)
    z = special.ndtri(1 - level / (n - 1) / 2)
    return float(special.ndtr(size * np.sqrt(step @ step) - z))


def plant(values: np.ndarray, at: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """values (T,) with a level step of sizes (K,) after each index at (K,): the change at -> at + 1."""
    planted = np.array(values, dtype=np.float64)
    for before, size in zip(at, sizes, strict=True):
        planted[before + 1 :] += size
    return planted


def one_step(make: Callable, rng: Generator, size: float, low: int = MARGIN, high: int = LENGTH - MARGIN) -> tuple:
    """A series with one step of random sign at low <= index < high: values (T,), at (1,), sizes (1,)."""
    at = rng.integers(low, high, size=1)
    sizes = size * rng.choice([-1.0, 1.0], size=1)
    return plant(make(rng), at, sizes), at, sizes


def several_steps(rng: Generator) -> tuple:
    """White noise with steps of all SEVERAL sizes in random order, at least SPACING apart: as `one_step`, (4,)."""
    count = len(SEVERAL)
    free = LENGTH - 2 * MARGIN - (count - 1) * SPACING
    at = MARGIN + np.sort(rng.integers(free, size=count)) + SPACING * np.arange(count)
    sizes = rng.permutation(SEVERAL) * rng.choice([-1.0, 1.0], size=count)
    return plant(white_noise(rng), at, sizes), at, sizes


def streams(seed: int, scenario: str, draws: int) -> list[Generator]:
    """One generator per draw, of its scenario alone: adding a scenario or a detector changes no other draw."""
    return [np.random.default_rng(s) for s in np.random.SeedSequence([seed, *scenario.encode()]).spawn(draws)]
