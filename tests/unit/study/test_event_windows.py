"""The plan of phase 2: which jumps become moments, what they are compared with, and what a run without jumps gets."""

import numpy as np
import pandas as pd
import pytest

from repdyn.errors import StudyError
from repdyn.study.event_windows import nearest_steps, plan, steps_of

MEASURED = np.arange(0, 2001, 5)
GRID = [0, 0.01, 0.1, 0.5, 1]
MOST = {"early": 2, "middle": 1, "late": 2}


def jumps(*rows):
    return pd.DataFrame(rows, columns=["layer", "step", "relative_magnitude"])


def planned(*rows, measured=MEASURED):
    return plan(jumps(*rows), measured, 2000, GRID, 10, MOST)


def spans(result, kind):
    return [(m["before"], m["at"], m["after"]) for m in result["moments"] if m["kind"] == kind]


def test_largest_jumps_of_each_period_are_taken_with_the_nearest_quiet_moment():
    result = planned(
        ("a", 50, 0.2), ("a", 100, 0.9), ("a", 150, 0.5), ("b", 400, 0.3), ("b", 800, 0.4), ("c", 1500, 0.1)
    )  # fmt: skip
    assert spans(result, "jump") == [(90, 100, 110), (140, 150, 160), (790, 800, 810), (1490, 1500, 1510)]
    assert [m["period"] for m in result["moments"] if m["kind"] == "jump"] == ["early", "early", "middle", "late"]
    # The nearest in log step: after the moment, where a step is a smaller ratio.
    assert spans(result, "control") == [(110, 120, 130), (160, 170, 180), (810, 820, 830), (1510, 1520, 1530)]
    assert spans(result, "placebo") == [] and result["note"] is None


def test_jumps_of_several_layers_at_one_time_are_one_moment_of_the_largest():
    result = planned(("a", 100, 0.3), ("b", 105, 0.9), ("c", 110, 0.5))
    assert spans(result, "jump") == [(95, 105, 115)]
    assert result["moments"][0]["layer"] == "b" and result["moments"][0]["relative_magnitude"] == 0.9


def test_a_control_holds_no_jump_of_any_layer_even_one_that_was_not_chosen():
    many = [("a", 100, 0.9)] + [("b", step, 0.1) for step in range(110, 181, 5)]
    result = planned(*many)
    quiet = spans(result, "control")
    intervals = [(step - 5, step) for _, step, _ in many]
    assert quiet and all(after <= start or end <= before for before, _, after in quiet for start, end in intervals)


def test_a_window_cut_by_the_start_has_a_control_of_the_same_shape():
    result = planned(("a", 5, 0.9))
    assert spans(result, "jump") == [(0, 5, 15)] and spans(result, "control") == [(15, 20, 30)]


def test_controls_keep_to_the_period_of_their_jump():
    result = planned(("a", 195, 0.9))
    (control,) = spans(result, "control")
    assert control == (165, 175, 185)


def test_a_control_is_never_cut_by_the_end():
    # Step 2000 is nearer, but half of its window lies beyond the run.
    assert spans(planned(("a", 1980, 0.9)), "control") == [(1950, 1960, 1970)]


def test_a_jump_without_a_quiet_moment_is_kept_and_said():
    result = planned(*[("a", step, 0.5) for step in range(5, 200, 5)])
    assert len(spans(result, "jump")) == 2 and spans(result, "control") == []
    assert result["note"] == "Chosen jumps without a moment of their period to compare with: 2."


def test_no_jump_keeps_the_grid_and_gets_a_placebo():
    result = planned()
    assert result["grid"] == [0, 20, 200, 1000, 2000]
    assert spans(result, "placebo") == [(0, 10, 20)] and spans(result, "placebo control") == [(20, 30, 40)]
    assert result["note"] == "No significant jump: only the fixed grid, and a placebo moment."
    assert steps_of(result) == [0, 10, 20, 30, 40, 200, 1000, 2000]


def test_a_late_jump_alone_leaves_the_placebo():
    result = planned(("a", 1500, 0.9))
    assert spans(result, "jump") == [(1490, 1500, 1510)] and spans(result, "placebo") == [(0, 10, 20)]


def test_a_run_that_stopped_is_planned_up_to_its_last_measurement():
    result = planned(("a", 300, 0.9), measured=MEASURED[:62])
    assert result["grid"] == [0, 20, 200, 305]
    assert spans(result, "jump") == [(290, 300, 305)]
    assert max(steps_of(result)) == 305


def test_a_run_with_one_measurement_is_looked_at_there():
    result = planned(measured=MEASURED[:1])
    assert steps_of(result) == [0] and "only initialisation" in result["note"]


def test_measurements_must_begin_at_step_0():
    with pytest.raises(StudyError, match="from step 0 on"):
        planned(measured=MEASURED[1:])


@pytest.mark.parametrize(("last", "found"), [(2000, [0, 100, 500, 2000]), (300, [0, 100, 300]), (0, [0])])
def test_phases_become_the_nearest_measured_steps(last, found):
    assert nearest_steps([0, 0.0499, 0.25, 1], np.arange(0, last + 1, 5), 2000) == found
