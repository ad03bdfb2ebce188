"""Estimates over runs: one estimator for any number of seeds, runs without events kept, contrasts, intervals that cover."""

import numpy as np
import pandas as pd
import pytest

from repdyn.audit import estimates
from repdyn.audit.estimates import COUNT, SHARE, difference, excess, percent, quotient, ratio, total


def study(seeds: int = 1, **columns) -> pd.DataFrame:
    """Four architectures on three datasets; columns are of the first seed's twelve runs, repeated."""
    rows = [(f"a{a}-d{d}", f"a{a}", f"d{d}") for a in range(4) for d in range(3)]
    table = pd.DataFrame(rows, columns=["experiment", "architecture", "dataset"]).assign(seed=0, one=1.0, **columns)
    return pd.concat([table.assign(seed=seed) for seed in range(seeds)], ignore_index=True)


def test_seeds_that_agree_change_nothing():
    jumps = np.array([0, 2, 0, 5, 1, 0, 3, 3, 0, 0, 1, 9.0])
    one, many = (total(study(seeds, jumps=jumps), "jumps") for seeds in (1, 7))
    assert one.value == many.value == 24 and many.runs == 84
    assert (one.low, one.high) == pytest.approx((many.low, many.high), rel=0.05) and one.low < 24 < one.high


def test_seeds_that_differ_narrow_the_interval():
    rng = np.random.default_rng(0)
    width = []
    for seeds in (1, 20):
        table = study(seeds).assign(x=lambda table: rng.standard_normal(len(table)))
        found = ratio(table, "x")
        width.append(found.high - found.low)
    assert width[1] < 0.5 * width[0]


def test_runs_without_events_count_as_runs():
    """A study whose seeds find 4 and 0 jumps has 2, not 4."""
    table = study(2, jumps=1.0)
    table.loc[table["seed"] == 1, "jumps"] = 0.0
    assert total(table, "jumps").value == 6 and total(table, "jumps").runs == 24
    early = percent(table.assign(early=table["jumps"]), "early", "jumps")
    assert early.value == 100 and early.runs == 12


def test_runs_that_were_not_evaluable_do_not_count():
    table = study(x=[np.nan, *range(11)])
    assert ratio(table, "x").value == 5 and ratio(table, "x").runs == 11


def test_a_share_of_all_or_none_is_not_certain():
    found = percent(study(early=2.0, jumps=2.0), "early", "jumps")
    assert found.value == 100 == found.high and 60 < found.low < 95
    none = percent(study(early=0.0, jumps=2.0), "early", "jumps")
    assert none.value == 0 == none.low and none.high == pytest.approx(100 - found.low)


def test_an_excess_may_be_negative():
    table = study(together=0.0, together_expected=0.4, jumps=1.0)
    assert excess(table, "together", "jumps", 100.0).value == pytest.approx(-40)
    assert excess(table, "together", "jumps", 100.0).low < -40


def test_contrasts_of_the_same_runs_know_that_they_are_the_same():
    rng = np.random.default_rng(1)
    table = study(a=100 * rng.standard_normal(12), b=0.0)
    table["b"] = table["a"] + 1 + 0.01 * rng.standard_normal(12)
    found = difference(ratio(table, "b"), ratio(table, "a"))
    assert found.value == pytest.approx(1, abs=0.01) and found.high - found.low < 0.1


def test_a_quotient_of_counts_bears_none():
    table = study(jumps=[0.0] * 6 + [3.0] * 6, layers=4.0)
    none, some = (ratio(table[rows], "jumps", "layers", kind=COUNT) for rows in (slice(0, 6), slice(6, 12)))
    found = quotient(none, some)
    assert 0 < found.value < 0.1 and found.low < found.value < found.high < 1
    same = quotient(some, ratio(table[6:], "jumps", "layers", kind=COUNT))
    assert same.value == pytest.approx(1) and same.low < 1 < same.high
    assert np.isnan(quotient(none, none)[:3]).all() and np.isnan(quotient(none, none).se)
    nothing = total(table[:6], "jumps")
    assert nothing.value == nothing.low == 0 and 0 < nothing.high < 30


def test_without_rows_or_events_there_is_no_number():
    for found in (percent(study(early=0.0, jumps=0.0), "early", "jumps"), ratio(study(x=1.0)[:0], "x")):
        assert np.isnan(found.value) and np.isnan(found.se) and found.runs == 0
    one = ratio(study(x=1.0)[:1], "x")
    assert one.value == 1 and np.isnan(one.low) and one.runs == 1


@pytest.mark.parametrize("number", [1, 5])
def test_intervals_of_totals_cover(number):
    """Counts twelve experiments long, skewed, of one and of five seeds."""
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(400):
        rate = 2 * rng.gamma(1.0, 1.0, 12)
        table = study(number)
        table["jumps"] = rng.poisson(np.tile(rate, number)).astype(float)
        found = total(table, "jumps")
        hits += found.low <= 24 <= found.high
    assert 0.92 <= hits / 400 <= 0.99


def test_every_estimate_can_be_computed_again_from_what_it_names():
    table = study(early=1.0, early_expected=np.arange(12) / 24, jumps=2.0)
    found = excess(table, "early", "jumps", 100.0, SHARE)
    (part,) = found.ratios
    again = part.unit * (part.rows["top"] - part.rows["expected"]).sum() / part.rows["bottom"].sum()
    assert again == pytest.approx(found.value) and list(part.rows) == estimates.ROW
