"""The topology of what a layer makes of the examples: connected components and loops of it and of each class."""

import numpy as np
import pandas as pd

from repdyn.activations.addresses import named
from repdyn.geometry.neighbours import distinct, matched_gaussians
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.seeds import derive
from repdyn.toolkit.layers import clouds, looked_at
from repdyn.topology.bands import band, betti
from repdyn.topology.homology import diagrams, lengths, longest, total_persistence
from repdyn.topology.joins import joins
from repdyn.topology.landmarks import farthest_points, radius

LANDMARKS = 300  # points of a cloud that homology sees, at most: its cost grows with the cube
ROWS = 1000  # held-out examples, at most: the band takes the distances of all pairs
FEWEST = 30  # distinct rows below which nothing is said of a cloud
DRAWS = 99  # resamples for the band
GAUSSIANS = 19  # matched clouds: a bar longer than all of theirs is one of 20, 5 %
DIMENSIONS = (0, 1)
PART = 0.05  # share of the landmarks that a cluster has to have to be one: fewer are stragglers

# In units of the radius of the cloud but for counts; of both dimensions.
BARS = ("persistence_0", "persistence_1", "longest_0", "longest_1")
COUNTS = ("betti_0", "betti_1", "beyond_0", "beyond_1")
QUANTITIES = ("points", "band", *COUNTS, *BARS)


def measure(held_out: Subject, training: Subject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The input, the middle and the last hidden layer at the grid steps, of at most ROWS held-out examples.

    Layer "input" is the image, measured once; a text has none, its layer "embedding" stands for it. Channels and tokens
    are averaged, equal rows count once, lengths are in units of the root mean square distance to the mean.
    Vietoris-Rips homology of at most LANDMARKS rows, each the farthest from those before (de Silva & Carlsson 2004); _0
    counts connected components, _1 loops. Without unit: the cloud of all examples. Quantities with class_ before their
    name: unit i is the cloud of class i. NaN where a cloud has fewer than FEWEST distinct rows. `training` is not
    looked at. "Gaussian clouds": GAUSSIANS clouds of as many Gaussian points of the same covariance, landmarks chosen
    alike.

    - points, class_points [count]: distinct rows, of which at most LANDMARKS are taken.
    - band, class_band [root mean square distance]: length above which a bar is significant, `bands.band` of DRAWS
      resamples. Source: Fasy 2014.
    - betti_0, betti_1, class_betti_0, class_betti_1 [count]: bars longer than the band; _0 has one infinite bar.
      Source: Fasy 2014.
    - beyond_0, class_beyond_0 [count]: clusters of PART of the landmarks or more that join at a larger distance than any
      such of the Gaussian clouds do, a test at 5 % of one or more.
    - beyond_1, class_beyond_1 [count]: finite bars longer than every bar of the Gaussian clouds, a test at 5 % of one bar
      or more.
    - persistence_0, persistence_1, class_persistence_0, class_persistence_1 [root mean square distance]: summed length
      of the finite bars. Null: Gaussian clouds. Source: Edelsbrunner, Letscher & Zomorodian 2002.
    - longest_0, longest_1, class_longest_0, class_longest_1 [root mean square distance]: length of the longest finite
      bar. Null: Gaussian clouds.

    Maps: first_0, first_1, last_0, last_1: diagrams (k, 2) of the whole cloud of the last hidden layer at the first
    and the last step, where it is evaluable.
    """
    rows = _rows(held_out)
    labels = held_out.labels[rows]
    last = looked_at(held_out)[-1]
    ends = {held_out.grid[-1]: "last", held_out.grid[0]: "first"}
    entries, maps = [], {}
    for step, layer, x in clouds(held_out):
        x = x[rows]
        key = (*held_out.key, "topology", named(layer), step)
        values, null_mean, null_sd, found = _cloud(x, key)
        entries += [entry(step, layer, *each) for each in zip(QUANTITIES, values, null_mean, null_sd, strict=True)]
        if layer == last and step in ends:
            maps |= {f"{ends[step]}_{dimension}": bars for dimension, bars in enumerate(found)}
        of_classes = [_cloud(x[labels == label], (*key, label))[:3] for label in range(held_out.classes)]
        columns = zip(QUANTITIES, *np.array(of_classes).transpose(1, 2, 0), strict=True)
        entries += [entry(step, layer, f"class_{name}", *each) for name, *each in columns]
    return combine(entries), maps


def _rows(subject: Subject) -> np.ndarray:
    n = len(subject.labels)
    if n <= ROWS:
        return np.arange(n)
    rng = np.random.default_rng(derive(*subject.key, "topology rows"))
    return np.sort(rng.choice(n, ROWS, replace=False))


def _cloud(x: np.ndarray, key: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
    """Values of QUANTITIES, mean and deviation of their null, and the diagrams."""
    nothing = np.full(len(QUANTITIES), np.nan)
    x = x[distinct(x)].astype(np.float64) if len(x) > 1 and np.isfinite(x).all() else x[:0]
    if len(x) < FEWEST:
        values = nothing.copy()
        values[0] = len(x)
        return values, nothing, nothing, []
    x = (x - x.mean(0)) / radius(x)
    landmarks = farthest_points(x, min(LANDMARKS, len(x)))
    found = diagrams(x[landmarks], DIMENSIONS[-1])
    shortest = band(x, landmarks, DRAWS, np.random.default_rng(derive(*key, "band")))
    rng = np.random.default_rng(derive(*key, "gaussians"))
    clouds_of = [_landmarked(cloud) for cloud in matched_gaussians(x, GAUSSIANS, rng)]
    null = np.array([_bars(diagrams(cloud, DIMENSIONS[-1])) for cloud in clouds_of])
    counts = [betti(bars, shortest) for bars in found]
    latest = max(_joins(cloud).max(initial=0) for cloud in clouds_of)
    beyond = [int((_joins(x[landmarks]) > latest).sum()), int((_finite(found[1]) > null[:, -1].max()).sum())]
    values = np.array([len(x), shortest, *counts, *beyond, *_bars(found)])
    null_mean, null_sd = nothing.copy(), nothing.copy()
    null_mean[-len(BARS) :], null_sd[-len(BARS) :] = null.mean(0), null.std(0, ddof=1)
    return values, null_mean, null_sd, found


def _landmarked(x: np.ndarray) -> np.ndarray:
    return x[farthest_points(x, min(LANDMARKS, len(x)))]


def _joins(x: np.ndarray) -> np.ndarray:
    return joins(x, int(np.ceil(PART * len(x))))


def _bars(found: list[np.ndarray]) -> list[float]:
    """The values of BARS."""
    return [*map(total_persistence, found), *map(longest, found)]


def _finite(bars: np.ndarray) -> np.ndarray:
    length = lengths(bars)
    return length[np.isfinite(length)]
