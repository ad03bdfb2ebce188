"""Rank correlation within groups: Spearman's for one group, the planted one found, and no more than the level on a null."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from helpers.study_design import ARCHITECTURES, DATASETS, EXPERIMENTS
from repdyn.statistics.rank_correlation import (
    correlation,
    fisher_interval,
    ranks_within,
    share_as_large,
    under_one_order,
    under_own_orders,
)


def test_of_one_group_it_is_spearmans():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 30))
    found, influence = correlation(ranks_within(x, y, np.zeros(30)))
    assert found == pytest.approx(spearmanr(x, y).statistic)
    assert influence.sum() == pytest.approx(0, abs=1e-12)


def test_what_groups_differ_in_does_not_count_and_members_alone_are_left_out():
    group = np.array([0, 0, 0, 1, 1, 1, 2])
    x = np.array([1.0, 2, 3, 101, 102, 103, 7])
    ranks = ranks_within(x, np.array([3.0, 2, 1, 203, 202, 201, 7]), group)
    assert correlation(ranks)[0] == -1 and np.isnan(ranks.x[-1])
    assert np.isnan(correlation(ranks_within(x, np.zeros(7), group))[0])


def test_orders_trade_whole_members_and_the_first_is_as_observed():
    rng = np.random.default_rng(1)
    group, member = np.repeat(np.arange(6), 4), np.tile(np.arange(4), 6)
    ranks = ranks_within(*rng.standard_normal((2, 24)), group)
    drawn = under_one_order(ranks, group, member, rng)
    assert len(drawn) == 24 and drawn[0] == pytest.approx(correlation(ranks)[0])
    by_hand = np.corrcoef(ranks.x, ranks.y.reshape(6, 4)[:, [1, 0, 2, 3]].ravel())[0, 1]
    assert np.isclose(drawn, by_hand).any()
    own = under_own_orders(ranks, group, group // 2, member, rng, 500)
    assert own[0] == pytest.approx(drawn[0]) and abs(own[1:].mean()) < 0.05


def drawn_study(rng, of_datasets: float, link: float, layers: int = 6):
    """x, y of the layers of every experiment: what a dataset does to all architectures, and what a run does, correlated."""

    def pair(*shape):
        first, noise = rng.standard_normal((2, *shape))
        return np.stack([first, link * first + np.sqrt(1 - link**2) * noise])

    shared = np.sqrt(of_datasets) * pair(5)[:, DATASETS, None]
    own = np.sqrt(1 - of_datasets) * np.sqrt([0.7, 0.3])
    return shared + own[0] * pair(EXPERIMENTS, 1) + own[1] * pair(EXPERIMENTS, layers)


def of_a_study(rng, of_datasets: float, link: float) -> tuple[float, float, float, float]:
    """r, its interval and p of a drawn study."""
    x, y = drawn_study(rng, of_datasets, link).reshape(2, -1)
    experiment = np.repeat(np.arange(EXPERIMENTS), 6)
    group = ARCHITECTURES[experiment] * 6 + np.tile(np.arange(6), EXPERIMENTS)
    ranks = ranks_within(x, y, group)
    r, influence = correlation(ranks)
    low, high = fisher_interval(r, np.bincount(experiment, influence), ARCHITECTURES, DATASETS)
    return r, low, high, share_as_large(under_one_order(ranks, group, DATASETS[experiment], rng))


@pytest.mark.parametrize("of_datasets", [0.0, 0.5])
def test_where_nothing_links_them_at_most_the_level_is_significant(of_datasets):
    """Also where datasets act on all architectures alike: there are five of them, however many layers."""
    rng = np.random.default_rng(2)
    p = np.array([of_a_study(rng, of_datasets, 0.0)[3] for _ in range(200)])
    assert (p <= 0.05).mean() <= 0.08


def test_a_planted_link_is_found():
    rng = np.random.default_rng(3)
    found = np.array([of_a_study(rng, 0.3, 0.9) for _ in range(50)])
    assert (found[:, 3] <= 0.05).mean() >= 0.9 and (found[:, 1] > 0).mean() >= 0.9


def test_intervals_hold_the_correlation():
    """Of normal pairs of correlation rho the mean rank correlation of many groups of four, that of many large studies."""
    rng = np.random.default_rng(4)
    link = 0.6
    many = rng.standard_normal((2, 20_000, 4))
    many[1] = link * many[0] + np.sqrt(1 - link**2) * many[1]
    truth = correlation(ranks_within(*many.reshape(2, -1), np.repeat(np.arange(20_000), 4)))[0]
    assert 0.45 < truth < 6 / np.pi * np.arcsin(link / 2)  # of large groups
    found = np.array([of_a_study(rng, 0.0, link) for _ in range(120)])
    held = (found[:, 1] <= truth) & (truth <= found[:, 2])
    assert held.mean() >= 0.9


def test_traded_seeds_find_a_planted_link_and_stay_quiet_without():
    rng = np.random.default_rng(5)
    experiment, seed = np.repeat(np.arange(55), 3), np.tile(np.arange(3), 55)
    p = {0.0: [], 0.6: []}
    for link, found in p.items():
        for _ in range(100):
            x, noise = rng.standard_normal((2, 165))
            ranks = ranks_within(x, link * x + np.sqrt(1 - link**2) * noise, experiment)
            found.append(share_as_large(under_own_orders(ranks, experiment, experiment, seed, rng, 199)))
    assert (np.array(p[0.0]) <= 0.05).mean() <= 0.1 and (np.array(p[0.6]) <= 0.05).mean() >= 0.95
