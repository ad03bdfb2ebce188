"""Two-way clusters: the variance is that of an independent formula, and intervals cover what they print."""

import numpy as np
import pytest
from scipy.stats import gamma, norm, t

from repdyn.statistics.clusters import two_way_variance

# The study's own design: 15 architectures, of which 8 on one set of four datasets and 7 on others.
FIRST = np.array(
    [*np.repeat(np.arange(8), 4), *np.repeat(np.arange(8, 11), 3), *np.repeat(np.arange(11, 14), 4), 14, 14]
)
SECOND = np.array([*np.tile([0, 1, 2, 3], 8), *np.tile([0, 1, 4], 3), *np.tile([0, 1, 4, 2], 3), 0, 2])


def anova(values: np.ndarray) -> float:
    """Variance of the mean of a full two-way table by its mean squares: (MS_rows + MS_columns - MS_rest) / n."""
    a, b = values.shape
    rows, columns = values.mean(axis=1), values.mean(axis=0)
    rest = values - rows[:, None] - columns + values.mean()
    between = b * rows.var(ddof=1), a * columns.var(ddof=1)
    return (sum(between) - np.square(rest).sum() / ((a - 1) * (b - 1))) / values.size


def test_of_a_full_table_the_variance_is_that_of_its_mean_squares():
    rng = np.random.default_rng(0)
    values = 3 * rng.standard_normal((40, 1)) + 3 * rng.standard_normal(30) + rng.standard_normal((40, 30))
    first, second = (place.ravel() for place in np.indices(values.shape))
    found, freedom = two_way_variance((values - values.mean()).ravel() / values.size, first, second)
    assert found == pytest.approx(anova(values), rel=0.05) and 29 < freedom < 70


def test_independent_experiments_have_the_variance_of_a_mean():
    influence = np.array([1.0, -1.0, 1.0, -1.0]) / 4
    variance, freedom = two_way_variance(influence, np.arange(4), np.array([0, 0, 1, 1]))
    assert variance == pytest.approx(np.var([1, -1, 1, -1], ddof=1) / 4) and freedom == 3


def test_too_few_experiments_have_no_variance():
    variance, freedom = two_way_variance(np.array([0.5, 0, 0]), *np.zeros((2, 3), int), np.array([True, False, False]))
    assert np.isnan(variance) and np.isnan(freedom)


def coverage(seeds: int, skewed: bool, shares: tuple[float, float], studies: int = 1000) -> float:
    """How often the 95 % interval of a mean of runs holds the truth; shares: what architectures and datasets share."""
    rng = np.random.default_rng(1)
    n, levels = len(FIRST), (np.arange(400) + 0.5) / 400
    between = np.sqrt(1 - sum(shares)) * rng.standard_normal((studies, n))
    for share, clusters in zip(shares, (FIRST, SECOND), strict=True):
        between += np.sqrt(share) * rng.standard_normal((studies, clusters.max() + 1))[:, clusters]
    runs = np.sqrt(0.5) * between[..., None] + np.sqrt(0.5) * rng.standard_normal((studies, n, seeds))
    rates = gamma.ppf(levels, 0.5) * 2 * 2  # mean 2, variance of rates twice the square of the mean
    values = rng.poisson(np.interp(norm.cdf(runs), levels, rates)) if skewed else runs
    truth = rates.mean() if skewed else 0.0
    mean = values.mean(axis=2)
    variance, freedom = two_way_variance((mean - mean.mean(axis=1, keepdims=True)) / n, FIRST, SECOND)
    middle, se = mean.mean(axis=1), np.sqrt(variance)
    away = np.log(middle / truth) * middle if skewed else middle - truth  # totals have intervals of their logarithm
    return (np.abs(away) <= t.ppf(0.975, freedom) * se).mean()


@pytest.mark.parametrize("seeds", [1, 5])
@pytest.mark.parametrize("shares", [(0.0, 0.0), (0.2, 0.2)])
def test_intervals_of_skewed_counts_cover_what_they_print(seeds, shares):
    found = coverage(seeds, True, shares)
    assert 0.93 <= found <= 0.985


def test_clusters_that_are_left_out_cost_coverage():
    everything = np.arange(len(FIRST))
    rng = np.random.default_rng(2)
    shared = rng.standard_normal((2000, 5))[:, SECOND] + rng.standard_normal((2000, len(FIRST)))
    influence = (shared - shared.mean(axis=1, keepdims=True)) / len(FIRST)
    for clusters, low, high in (((FIRST, SECOND), 0.92, 0.98), ((everything, everything), 0.0, 0.75)):
        variance, freedom = two_way_variance(influence, *clusters)
        assert low <= (np.abs(shared.mean(axis=1)) <= t.ppf(0.975, freedom) * np.sqrt(variance)).mean() <= high
