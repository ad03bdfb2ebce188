"""What a series would look like without its correlations, or with those of its spectrum alone."""

import numpy as np

from repdyn.errors import StudyError

ITERATIONS = 100


def shuffled(x: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """The values of x (n,) in random order: (number, n). Keeps heavy tails, removes every correlation."""
    return rng.permuted(np.tile(x, (number, 1)), axis=1)


def amplitude_adjusted(x: np.ndarray, number: int, rng: np.random.Generator) -> np.ndarray:
    """Series (number, n) with the values of x (n,) and, nearly, its spectrum; what is not in these two is removed.

    Iterated amplitude adjustment: Schreiber & Schmitz 1996, Phys. Rev. Lett. 77:635. Ends with the values exact.
    Raises StudyError for a series that is not finite.
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 1 or len(x) < 4 or not np.isfinite(x).all():
        raise StudyError("surrogates need a finite series of at least 4 points")
    ordered, amplitude = np.sort(x), np.abs(np.fft.rfft(x))
    made = shuffled(x, number, rng)
    places = None
    for _ in range(ITERATIONS):
        phases = np.exp(1j * np.angle(np.fft.rfft(made, axis=1)))
        ranks = np.fft.irfft(amplitude * phases, len(x), axis=1).argsort(axis=1)
        if places is not None and np.array_equal(ranks, places):
            break
        places = ranks
        np.put_along_axis(made, ranks, ordered[None].repeat(number, axis=0), axis=1)
    return made
