"""Series, spectra and graphs whose exponents are known."""

import networkx as nx
import numpy as np
import torch

from repdyn.calibration.trial import Trial, attempted
from repdyn.fractals.boxes import graph_dimension, pixel_dimension
from repdyn.fractals.branching import branching_ratio
from repdyn.fractals.eigenvalues import eigenvalue_exponent
from repdyn.fractals.fluctuation import exponents, scales_of, scaling_exponent
from repdyn.fractals.multifractal import multifractal_width
from repdyn.fractals.noises import binomial_cascade, cascade_exponents, fractional_noise, power_law_noise
from repdyn.fractals.prior import spectral_penalty
from repdyn.fractals.roughness import higuchi_dimension
from repdyn.fractals.spectra import spectral_exponent

POINTS, BAND, SEGMENT = 8192, (0.002, 0.2), 1024
FAR = 2 ** np.arange(8, 13)  # scales of a long cascade: short ones are shaped by the steps


def roughness(rng: np.random.Generator) -> Trial:
    motions = [fractional_noise(POINTS, 0.7, rng).cumsum() for _ in range(5)]
    return Trial(
        f"fractional Brownian motion, H = .7, {POINTS} points", "Higuchi's dimension", 1.3, 0.04,
        [higuchi_dimension(each) for each in motions],
        "white noise", 2, 0.01, [higuchi_dimension(rng.standard_normal(POINTS)) for _ in range(5)],
    )  # fmt: skip


def spectrum(rng: np.random.Generator) -> Trial:
    def found(beta):
        return spectral_exponent(power_law_noise(POINTS, beta, rng), BAND, SEGMENT).beta

    return Trial(
        f"noise whose spectrum falls as 1/f, {POINTS} points", "exponent of the spectrum", 1, 0.05,
        [found(1.0) for _ in range(5)], "white noise", 0, 0.05, [found(0.0) for _ in range(5)],
    )  # fmt: skip


def fluctuation(rng: np.random.Generator) -> Trial:
    scales = scales_of(POINTS, 16)
    long = [fractional_noise(POINTS, 0.9, rng) for _ in range(5)]
    return Trial(
        f"fractional noise, H = .9, {POINTS} points", "exponent of detrended fluctuations", 0.9, 0.04,
        [scaling_exponent(each, scales) for each in long],
        "the same in random order", 0.5, 0.03, [scaling_exponent(rng.permutation(each), scales) for each in long],
    )  # fmt: skip


def generalised(rng: np.random.Generator) -> Trial:
    q = np.array([-5.0])
    return Trial(
        "binomial cascade of 65,536 pieces, .75 to one half", "generalised exponent at q = -5",
        float(cascade_exponents(q, 0.75)[0]), 0.02, list(exponents(binomial_cascade(16, 0.75), FAR, q)),
        "white noise", 0.5, 0.05, list(exponents(rng.standard_normal(2**16), FAR, q)),
    )  # fmt: skip


def width(rng: np.random.Generator) -> Trial:
    cascade = binomial_cascade(14, 0.75)
    found = multifractal_width(cascade, 2 ** np.arange(8, 12), 5, rng)
    theory = cascade_exponents(np.array([-5.0, 5]), 0.75)
    quiet = [multifractal_width(rng.standard_normal(2**14), 2 ** np.arange(8, 12), 2, rng).width for _ in range(3)]
    return Trial(
        "binomial cascade of 16,384 pieces, .75 to one half", "width of the multifractal spectrum",
        float(theory[0] - theory[1]), 0.05, [found.width], "white noise", 0, 0.15, quiet,
    )  # fmt: skip


def pixels(rng: np.random.Generator) -> Trial:
    side = 3**5
    carpet = np.ones((1, 1), dtype=bool)
    hole = np.ones((3, 3), dtype=bool)
    hole[1, 1] = False
    for _ in range(5):
        carpet = np.kron(carpet, hole)
    sizes = 3 ** np.arange(5)
    line = np.zeros((side, side), dtype=bool)
    line[rng.integers(side)] = True
    return Trial(
        "Sierpinski's carpet", "box-counting dimension", np.log(8) / np.log(3), 1e-9, [pixel_dimension(carpet, sizes)],
        "a line", 1, 1e-9, [pixel_dimension(line, sizes)],
    )  # fmt: skip


def graph(_: np.random.Generator) -> Trial:
    return Trial(
        "flower of 172 nodes, each link replaced by two ways of two", "dimension of a graph", 2, 0.1,
        [graph_dimension(flower(4), np.array([3, 5, 9, 17]))],
        "a ring of 172 nodes", 1, 0.1, [graph_dimension(nx.cycle_graph(172), np.array([3, 5, 9, 17]))],
    )  # fmt: skip


def flower(generations: int) -> nx.Graph:
    """The (2, 2)-flower, of dimension 2: Rozenfeld, Havlin & ben-Avraham 2007, New J. Phys. 9:175."""
    made = nx.cycle_graph(4)
    for _ in range(generations - 1):
        grown, node = nx.Graph(), len(made)
        for a, b in made.edges:
            grown.add_edges_from([(a, node), (node, b), (a, node + 1), (node + 1, b)])
            node += 2
        made = grown
    return made


def branching(rng: np.random.Generator) -> Trial:
    return Trial(
        "branching activity, m = .9, of which a tenth is seen", "branching ratio", 0.9, 0.03,
        [branching_ratio(branched(0.9, 0.1, rng)).ratio for _ in range(3)],
        "independent events", np.nan, 0, [attempted(branching_ratio, rng.poisson(5, 20_000)) for _ in range(3)],
    )  # fmt: skip


def branched(ratio: float, seen: float, rng: np.random.Generator, bins: int = 20_000) -> np.ndarray:
    """Numbers of events (bins,): each causes `ratio` others on average in the next bin, 50 are active; a share is seen."""
    drive = 50 * (1 - ratio)
    activity = np.empty(bins, dtype=np.int64)
    now = 50
    for place in range(bins):
        now = rng.poisson(ratio * now + drive)
        activity[place] = now
    return rng.binomial(activity, seen)


def components(rng: np.random.Generator) -> Trial:
    def rows(alpha):
        turned = np.linalg.qr(rng.standard_normal((64, 64)))[0]
        return rng.standard_normal((512, 64)) * np.arange(1, 65) ** (-alpha / 2) @ turned

    return Trial(
        "512 rows whose variances fall as 1 / rank", "exponent of the variances", 1, 0.05,
        [eigenvalue_exponent(rows(1.0), (3, 32)) for _ in range(3)],
        "equal variances", 0, 0.25, [eigenvalue_exponent(rows(0.0), (3, 32)) for _ in range(3)],
    )  # fmt: skip


def prior(rng: np.random.Generator) -> Trial:
    def drawn_to(beta):
        series = torch.from_numpy(rng.standard_normal((4, 512))).requires_grad_()
        optimiser = torch.optim.Adam([series], 0.05)
        for _ in range(150):
            optimiser.zero_grad()
            spectral_penalty(series, beta, (0.01, 0.2)).backward()
            optimiser.step()
        return 1 - float(spectral_penalty(series.detach(), 1.0, (0.01, 0.2)).sqrt())

    return Trial(
        "white series drawn to a spectrum of 1/f", "exponent, one less its distance from 1", 1, 0.02, [drawn_to(1.0)],
        "drawn to a white spectrum", 0, 0.02, [drawn_to(0.0)],
    )  # fmt: skip
