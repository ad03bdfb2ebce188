"""The order in which layers settle: planted ones are found, and random ones have uniform p values."""

import numpy as np
import pytest
from scipy import stats

from helpers.series_cases import STEPS, rng, uniform
from repdyn.timeseries.convergence import convergence_order_test, convergence_pattern, settling_step


def test_staggered_exponentials_are_bottom_up_with_an_exact_p():
    scales = np.array([40.0, 80, 120, 160, 200])
    when = settling_step(STEPS, 1 + 10 * np.exp(-STEPS[:, None] / scales))
    rho, p = convergence_order_test(np.arange(5), when, rng(0))
    assert rho == pytest.approx(1.0)
    assert p == pytest.approx(2 / 120)  # two of 5! orders are as extreme
    assert convergence_pattern(rho, p) == "bottom-up"
    assert convergence_order_test(np.arange(4), when[:4], rng(0))[1] == pytest.approx(2 / 24)


def test_convergence_order_agrees_with_scipys_permutation_test():
    depth, when = np.arange(9), rng(3).permutation(np.array([1.0, 2, 2, 3, 4, 5, 5, 6, 9]))
    rho, p = convergence_order_test(depth, when, rng(0), permutations=20_000)
    oracle = stats.permutation_test(
        (when,),
        lambda y: stats.spearmanr(depth, y).statistic,
        permutation_type="pairings",
        n_resamples=2000,
        rng=rng(1),
    )
    assert rho == pytest.approx(oracle.statistic)
    assert p == pytest.approx(oracle.pvalue, abs=0.04)


def test_random_orders_have_uniform_p():
    p = []
    for seed in range(200):
        r = rng(seed, 3)
        when = r.random(12)
        p.append(convergence_order_test(np.arange(12), when, r, permutations=300)[1])
    assert uniform(p) > 0.01


def test_convergence_order_of_too_few_layers_is_not_evaluable():
    nan = np.nan
    for when in ([5.0, nan, nan, 10], [3.0, 3, 3, 3], [nan] * 4):
        assert np.isnan(convergence_order_test(np.arange(4), np.array(when), rng(0))).all()
