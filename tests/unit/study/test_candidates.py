"""Candidates for jumps of a run, and what every training step around them shows."""

import numpy as np
import pandas as pd
import pytest

from repdyn.study.candidates import find_candidates, steps_to_measure, verify

EVERY, TOTAL = 5, 2000
KEY = ("planted", 0)


def run(seed: int = 0) -> pd.DataFrame:
    """Every training step of two layers: a jump in `a` at step 503, a change of `b` over the steps 1000..1020."""
    rng = np.random.default_rng(seed)
    steps = np.arange(TOTAL + 1)
    noise = 0.05 * rng.standard_normal((len(steps), 2)).cumsum(axis=0)
    a = np.where(steps >= 503, 8.0, 0.0)
    b = 8 * np.clip((steps - 1000) / 5, 0, 1)
    values = 20 + noise + np.stack([a, b], axis=1)
    table = pd.DataFrame({"step": np.repeat(steps, 2), "layer": np.tile(["a", "b"], len(steps))})
    return table.assign(depth=np.tile([0, 1], len(steps)), stable_rank=values.ravel())


def found(every_step: pd.DataFrame) -> pd.DataFrame:
    measured = every_step[every_step["step"] % EVERY == 0]
    return find_candidates(measured, "stable_rank", KEY, TOTAL, 0.05, 299)


def test_both_are_candidates_and_the_discontinuity_alone_is_a_jump():
    every_step = run()
    candidates = found(every_step)
    assert candidates[["layer", "step"]].to_numpy().tolist() == [["a", 505], ["b", 1005]]
    measured = every_step[every_step["step"].isin(steps_to_measure(candidates, EVERY, TOTAL))]
    table = verify(candidates, measured, EVERY, TOTAL)
    assert table["jump"].tolist() == [True, False]
    assert table["single_step"].tolist()[0] == 503
    assert table["share"].to_numpy() == pytest.approx([1.0, 0.2], abs=0.06)
    assert table["single_change"].iloc[0] == pytest.approx(8, abs=0.3)


def test_the_change_is_the_observed_one():
    every_step = run()
    candidates = found(every_step)
    by_layer = every_step.set_index(["layer", "step"])["stable_rank"]
    for row in candidates.itertuples():
        change = by_layer[row.layer, row.step] - by_layer[row.layer, row.step - EVERY]
        assert row.change == pytest.approx(change) and row.magnitude == pytest.approx(abs(change))
        assert row.direction == "increase"
        assert row.size == pytest.approx(change, rel=0.2)


def test_only_the_steps_around_candidates_are_measured():
    candidates = pd.DataFrame({"step": [5, 1000, 1005, 2000]})
    steps = steps_to_measure(candidates, EVERY, TOTAL)
    assert steps == [*range(16), *range(985, 1016), *range(1985, 2001)]


@pytest.mark.parametrize("measurements", [1, 2, 3, 60, 401])
def test_without_candidates_the_table_has_the_same_columns(measurements):
    full = verify(found(run()), run(), EVERY, TOTAL)
    quiet = run()[lambda table: table["step"] < EVERY * measurements].assign(stable_rank=3.0)
    candidates = found(quiet)
    table = verify(candidates, quiet[:0], EVERY, TOTAL)
    assert table.empty and steps_to_measure(candidates, EVERY, TOTAL) == []
    assert (table.dtypes == full.dtypes).all() and list(table) == list(full)
