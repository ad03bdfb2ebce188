"""Components of variance: of a balanced table its mean squares, planted ones come back, and none is found in noise."""

import numpy as np
import pytest

from helpers.study_design import ARCHITECTURES, DATASETS, EXPERIMENTS
from repdyn.errors import StudyError
from repdyn.statistics.variance_components import component, components


def design(seeds: int) -> list[np.ndarray]:
    """Architecture, dataset, depth, experiment, architecture with depth and, with several seeds, runs: of three thirds per
    run, one architecture with two."""
    experiment = np.repeat(np.arange(EXPERIMENTS), seeds * 3)
    third = np.tile(np.arange(3), EXPERIMENTS * seeds)
    run = np.repeat(np.arange(EXPERIMENTS * seeds), 3)
    kept = ~((ARCHITECTURES[experiment] == 0) & (third == 1))
    experiment, third, run = experiment[kept], third[kept], run[kept]
    architecture = ARCHITECTURES[experiment]
    factors = [architecture, DATASETS[experiment], third, experiment, architecture * 3 + third]
    return [*factors, run] if seeds > 1 else factors


def draw(rng, factors: list[np.ndarray], variances: list[float]) -> np.ndarray:
    y = np.sqrt(variances[-1]) * rng.standard_normal(len(factors[0]))
    for variance, factor in zip(variances, factors, strict=False):
        y += np.sqrt(variance) * rng.standard_normal(factor.max() + 1)[factor]
    return y


def test_of_a_full_table_they_are_those_of_its_mean_squares():
    rng = np.random.default_rng(0)
    y = 2 * rng.standard_normal((6, 1)) + rng.standard_normal(5) + 0.5 * rng.standard_normal((6, 5))
    rows, columns = y.mean(axis=1), y.mean(axis=0)
    rest = np.square(y - rows[:, None] - columns + y.mean()).sum() / 20
    expected = [rows.var(ddof=1) - rest / 5, columns.var(ddof=1) - rest / 6, rest]
    assert components(y.ravel(), [place.ravel() for place in np.indices(y.shape)]) == pytest.approx(expected)


@pytest.mark.parametrize("seeds", [1, 3])
def test_planted_variances_come_back_without_bias(seeds):
    factors, planted = design(seeds), [0.5, 0.3, 0.2, 0.1, 0.1, 0.08][: 5 + (seeds > 1)] + [0.05]
    rng = np.random.default_rng(1)
    drawn = np.stack([draw(rng, factors, planted) for _ in range(2000)], axis=1)
    found = components(drawn, factors)
    assert np.abs(found.mean(axis=1) - planted).max() <= 4 * (found.std(axis=1) / np.sqrt(2000)).max()


@pytest.mark.parametrize(("seeds", "planted"), [(1, [0.5, 0.3, 0.2, 0.1, 0.1, 0.05]), (1, [0, 0, 0, 0.1, 0.1, 0.05])])
def test_intervals_hold_the_variance_of_architectures_datasets_and_depth(seeds, planted):
    factors, rng = design(seeds), np.random.default_rng(2)
    held, significant = np.zeros((2, 3))
    for _ in range(150):
        y = draw(rng, factors, planted)
        found = [component(y, factors, k, rng, draws=199) for k in range(3)]
        held += [each.low <= planted[k] <= each.high for k, each in enumerate(found)]
        significant += [each.p <= 0.05 for each in found]
    assert (held / 150 >= 0.88).all(), held / 150
    if not any(planted[:3]):
        assert (significant / 150 <= 0.11).all(), significant / 150
        assert significant.sum() / 450 <= 0.08
    else:
        assert (significant / 150 >= 0.7).all(), significant / 150


def test_what_seeds_share_over_depth_is_told_from_what_they_do_not():
    factors, rng = design(3), np.random.default_rng(3)
    p = {variance: [] for variance in (0.0, 0.05)}
    for variance, found in p.items():
        for _ in range(100):
            y = draw(rng, factors, [0.5, 0.3, 0.3, 0.1, 0.1, variance, 0.1])
            found.append(component(y, factors, 5, rng, draws=199).p)
    assert (np.array(p[0.0]) <= 0.05).mean() <= 0.11 and (np.array(p[0.05]) <= 0.05).mean() >= 0.95


def test_factors_that_cannot_be_told_apart_are_refused():
    factors = design(1)[:1] * 2
    with pytest.raises(StudyError, match="tell apart"):
        components(np.arange(len(factors[0]), dtype=float), factors)
