"""A planted decomposition of the final dimension comes back; with one seed, its component is not evaluable."""

import numpy as np
import pytest

from helpers.finding_cases import grid, sections, spread
from repdyn.study.findings.answers import NOT_EVALUABLE, NOT_SHOWN, SHOWN, judge
from repdyn.study.findings.variance import answers


def found(rng, seeds: int, architecture: float, dataset: float, depth: float, seed: float):
    """The answers where the levels of each factor have these standard deviations, and layers one of 0.3."""
    table = grid(seeds, 6)
    value = (
        architecture * spread(table, rng, "architecture")
        + dataset * spread(table, rng, "dataset")
        + depth * spread(table, rng, "third")
        + seed * spread(table, rng, "experiment", "seed")
        + 0.3 * rng.standard_normal(len(table))
    )
    return judge(answers(sections(table, {0: value, 2000: value}), table, rng), 0.05).set_index("subject")


def test_a_planted_decomposition_comes_back():
    rng = np.random.default_rng(0)
    draws = [found(rng, 3, 0.8, 0.5, 0.4, 0.3) for _ in range(8)]
    for name, planted in (("architecture", 0.8), ("dataset", 0.5), ("depth", 0.4), ("seed", 0.3)):
        squares = np.mean([draw.loc[name, "value"] ** 2 for draw in draws])
        assert np.sqrt(squares) == pytest.approx(planted, rel=0.3), name
        held = np.mean([draw.loc[name, "low"] <= planted <= draw.loc[name, "high"] for draw in draws])
        assert held >= 0.8, name
        assert np.mean([draw.loc[name, "word"] == SHOWN for draw in draws]) >= 0.7, name
    assert draws[0].loc["architecture", "more"].endswith(" % of the variance.")


def test_nothing_is_found_where_only_layers_differ():
    rng = np.random.default_rng(1)
    words = np.array([found(rng, 2, 0, 0, 0, 0)["word"] for _ in range(10)])
    assert (words == NOT_SHOWN).mean() >= 0.9


def test_one_seed_is_not_evaluable():
    one = found(np.random.default_rng(2), 1, 0.8, 0.5, 0.4, 0)
    assert one.loc["seed", "word"] == NOT_EVALUABLE and one.loc["seed", "why"] == "one seed"
    assert one.loc["architecture", "word"] == SHOWN
