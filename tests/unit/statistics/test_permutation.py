"""The permutation test of a rank correlation: exact by hand, like scipy's, and quiet on independent data."""

import numpy as np
import pytest
from scipy import stats

from repdyn.statistics.permutation import permuted_rank_correlations, rank_correlation_p


def test_exact_p_by_hand():
    assert rank_correlation_p(np.arange(4), np.array([1.0, 2, 3, 4]), None) == 2 / 24
    assert rank_correlation_p(np.arange(3), np.array([1.0, 3, 2]), None) == 1.0  # |rho| = 1/2 is the least of six


def test_random_orders_agree_with_scipy():
    rng = np.random.default_rng(0)
    x, y = np.arange(12), rng.permutation(12) + np.arange(12) / 2
    p = rank_correlation_p(x, y, rng, permutations=20_000)
    oracle = stats.permutation_test(
        (y,), lambda y: stats.spearmanr(x, y)[0], permutation_type="pairings", n_resamples=2000, rng=rng
    )
    assert p == pytest.approx(oracle.pvalue, abs=0.05)


def test_correlations_are_spearmans_and_centred():
    x, y = np.array([3.0, 1, 2, 5, 4, 4]), np.array([1.0, 1, 2, 8, 5, 3])
    drawn = permuted_rank_correlations(x, y, np.random.default_rng(0), 4000)
    possible = {round(stats.spearmanr(x, y[np.random.default_rng(s).permutation(6)])[0], 12) for s in range(200)}
    assert possible <= {round(rho, 12) for rho in drawn}
    assert abs(drawn.mean()) < 0.03 and np.abs(drawn).max() <= 1


def test_independent_data_reject_at_the_level():
    rng = np.random.default_rng(1)
    p = [rank_correlation_p(np.arange(10), rng.standard_normal(10), rng, permutations=199) for _ in range(400)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.03)
