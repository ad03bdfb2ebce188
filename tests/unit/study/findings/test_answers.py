"""The one rule of the word of an answer, and what is asked of whole runs."""

import numpy as np
import pandas as pd
import pytest

from repdyn.study.findings import accuracy, early, gradients, regrowth, variance
from repdyn.study.findings.answers import NOT_EVALUABLE, NOT_SHOWN, QUESTIONS, SHOWN, Answer, judge
from repdyn.study.findings.layers import LAYER, measure_run, sections_of
from repdyn.study.findings.study import answer_all

ANSWER = Answer("early", "s", "says", "unit", "layer", 5, 3, 3, 0.5, 0.2, 0.8, "null", 0.0, p=0.001)


def test_every_question_has_a_module():
    modules = (regrowth, early, gradients, variance, accuracy)
    assert list(QUESTIONS) == [module.FINDING for module in modules]


def test_shown_needs_q_and_an_interval_above_the_null():
    cases = {
        SHOWN: ANSWER,
        NOT_SHOWN: ANSWER._replace(p=0.4),
        "interval": ANSWER._replace(low=-0.1),
        NOT_EVALUABLE: ANSWER._replace(p=np.nan, why="one seed"),
        "no interval": ANSWER._replace(low=np.nan),
    }
    found = judge(list(cases.values()), 0.05)
    assert found["word"].tolist() == [SHOWN, NOT_SHOWN, NOT_SHOWN, NOT_EVALUABLE, NOT_EVALUABLE]
    assert found["why"].tolist() == ["", "", "", "one seed", "too little varies for an interval"]


def test_answers_are_corrected_together():
    found = judge([ANSWER._replace(p=0.03), *[ANSWER._replace(p=0.5)] * 4, ANSWER._replace(p=np.nan)], 0.05)
    assert found["q"][0] == pytest.approx(0.15) and found["word"][0] == NOT_SHOWN and np.isnan(found["q"][5])


def facts(experiment: str, seed: int = 0) -> dict:
    architecture, dataset = experiment.split("-")
    roles = {"hidden.0": "hidden", "hidden.1": "hidden", "hidden.2": "hidden", "output": "output"}
    about = {"experiment": experiment, "architecture": architecture, "dataset": dataset, "seed": seed}
    return about | {"family": "mlp", "steps": 500, "roles": roles, "test_accuracy": 0.9}


def trajectory(rng, steps: np.ndarray) -> pd.DataFrame:
    """Three layers and the logits: one that dips, one constant, one that falls."""
    t = np.arange(len(steps))
    dip = np.exp(np.interp(t, [0, 8, len(steps) - 1], [2, 0.5, 1.5]) + 0.01 * rng.standard_normal(len(steps)).cumsum())
    falling = np.exp(2 * np.exp(-t / 10) + 0.01 * rng.standard_normal(len(steps)).cumsum())
    columns = {"hidden.0": dip, "hidden.1": np.full(len(steps), 3.0), "hidden.2": falling, "output": dip}
    return pd.concat(
        pd.DataFrame({"step": steps, "layer": name, "depth": depth, "metric": values})
        for depth, (name, values) in enumerate(columns.items())
    )


def measured(rng, experiment: str, steps: np.ndarray):
    return measure_run(trajectory(rng, steps), rng.uniform(1, 2, len(steps)), facts(experiment), "metric", rng)


def test_a_run_is_measured_layer_by_layer_without_logits_and_constant_layers():
    found = measured(np.random.default_rng(0), "a-d", np.arange(0, 501, 5))
    assert found.layers.columns.tolist() == LAYER and found.layers["layer"].tolist() == ["hidden.0", "hidden.2"]
    dip, falling = found.layers.itertuples()
    assert dip.p <= 0.05 < falling.p and dip.interior and abs(dip.minimum_step - 40) <= 10
    assert dip.minimum == pytest.approx(dip.start * np.exp(-dip.fall)) and dip.third == 0 and falling.third == 2
    assert found.sections["step"].unique().tolist() == [0, 10, 50, 125, 500] and len(found.shifted)


def test_the_steps_asked_about_are_those_measured_nearest_each_once():
    assert sections_of(np.arange(0, 2001, 5), 2000) == [0, 2, 10, 40, 100, 400]
    assert sections_of(np.arange(0, 61, 5), 60) == [0, 1, 3, 12]


def test_short_runs_and_none_at_all_are_said_and_nothing_breaks():
    rng = np.random.default_rng(1)
    short = [measured(rng, name, np.arange(0, 61, 5)) for name in ("a-d", "a-e", "b-d")]
    found = answer_all(short, [facts(name) for name in ("a-d", "a-e", "b-d")], 0.05)
    assert set(found["finding"]) == set(QUESTIONS) and (found["word"] != SHOWN).all()
    assert "too few measurements per run" in set(found["why"])
    nothing = answer_all([], [], 0.05)
    assert set(nothing["word"]) == {NOT_EVALUABLE} and (nothing["why"] != "").all()


def test_equal_runs_give_equal_answers():
    twice = [
        answer_all([measured(np.random.default_rng(5), "a-d", np.arange(0, 501, 5))], [facts("a-d")], 0.05)
        for _ in range(2)
    ]
    pd.testing.assert_frame_equal(*twice)
