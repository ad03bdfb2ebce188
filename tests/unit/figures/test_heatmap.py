"""The heatmap of a run: layers, ranges, marks and text; never pixels of a picture."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from helpers.figure_cases import STEPS, drawn, legend_labels, overlapping, trajectory, transformer_layers
from repdyn.figures.run.heatmap.figure import layer_heatmap, scale_by_layer
from repdyn.figures.style import MISSING_COLOUR


def test_heatmap_has_a_row_per_layer_with_the_input_at_the_bottom():
    shuffled = trajectory(transformer_layers(1)).sample(frac=1, random_state=2)
    axes = layer_heatmap(shuffled).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["embedding", "block 0 attention", "block 0 feed-forward", "block 0 output", "logits"]
    assert axes.get_yticks().tolist() == [0, 1, 2, 3, 4]
    assert axes.get_ylim() == (-0.5, 4.5)  # upwards, so that row 0 is the lowest
    assert axes.images[0].get_array().shape == (5, len(STEPS))
    assert axes.images[0].origin == "lower"


def test_heatmap_colours_span_each_layers_own_range():
    frame = trajectory(["hidden.0", "hidden.1", "output"])
    image = layer_heatmap(frame).axes[0].images[0]
    shown = image.get_array()
    assert shown.min(axis=1).tolist() == [0, 0, 0]
    assert shown.max(axis=1).tolist() == [1, 1, 1]
    assert image.get_clim() == (0, 1)
    first = frame.loc[frame["layer"] == "hidden.0", "participation_ratio"].to_numpy()
    np.testing.assert_allclose(shown[0], (first - first.min()) / np.ptp(first))


def test_scale_keeps_gaps_and_leaves_out_constants():
    values = np.array([[1.0, 5.0, np.nan, np.inf], [3.0, 5.0, np.nan, 2.0], [2.0, 5.0 + 1e-12, np.nan, 4.0]])
    expected = np.array([[0, np.nan, np.nan, np.nan], [1, np.nan, np.nan, 0], [0.5, np.nan, np.nan, 1]])
    np.testing.assert_array_equal(scale_by_layer(values), expected)


def test_heatmap_prints_the_range_of_each_layer():
    frame = trajectory(["hidden.0", "output"])
    frame["participation_ratio"] = np.where(frame["layer"] == "output", np.nan, 2 + frame["step"] / 100)
    right = next(axes for axes in layer_heatmap(frame).axes if axes.yaxis.get_ticks_position() == "right")
    assert [label.get_text() for label in right.get_yticklabels()] == ["2 to 3", "no value"]


def test_stars_stand_at_the_stabilised_step_of_their_layer():
    layers = ["hidden.0", "hidden.1", "hidden.2", "output"]
    convergence = pd.DataFrame(
        {
            "layer": layers[::-1],
            "stabilised_step": [40.0, np.nan, 15.0, 0.0],
            "settled_step": [90.0, np.nan, 70.0, 35.0],
        }
    )
    axes = layer_heatmap(trajectory(layers), convergence=convergence).axes[0]
    stars, triangles = axes.collections[-2:]
    assert sorted(map(tuple, stars.get_offsets().tolist())) == [(0, 0), (15, 1), (40, 3)]
    assert sorted(map(tuple, triangles.get_offsets().tolist())) == [(35, 0), (70, 1), (90, 3)]


def test_heatmap_without_any_converged_layer_has_no_star():
    nothing = pd.DataFrame({"layer": ["hidden.0", "output"], "stabilised_step": [np.nan, np.nan]})
    figure = layer_heatmap(trajectory(["hidden.0", "output"]), convergence=nothing)
    assert legend_labels(figure) == []


def test_dead_layers_are_grey_and_hatched_where_they_are_dead():
    frame = trajectory(["hidden.0", "hidden.1", "output"])
    frame.loc[(frame["layer"] == "hidden.1") & frame["step"].between(30, 45), "participation_ratio"] = np.nan
    frame.loc[frame["layer"] == "output", "participation_ratio"] = 4.0
    figure = layer_heatmap(frame)
    axes = figure.axes[0]
    patches = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    places = [(patch.get_x(), patch.get_x() + patch.get_width(), patch.get_y()) for patch in patches]
    assert places == [(27.5, 47.5, 0.5), (-2.5, 102.5, 1.5)]
    assert {to_hex(patch.get_facecolor()).upper() for patch in patches} == {MISSING_COLOUR}
    assert all(patch.get_hatch() for patch in patches)
    assert axes.images[0].get_array().mask[1].sum() == 4
    assert "dead or constant" in legend_labels(figure)


def test_x_axis_is_steps_with_phase_above_up_to_the_planned_end():
    figure = layer_heatmap(trajectory(["hidden.0", "output"]), total_steps=200)
    axes = figure.axes[0]
    assert axes.get_xlim() == (-2.5, 202.5)
    assert axes.images[0].get_extent()[:2] == [-2.5, 102.5]
    drawn(figure)
    phase = axes.child_axes[0]
    np.testing.assert_allclose(phase.get_xlim(), (-2.5 / 200, 202.5 / 200))
    assert any("no measurement after step 100" in text.get_text() for text in axes.texts)
    complete = layer_heatmap(trajectory(["hidden.0", "output"]), total_steps=100).axes[0]
    assert not any("no measurement" in text.get_text() for text in complete.texts)


@pytest.mark.parametrize(
    "layers",
    [["output"], [f"hidden.{i}" for i in range(15)] + ["output"], [*transformer_layers(8), "extra"]],
    ids=["1", "16", "27"],
)
def test_heatmap_text_does_not_overlap(layers):
    figure = layer_heatmap(trajectory(layers), title="transformer_shallow-docstrings, seed 0", total_steps=2000)
    renderer = drawn(figure)
    axes = figure.axes[0]
    right = next(other for other in figure.axes if other.yaxis.get_ticks_position() == "right")
    above = axes.child_axes[0]
    labels = [*axes.get_yticklabels(), *axes.get_xticklabels(), *right.get_yticklabels(), *above.get_xticklabels()]
    labels += [axes.xaxis.label, above.xaxis.label, *right.texts, *figure.texts]
    assert len(axes.get_yticklabels()) == len(layers)
    assert overlapping(labels, renderer) == []
    whole = figure.bbox
    for label in labels:
        box = label.get_window_extent(renderer)
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= whole.x1 and box.y1 <= whole.y1, label.get_text()


def test_jumps_are_marked_on_the_row_of_their_layer():
    jumps = pd.DataFrame({"layer": ["hidden.1", "output"], "step": [40, 15]})
    figure = layer_heatmap(trajectory(["hidden.0", "hidden.1", "output"]), jumps=jumps)
    (bars,) = [found for found in figure.axes[0].collections if found.get_label() == "jump"]
    assert [segment.tolist() for segment in bars.get_segments()] == [[[40, 0.5], [40, 1.5]], [[15, 1.5], [15, 2.5]]]
    without = layer_heatmap(trajectory(["hidden.0", "output"]), jumps=jumps[:0])
    assert not [found for found in without.axes[0].collections if found.get_label() == "jump"]


def test_overlap_check_sees_an_overlap():
    figure = layer_heatmap(trajectory(["hidden.0", "hidden.1", "output"]))
    figure.axes[0].set_yticks([0, 0.1, 2], ["hidden 0", "hidden 1", "logits"])
    assert overlapping(figure.axes[0].get_yticklabels(), drawn(figure))
