"""A dip is found where one was planted, and not in series that only fall, only rise, wander or are noisy."""

import numpy as np
import pytest

from repdyn.detectors.scenarios import LENGTH, ar1_noise, heavy_walk, random_walk, settling_walk, white_noise
from repdyn.study.findings.dips import dip_test

T = np.arange(LENGTH)
NULLS = {
    "walk": random_walk,
    "heavy-tailed walk": heavy_walk,
    "settling walk": settling_walk,
    "white noise": white_noise,
    "autoregressive noise": ar1_noise,
    "fall, then a walk": lambda rng: 100 * np.exp(-T / 30) + random_walk(rng),
    "fall at once, then a walk": lambda rng: 100 * np.exp(-T / 2) + random_walk(rng),
    "fall with white noise": lambda rng: 100 * np.exp(-T / 30) + white_noise(rng),
    "rise with a walk": lambda rng: -100 * np.exp(-T / 30) + random_walk(rng),
}


def share_found(make, draws: int = 100) -> float:
    rng = np.random.default_rng(0)
    return float(np.mean([dip_test(make(rng), rng, 99).p <= 0.05 for _ in range(draws)]))


@pytest.mark.parametrize("null", NULLS)
def test_series_without_a_dip_have_one_at_the_level_at_most(null):
    assert share_found(NULLS[null]) <= 0.1  # 0.05 and two standard errors of 100 draws


def test_a_planted_dip_is_found():
    dip = 80 * (T / 16) * np.exp(1 - T / 16)
    assert share_found(lambda rng: random_walk(rng) - dip, 60) >= 0.9


def test_what_is_found_is_where_it_was_planted():
    rng = np.random.default_rng(1)
    series = 0.01 * random_walk(rng) + np.interp(T, [0, 16, 100, 400], [2.2, 0.6, 1.4, 1.4])
    found = dip_test(series, rng)
    assert found.at == series.argmin() and abs(found.at - 16) <= 2 and found.p <= 0.01
    assert found.fall == pytest.approx(1.6, abs=0.1)
    assert found.rise == pytest.approx(series[-1] - series.min())
