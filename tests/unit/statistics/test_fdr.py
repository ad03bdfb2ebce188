"""Benjamini-Hochberg by hand, in exact fractions: p values of surrogates often reach the level exactly."""

from fractions import Fraction

import numpy as np
import pytest

from repdyn.errors import StudyError
from repdyn.statistics.fdr import benjamini_hochberg


def rejected(ranks: np.ndarray, of: int, level: Fraction) -> np.ndarray:
    """Step-up by definition for p = ranks / of: all up to the largest k with p_(k) <= level * k / n."""
    ordered = np.sort(ranks)
    n = len(ranks)
    passing = [int(p) for k, p in enumerate(ordered, start=1) if Fraction(int(p), of) <= level * k / n]
    return ranks <= max(passing, default=-1)


def test_decisions_at_the_level_are_those_of_exact_arithmetic():
    rng = np.random.default_rng(0)
    for of in (100, 300, 1000):
        for _ in range(300):
            ranks = rng.integers(1, max(3, of // 8), rng.integers(1, 20))
            found = benjamini_hochberg(ranks / of) <= 0.05
            assert (found == rejected(ranks, of, Fraction(1, 20))).all()


def test_benjamini_hochberg_leaves_out_what_was_not_tested():
    p = np.random.default_rng(0).random(40) ** 2
    with_gaps = np.insert(p, [0, 10], np.nan)
    assert benjamini_hochberg(with_gaps)[~np.isnan(with_gaps)] == pytest.approx(benjamini_hochberg(p))
    assert np.isnan(benjamini_hochberg(with_gaps)).sum() == 2
    assert benjamini_hochberg(np.array([])).size == 0
    for bad in ([1.2], [-0.1], [[0.5]]):
        with pytest.raises(StudyError, match="between 0 and 1"):
            benjamini_hochberg(np.array(bad))
