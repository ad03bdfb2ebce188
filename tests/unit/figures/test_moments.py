"""What the figure of moments of a run holds: positions, counts and labels; never pixels of a picture."""

import numpy as np
import pandas as pd
import pytest

from helpers.figure_cases import assert_readable, drawn, says, transformer_layers
from helpers.moment_cases import ALL_JUMPS, GRID, JUMPS, NO_JUMPS, NOTHING, PLACEBO, moment, plan, straight
from repdyn.figures.moments import compared_states, largest_jump
from repdyn.figures.run.moments.figure import moment_plan
from repdyn.figures.steps import step_axis
from repdyn.figures.style import to_svg_bytes


def test_readability_check_sees_an_overlap_and_a_cut():
    figure = moment_plan(straight(["hidden.0", "output"]), JUMPS, NO_JUMPS)
    extra = figure.text(0.5, 0.5, "one")
    figure.text(0.5, 0.5, "two")
    with pytest.raises(AssertionError, match="one"):
        assert_readable(figure)
    extra.set_position((0.999, 0.5))
    with pytest.raises(AssertionError, match="one"):
        assert_readable(figure)


def test_plan_shows_every_layer_and_every_window_where_it_lies():
    layers = transformer_layers(2)
    figure = moment_plan(straight(layers), JUMPS, ALL_JUMPS, title="a run")
    lines, rows = figure.axes[:2]
    drawn_layers = {line.get_label(): line for line in lines.lines if line.get_label() in layers}
    assert list(drawn_layers) == layers
    np.testing.assert_allclose(drawn_layers["blocks.0"].get_ydata()[[0, -1]], [4, 44])
    shaded = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in lines.patches]
    assert shaded == [(15, 35), (35, 55), (1590, 1610), (1610, 1630)]
    names = [label.get_text() for label in rows.get_yticklabels()]
    assert names == ["jump, early", "jump, late", "fixed grid"]
    grid = next(line for line in rows.lines if line.get_marker() == "|")
    assert grid.get_xdata().tolist() == GRID and set(grid.get_ydata()) == {2}
    table = [text.get_text() for text in rows.texts]
    assert table[3:] == ["25", "45", "block 0 output (0.20)", "1,600", "1,620", "block 1 attention (0.90)"]
    assert "no significant jump" not in says(figure)


def test_every_jump_is_marked_on_the_line_of_its_layer():
    layers = transformer_layers(2)
    figure = moment_plan(straight(layers), JUMPS, ALL_JUMPS)
    marks = next(line for line in figure.axes[0].lines if line.get_marker() == "v")
    depths = [layers.index(layer) for layer in ALL_JUMPS["layer"]]
    heights = [1 + depth + step / 50 for depth, step in zip(depths, ALL_JUMPS["step"], strict=True)]
    np.testing.assert_allclose(marks.get_xydata(), np.column_stack([ALL_JUMPS["step"], heights]))
    assert "jump of a layer" in says(figure)
    assert "jump of a layer" not in says(moment_plan(straight(layers), NOTHING, NO_JUMPS))


@pytest.mark.parametrize(
    ("moments", "ending"), [(PLACEBO, "fixed grid and placebo only"), (NOTHING, "fixed grid only")]
)
def test_plan_without_a_jump_says_so(moments, ending):
    figure = moment_plan(straight(["hidden.0", "hidden.1", "output"]), moments, NO_JUMPS, title="a run")
    assert f"no significant jump: {ending}" in says(figure)
    assert len(figure.axes[0].patches) == len(moments["moments"])
    assert_readable(figure)


def test_plan_of_a_run_in_which_a_layer_dies_or_nothing_was_measured():
    frame = straight(["hidden.0", "output"])
    frame.loc[(frame["layer"] == "hidden.0") & (frame["step"] > 50), "participation_ratio"] = np.nan
    line = moment_plan(frame, PLACEBO, NO_JUMPS).axes[0].lines[0]
    assert np.isfinite(line.get_ydata()).sum() == 11
    drawn(moment_plan(frame.assign(participation_ratio=np.nan), PLACEBO, NO_JUMPS))
    assert "No trajectory" in says(moment_plan(frame[:0], PLACEBO, NO_JUMPS))


@pytest.mark.parametrize("layers", [transformer_layers(6), [f"hidden.{i}" for i in range(15)] + ["output"], ["output"]])
def test_plan_is_readable(layers):
    five = [
        moment(i, kind, 30 + 40 * i, layer="blocks.5.feedforward", size=0.5) for i in range(5) for kind in ("jump",)
    ]
    jumps = pd.DataFrame({"layer": layers, "step": 100})
    title = "transformer_shallow-docstrings, seed 0"
    assert_readable(moment_plan(straight(layers), plan(*five), jumps, title=title))


def test_largest_jump_and_the_states_compared():
    assert largest_jump(JUMPS)["at"] == 1600 and largest_jump(PLACEBO) is None
    equal = plan(moment(0, "jump", 400, layer="output", size=0.3), moment(1, "jump", 90, layer="output", size=0.3))
    assert largest_jump(equal)["at"] == 90
    assert compared_states(JUMPS)[0] == {1590: "before", 1610: "after"}
    assert compared_states(PLACEBO) == ({0: "first", 2000: "last"}, None)


@pytest.mark.parametrize("total", [20, 200, 2000, 20000])
@pytest.mark.parametrize("width", [2.5, 7])
def test_step_axis_holds_the_run_and_labels_its_ends(total, width):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, 4))
    axes = figure.subplots(subplot_kw={"yticks": []})
    step_axis(axes, total)
    ticks = axes.get_xticks()
    assert ticks[0] == 0 and ticks[-1] == total and (np.diff(ticks) > 0).all()
    low, high = axes.get_xlim()
    assert low <= 0 and high >= total
    assert_readable(figure)


def test_equal_data_give_equal_bytes():
    first, second = (
        to_svg_bytes(moment_plan(straight(transformer_layers(2)), JUMPS, ALL_JUMPS), dpi=60) for _ in range(2)
    )
    assert first == second
