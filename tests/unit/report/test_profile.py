"""The table of CPU time adds up, and the floor stands beside it only where a benchmark was run."""

import numpy as np
import pandas as pd
import pytest

from repdyn.report.profile import floor_of, profile_rows

RUNS = pd.DataFrame(
    {"family": ["mlp", "mlp", "transformer"], "architecture": ["narrow", "wide", "deep"], "steps": [2000, 1000, 2000]}
)
TIMED = pd.DataFrame(
    {"network": ["narrow", "wide", "deep"], "steps": 2000, "floor": [10.0, 40.0, 100.0], "tracked": [11.0, 44.0, 130.0]}
)
COSTS = {"Training": {"mlp": 50.0, "transformer": 200.0}, "Phase 2": {"mlp": 5.0}}


def test_the_floor_is_summed_over_runs_with_their_steps():
    found = floor_of(RUNS, TIMED)
    assert found.loc["mlp"].tolist() == [10 + 20, 11 + 22]
    assert found.loc["transformer"].tolist() == [100, 130]


def test_a_family_with_a_network_that_was_not_timed_has_no_floor():
    found = floor_of(RUNS, TIMED[1:])
    assert np.isnan(found.loc["mlp", "floor"]) and found.loc["transformer", "floor"] == 100


def test_stages_by_family_and_their_sum():
    headings, rows = profile_rows(COSTS, None)
    assert headings == ["Stage", "MLP", "Transformer", "All"]
    assert rows == [["Training", "50.0 s", "3.3 min", "4.2 min"], ["Phase 2", "5.0 s", "0.0 s", "5.0 s"]]


def test_the_floor_and_the_ratio_stand_below():
    rows = profile_rows(COSTS, floor_of(RUNS, TIMED))[1]
    assert rows[2] == ["Floor of training (benchmark)", "30.0 s", "100.0 s", "2.2 min"]
    assert rows[3][1:] == ["1.10", "1.30", f"{163 / 130:.2f}"]
    unknown = profile_rows(COSTS, floor_of(RUNS, TIMED[1:]))[1]
    assert unknown[2][1:] == ["n/a", "100.0 s", "n/a"] and unknown[3][1:] == ["n/a", "1.30", "n/a"]


@pytest.mark.parametrize("costs", [{}, {"Training": {}}])
def test_nothing_known_is_an_empty_table(costs):
    headings, rows = profile_rows(costs, None)
    assert headings == ["Stage", "All"] and [row[1:] for row in rows] == [["0.0 s"]] * len(costs)
