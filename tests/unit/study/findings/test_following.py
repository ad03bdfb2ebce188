"""Changes that follow what drives them are found; two trends, or two series of their own, are not linked by that."""

import numpy as np
import pytest

from repdyn.study.findings.following import LEAST_SHIFT, following

T = np.arange(401)


def drive(rng) -> np.ndarray:
    """A gradient norm that falls, with noise of its own that has a memory."""
    noise = np.convolve(rng.standard_normal(len(T) + 4), [0.8, 0.4, 0.2, 0.1, 0.05], "valid")
    return 5 * np.exp(-T / 80 + 0.4 * noise) + 0.1


def test_a_planted_link_is_found():
    rng = np.random.default_rng(0)
    gradient = drive(rng)
    size = np.exp(-T / 60) * (gradient / np.exp(-T / 80)) + 0.01
    values = np.cumsum(size[:-1, None] * rng.standard_normal((400, 3)), axis=0)
    found, shifted = following(np.concatenate([np.zeros((1, 3)), values]), gradient)
    assert found.shape == (3,) and shifted.shape == (3, 400 - 2 * LEAST_SHIFT + 1)
    assert (found > 0.15).all() and (found[:, None] > shifted).mean() > 0.98


def test_that_both_fall_does_not_count():
    """The p of a run, of shifts, where changes and gradients settle each for itself."""
    rng = np.random.default_rng(1)
    p, means = [], []
    for _ in range(200):
        noise = np.exp(-T[:-1, None] / rng.uniform(20, 100)) + 0.02
        walk = np.cumsum(noise * rng.standard_normal((400, 2)), axis=0)
        values = 3 * np.exp(-T[:, None] / rng.uniform(5, 60)) + np.concatenate([np.zeros((1, 2)), walk])
        found, shifted = following(values, drive(rng))
        p.append((1 + (shifted.mean(axis=0) >= found.mean()).sum()) / (1 + shifted.shape[1]))
        means.append(found.mean())
    assert (np.array(p) <= 0.05).mean() <= 0.085
    assert np.mean(means) == pytest.approx(0, abs=3 * np.std(means) / np.sqrt(200))
    raw = np.corrcoef(noise[:, 0], drive(rng)[:-1])[0, 1]
    assert raw > 0.6  # what the two trends alone would give
