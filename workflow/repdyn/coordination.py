"""Do layers change at the same time? Coincidences of their events against shifts of each layer."""

from typing import NamedTuple

import numpy as np

from .errors import StudyError


class Coordination(NamedTuple):
    """Coincident pairs of events: observed, expected (mean of the null), their ratio, p (one-sided) and the layers that count.

    NaN (layers: how many there were) if fewer than two layers have events.
    """

    observed: float
    expected: float
    ratio: float
    p: float
    layers: int


def coordination_test(
    events: np.ndarray,
    rng: np.random.Generator,
    surrogates: int = 1000,
    tolerance: int = 0,
    max_shift: int | None = None,
) -> Coordination:
    """Pairs of events of different layers at most `tolerance` measurements apart, against shifted layers.

    events: bool (T, L), jumps or critical steps; a layer without events (or not evaluable: all False) does not count.
    Each surrogate rotates every layer by its own random shift: any shift by default, which keeps each layer's own
    clustering and destroys all alignment. With `max_shift`, only within +-max_shift measurements: what remains is
    coincidence finer than max_shift, and layers that are merely all active early are not coordinated by it.
    """
    events = np.asarray(events)
    if events.ndim != 2 or events.dtype != bool:
        raise StudyError(f"events must be bool (T, L), found {events.dtype} {events.shape}")
    n = len(events)
    if max_shift is not None and not 2 * tolerance < 2 * max_shift < n:
        raise StudyError(f"max_shift must exceed the tolerance and stay below {n / 2}, found {max_shift}")
    events = events[:, events.any(axis=0)]
    layers = events.shape[1]
    if layers < 2:
        return Coordination(np.nan, np.nan, np.nan, np.nan, layers)
    first, second = np.triu_indices(layers, 1)
    counts = pair_counts(events, tolerance)[first, second]
    if max_shift is None:
        shift = rng.integers(n, size=(surrogates, layers))
    else:
        shift = rng.integers(-max_shift, max_shift + 1, size=(surrogates, layers))
    relative = (shift[:, first] - shift[:, second]) % n
    null = counts[np.arange(len(first)), relative].sum(axis=1)
    observed, expected = counts[:, 0].sum(), null.mean()
    p = (1 + (null >= observed).sum()) / (1 + surrogates)
    ratio = observed / expected if expected > 0 else np.nan
    return Coordination(float(observed), float(expected), float(ratio), float(p), layers)


def pair_counts(events: np.ndarray, tolerance: int = 0) -> np.ndarray:
    """Coincidences of every pair of layers under every circular shift: bool (T, L) -> int (L, L, T).

    [i, j, s]: events of i and j at most `tolerance` apart after layer i is shifted by s relative to j.
    """
    n = len(events)
    spectrum = np.fft.rfft(events.T.astype(np.float64))
    counts = np.fft.irfft(spectrum[:, None].conj() * spectrum, n)
    counts = np.rint(counts).astype(np.int64)
    return sum(np.roll(counts, lag, axis=2) for lag in range(-tolerance, tolerance + 1))
