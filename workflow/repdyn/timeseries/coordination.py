"""Do layers change at the same time? Coincidences of their events against shifts of each layer."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError


class Coordination(NamedTuple):
    """Coincident pairs of events: observed, expected (mean of the null), their ratio, p (one-sided), layers used.

    NaN (layers: how many there were) if fewer than two layers have events.
    """

    observed: float
    expected: float
    ratio: float
    p: float
    layers: int


def coordination_test(
    events: np.ndarray, rng: np.random.Generator, surrogates: int = 1000, tolerance: int = 0, window: int | None = None
) -> Coordination:
    """Pairs of events of different layers at most `tolerance` measurements apart, against shifted layers.

    events: bool (T, L), jumps or critical steps; a layer without events (or not evaluable: all False) does
    not count. Each surrogate rotates every layer by its own random shift: as a whole by default, which keeps
    each layer's own clustering and destroys all alignment. With `window`, within each consecutive window of
    that many measurements (interval jitter, Amarasingham et al. 2012): what remains is coincidence finer than
    the window, and layers that are merely all active early are not coordinated by it.
    """
    events = np.asarray(events)
    if events.ndim != 2 or events.dtype != bool:
        raise StudyError(f"events must be bool (T, L), found {events.dtype} {events.shape}")
    n = len(events)
    if window is not None and not 2 * tolerance + 1 < window <= n:
        raise StudyError(f"window must exceed {2 * tolerance + 1} and be at most {n}, found {window}")
    events = events[:, events.any(axis=0)]
    layers = events.shape[1]
    if layers < 2:
        return Coordination(np.nan, np.nan, np.nan, np.nan, layers)
    first, second = np.triu_indices(layers, 1)
    counts = pair_counts(events, tolerance)[first, second]
    if window is None:
        shift = rng.integers(n, size=(surrogates, layers))
        null = counts[np.arange(len(first)), (shift[:, first] - shift[:, second]) % n].sum(axis=1)
    else:
        null = total_pairs(jitter(events, rng, surrogates, window), tolerance)
    observed, expected = counts[:, 0].sum(), null.mean()
    p = (1 + (null >= observed).sum()) / (1 + surrogates)
    ratio = observed / expected if expected > 0 else np.nan
    return Coordination(float(observed), float(expected), float(ratio), float(p), layers)


def jitter(events: np.ndarray, rng: np.random.Generator, surrogates: int, window: int) -> np.ndarray:
    """Each layer rotated within each window by a shift of its own: bool (T, L) -> bool (S, T, L).

    Exact where the rate of events is constant within a window, whatever it does from one window to the next.
    """
    n, layers = events.shape
    place = np.arange(n)
    start = place // window * window
    width = np.minimum(window, n - start)
    shift = rng.random((surrogates, int(np.ceil(n / window)), layers))
    shift = (shift[:, place // window] * width[:, None]).astype(np.int64)
    source = start[:, None] + ((place - start)[:, None] + shift) % width[:, None]
    return events[source, np.arange(layers)]


def total_pairs(events: np.ndarray, tolerance: int) -> np.ndarray:
    """Pairs of events of different layers at most `tolerance` apart (around the end too): (S, T, L) -> int (S,)."""
    active = events.sum(axis=2)
    pairs = (active * (active - 1)).sum(axis=1) // 2
    for lag in range(1, tolerance + 1):
        own = (events & np.roll(events, -lag, axis=1)).sum(axis=(1, 2))
        pairs = pairs + (active * np.roll(active, -lag, axis=1)).sum(axis=1) - own
    return pairs


def pair_counts(events: np.ndarray, tolerance: int = 0) -> np.ndarray:
    """Coincidences of every pair of layers under every circular shift: bool (T, L) -> int (L, L, T).

    [i, j, s]: events of i and j at most `tolerance` apart after layer i is shifted by s relative to j.
    """
    n = len(events)
    spectrum = np.fft.rfft(events.T.astype(np.float64))
    counts = np.fft.irfft(spectrum[:, None].conj() * spectrum, n)
    counts = np.rint(counts).astype(np.int64)
    return np.sum([np.roll(counts, lag, axis=2) for lag in range(-tolerance, tolerance + 1)], axis=0)
