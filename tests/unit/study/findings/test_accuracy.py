"""Accuracy and final dimension across seeds: planted, independent, and too few."""

import numpy as np
import pytest

from helpers.finding_cases import grid, spread
from repdyn.study.findings.accuracy import answers
from repdyn.study.findings.answers import NOT_EVALUABLE, SHOWN, judge


def runs(rng, link: float, seeds: int):
    """Experiments differ in both; seeds within them by linked normal numbers."""
    table = grid(seeds, 1)
    between = 5 * spread(table, rng, "experiment")
    first, second = rng.standard_normal((2, len(table)))
    return table.assign(dimension=between + first, test_accuracy=between + link * first + np.sqrt(1 - link**2) * second)


def test_a_planted_link_is_found():
    rng = np.random.default_rng(0)
    found = judge(answers(runs(rng, 0.5, 5), rng), 0.05).iloc[0]
    assert found["word"] == SHOWN and found["value"] == pytest.approx(0.45, abs=0.15)
    assert found["low"] < found["value"] < found["high"] and (found["runs"], found["experiments"]) == (275, 55)


def test_that_experiments_differ_in_both_does_not_count():
    rng = np.random.default_rng(1)
    p = [answers(runs(rng, 0.0, 3), rng)[0].p for _ in range(60)]
    assert (np.array(p) <= 0.05).mean() <= 0.12


@pytest.mark.parametrize(("seeds", "why"), [(1, "one seed"), (2, "fewer than 3 seeds")])
def test_fewer_than_three_seeds_are_not_evaluable(seeds, why):
    rng = np.random.default_rng(2)
    found = judge(answers(runs(rng, 0.5, seeds), rng), 0.05).iloc[0]
    assert found["word"] == NOT_EVALUABLE and found["why"] == why
    assert judge(answers(runs(rng, 0.5, 3)[:0], rng), 0.05).iloc[0]["word"] == NOT_EVALUABLE
