"""A mean over experiments: seeds nested, clusters crossed, intervals with the coverage that they print."""

import numpy as np
import pandas as pd
import pytest

from helpers.study_design import ARCHITECTURES, DATASETS, EXPERIMENTS
from repdyn.statistics.two_way_mean import two_way_mean


def table(values: np.ndarray) -> pd.DataFrame:
    """A row per experiment and seed: values (experiments, seeds)."""
    experiments, seeds = values.shape
    place = np.repeat(np.arange(experiments), seeds)
    return pd.DataFrame(
        {
            "experiment": place,
            "architecture": ARCHITECTURES[place],
            "dataset": DATASETS[place],
            "seed": np.tile(np.arange(seeds), experiments),
            "value": values.ravel(),
        }
    )


def test_layers_count_within_runs_and_runs_within_experiments():
    one = table(np.array([[1.0, 3.0], [5.0, np.nan], [6.0, 6.0]]))
    more = pd.concat([one, one[:1]])  # a layer more of the first run
    found = two_way_mean(more, "value")
    assert found.value == pytest.approx((2 + 5 + 6) / 3) and (found.experiments, found.runs) == (3, 5)


def test_too_few_experiments_and_equal_ones_have_no_interval():
    assert np.isnan(two_way_mean(table(np.array([[1.0], [2.0]])), "value").low)
    assert np.isnan(two_way_mean(table(np.ones((5, 1))), "value").low)
    assert np.isnan(two_way_mean(table(np.full((5, 1), np.nan)), "value").value)


def test_a_share_of_none_has_an_interval_from_zero():
    found = two_way_mean(table(np.zeros((20, 1))), "value", least=0.05, share=True)
    assert found.low == 0 and 0.05 < found.high < 0.15 and found.p > 0.5


def test_intervals_hold_the_mean_and_p_is_a_p():
    rng = np.random.default_rng(0)
    held, small = 0, 0
    for _ in range(400):
        shared = 0.5 * rng.standard_normal(15)[ARCHITECTURES] + 0.3 * rng.standard_normal(5)[DATASETS]
        found = two_way_mean(table((shared + rng.standard_normal(EXPERIMENTS))[:, None]), "value")
        held += found.low <= 0 <= found.high
        small += found.p <= 0.05
    assert held >= 0.92 * 400 and small <= 0.075 * 400
