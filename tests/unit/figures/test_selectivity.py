"""What the figure of selectivity of units holds: positions, counts and labels; never pixels of a picture."""

import numpy as np
import pandas as pd

from helpers.figure_cases import assert_readable, says
from helpers.moment_cases import GRID, PLACEBO, moment, plan, study
from repdyn.figures.study.selectivity.figure import selectivity_before_after, selectivity_changes
from repdyn.figures.style import FLAGGED_COLOUR


def unit_measurements(experiments) -> pd.DataFrame:
    """Four units, one dead: 0, 0.1, 0.2 above the null of 0.5 at the start, step / 1000 more later."""
    rows = []
    for run in experiments.itertuples():
        for step in sorted({*GRID, 15, 35, 55}):
            for unit, excess in enumerate((0.0, 0.1, 0.2, np.nan)):
                value = 0.5 + excess + step / 1000
                rows.append((run.experiment, step, "hidden.0", unit, "selectivity", value, 0.5))
                rows.append((run.experiment, step, "hidden.0", unit, "selectivity_auc", 99.0, 0.5))
    return pd.DataFrame(rows, columns=["experiment", "step", "layer", "unit", "quantity", "value", "null_mean"]).assign(
        seed=0
    )


ONE_JUMP = plan(moment(0, "jump", 25, layer="hidden.0", size=0.2), moment(0, "control", 45))
ALONE = plan(moment(0, "jump", 25, layer="hidden.0", size=0.2))


def test_selectivity_changes_are_means_over_living_units_above_their_null():
    experiments = study()[:3]
    frame = unit_measurements(experiments)
    late = (frame["experiment"] == "mlp_wide-digits") & (frame["step"] == 55) & (frame["layer"] == "hidden.0")
    frame.loc[late, "value"] += 0.3
    dies = (frame["experiment"] == "mlp_wide-docstrings") & (frame["step"] == 35) & (frame["unit"] == 2)
    frame.loc[dies, "value"] = np.nan  # the highest unit: the mean of the living falls, no living unit changes
    names = experiments["experiment"]
    moments = {(names[0], 0): ONE_JUMP, (names[1], 0): ALONE, (names[2], 0): PLACEBO}
    changes = selectivity_changes(frame, moments).set_index("experiment")
    np.testing.assert_allclose(changes["first"], 0.1)
    np.testing.assert_allclose(changes["last"], 2.1)
    np.testing.assert_allclose(changes[["low", "high"]], [[2.05, 2.15]] * 3)
    np.testing.assert_allclose(changes.loc[names, "jump_change"], [0.02, 0.02, np.nan])
    np.testing.assert_allclose(changes.loc[names, "control_change"], [0.32, np.nan, np.nan])


def test_selectivity_draws_a_lane_per_run_and_no_transformer():
    experiments = study()
    experiments.loc[0, "at_chance"] = True
    runs = experiments[:3]
    moments = {(name, 0): what for name, what in zip(runs["experiment"], (ONE_JUMP, ALONE, PLACEBO), strict=True)}
    figure = selectivity_before_after(unit_measurements(runs), experiments, moments)
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["mlp_wide", "cnn_deep"]
    assert left.get_yticks().tolist() == [0.5, 3]
    filled = [line for line in left.lines if len(line.get_xdata()) == 1 and line.get_markerfacecolor() != "white"]
    hollow = [line for line in left.lines if len(line.get_xdata()) == 1 and line.get_markerfacecolor() == "white"]
    assert [line.get_ydata()[0] for line in filled] == [0, 1, 3]
    np.testing.assert_allclose([line.get_xdata()[0] for line in filled], 2.1)
    np.testing.assert_allclose([line.get_xdata()[0] for line in hollow], 0.1)
    assert [line.get_color() == FLAGGED_COLOUR for line in filled] == [True, False, False]
    changes = [line for line in right.lines if len(line.get_xdata()) == 1 and line.get_markerfacecolor() != "white"]
    np.testing.assert_allclose([line.get_xdata()[0] for line in changes], [0.02, 0.02, np.nan])
    assert "1 run without a jump" in right.get_xlabel()
    assert_readable(figure)


def test_selectivity_without_measurements_says_so():
    experiments = study()
    empty = unit_measurements(experiments[:1])[:0]
    assert "No selectivity" in says(selectivity_before_after(empty, experiments, {}))
    assert "No selectivity" in says(selectivity_before_after(empty, experiments[3:], {}))
