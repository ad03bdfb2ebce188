"""Events in a series: a few kernels of a fixed length, shared by all trials, and when and how strongly each occurs.

Deconvolutional unrolled learning (DUNL): codes come from a fixed number of steps of sparse coding, through which kernels
are learnt, so that codes and kernels belong to one another (Tolooshams et al. 2025, Neuron 113, 1048).
"""

from typing import NamedTuple

import numpy as np
import torch
from torch.nn.functional import conv1d, conv_transpose1d

from repdyn.errors import StudyError
from repdyn.training.adam import Adam

PENALTY = 0.4  # on codes while kernels are learnt, where a typical event has code 1
LAST_PENALTY = 0.1  # when they are known: less is lost to shrinkage
ITERATIONS, LAST_ITERATIONS = 30, 300  # of sparse coding
UPDATES = 40  # of the kernels
RATE = 0.02
ONSET = 5.0  # deviations of the noise from which an event begins
FEWEST = 4  # onsets per kernel that a start needs
LEAST = 0.3  # code of an event, where a typical one has 1
NEAR = 2  # samples within which codes are one event, and an event counts as found


class Events(NamedTuple):
    """kernels (k, length) of norm 1; events (m, 4): trial, kernel, sample of its peak, strength; r2: share of the
    sum of squares of the series that they explain."""

    kernels: np.ndarray
    events: np.ndarray
    r2: float


def deconvolved(series: np.ndarray, count: int, length: int, rng: np.random.Generator) -> Events:
    """`count` kernels of `length` samples and their events in series (trials, T) whose rest is 0 plus noise.

    The start is k-means of snippets from the onsets on: from random kernels one of two is often not found. StudyError for
    a series that is too short, and where too few events stand out of the noise.
    """
    series = np.asarray(series, dtype=np.float64)
    if series.ndim != 2 or not np.isfinite(series).all() or not 2 <= length <= series.shape[1] // 2:
        raise StudyError(
            f"events of {length} samples take finite series (trials, T) twice as long, found {series.shape}"
        )
    snippets = _snippets(series, length, FEWEST * count)
    scale = np.median(np.linalg.norm(snippets, axis=1))
    seen = torch.from_numpy(series / scale)
    kernels = torch.nn.Parameter(torch.from_numpy(_start(snippets, count, rng)))
    optimizer = Adam([kernels], RATE)
    with torch.enable_grad():
        for update in range(UPDATES):
            optimizer.zero_grad()
            shapes = kernels / kernels.norm(dim=1, keepdim=True)
            ((seen - synthesis(sparse_codes(seen, shapes, PENALTY, ITERATIONS), shapes)) ** 2).mean().backward()
            optimizer.learning_rate = RATE * (1 - update / UPDATES)
            optimizer.step()
    with torch.no_grad():
        shapes = kernels / kernels.norm(dim=1, keepdim=True)
        codes = sparse_codes(seen, shapes, LAST_PENALTY, LAST_ITERATIONS)
        left = ((seen - synthesis(codes, shapes)) ** 2).sum() / (seen**2).sum()
    found = _merged(codes.numpy())
    found[:, 2] += np.abs(shapes.numpy()).argmax(1)[found[:, 1].astype(int)]
    found[:, 3] *= scale
    return Events(shapes.numpy(), found, float(1 - left))


def sparse_codes(series: torch.Tensor, kernels: torch.Tensor, penalty: float, iterations: int) -> torch.Tensor:
    """Codes (trials, k, T - length + 1), none negative, of series (trials, T) for kernels (k, length).

    Steps of FISTA (Beck & Teboulle 2009, SIAM J. Imaging Sci. 2, 183) towards the least of half the squared error plus
    penalty times the sum of the codes.
    """
    with torch.no_grad():
        steepest = torch.fft.rfft(kernels, 4 * kernels.shape[1]).abs().square().sum(0).max() * 1.05
    codes = ahead = torch.zeros(len(series), len(kernels), series.shape[1] - kernels.shape[1] + 1, dtype=series.dtype)
    momentum = 1.0
    for _ in range(iterations):
        rest = series - synthesis(ahead, kernels)
        new = torch.relu(ahead + (conv1d(rest[:, None], kernels[:, None]) - penalty) / steepest)
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = new + (momentum - 1) / following * (new - codes)
        codes, momentum = new, following
    return codes


def synthesis(codes: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    """The series (trials, T) of codes (trials, k, T - length + 1) and kernels (k, length)."""
    return conv_transpose1d(codes, kernels[:, None])[:, 0]


def matched_events(found: np.ndarray, true: np.ndarray) -> float:
    """F1 of events found (m, 2), trial and sample, for true ones (n, 2): each matches one within NEAR samples at most.

    NaN where there is neither.
    """
    if not len(found) + len(true):
        return np.nan
    hits = 0
    for trial in np.intersect1d(found[:, 0], true[:, 0]):
        times, free = np.sort(found[found[:, 0] == trial, 1]), np.sort(true[true[:, 0] == trial, 1])
        i = j = 0
        while i < len(times) and j < len(free):
            if abs(times[i] - free[j]) <= NEAR:
                hits, i, j = hits + 1, i + 1, j + 1
            elif times[i] < free[j]:
                i += 1
            else:
                j += 1
    return 2 * hits / (len(found) + len(true))


def _snippets(series: np.ndarray, length: int, fewest: int) -> np.ndarray:
    """What follows on onsets, where the series leaves the noise after a quiet time: (m, length)."""
    noise = np.median(np.abs(series)) / 0.6745
    loud = np.abs(series) > ONSET * noise
    quiet = max(length // 4, 1)
    before = np.pad(np.cumsum(loud, 1), ((0, 0), (quiet + 1, 0)))
    calm = before[:, quiet:-1] == before[:, : -quiet - 1]  # no loud sample in the `quiet` ones before
    trials, times = np.nonzero((loud & calm)[:, : series.shape[1] - length + 1])
    if len(times) < fewest:
        raise StudyError(f"{len(times)} events stand out of the noise; {fewest} or more are needed to learn kernels")
    # From the sample before, which the onset's threshold hides.
    times = np.maximum(times - 1, 0)
    return np.lib.stride_tricks.sliding_window_view(series, length, axis=1)[trials, times]


def _start(snippets: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    from sklearn.cluster import KMeans

    shapes = snippets / np.linalg.norm(snippets, axis=1, keepdims=True)
    centres = KMeans(count, n_init=5, random_state=int(rng.integers(2**31))).fit(shapes).cluster_centers_
    return centres / np.linalg.norm(centres, axis=1, keepdims=True)


def _merged(codes: np.ndarray) -> np.ndarray:
    """Events (m, 4) of codes (trials, k, S): codes at most NEAR samples apart are one, at their mean, with their sum."""
    events = []
    for trial, kernel in np.ndindex(codes.shape[:2]):
        times = np.nonzero(codes[trial, kernel])[0]
        for group in np.split(times, np.nonzero(np.diff(times) > NEAR)[0] + 1):
            strength = codes[trial, kernel, group]
            if strength.sum() >= LEAST:
                events.append((trial, kernel, strength @ group / strength.sum(), strength.sum()))
    return np.array(events, dtype=np.float64).reshape(-1, 4)
