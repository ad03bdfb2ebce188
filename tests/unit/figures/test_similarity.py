"""What the figure of similarity between steps holds: positions, counts and labels; never pixels of a picture."""

import itertools

import numpy as np
import pandas as pd
import pytest

from helpers.figure_cases import assert_readable, says, transformer_layers
from helpers.moment_cases import GRID, JUMPS
from repdyn.figures.run.similarity.figure import cell_edges, place_of, similarity_matrices, spread, step_matrix
from repdyn.figures.style import to_svg_bytes


def similarities(layers, steps=(0, 15, 25, 35, 100, 1590, 1600, 1610, 2000)) -> pd.DataFrame:
    """Pairs in one order only, with a missing value, and one above 1 as debiased CKA can be."""
    pairs = [(late, early) for early, late in itertools.combinations(steps, 2)]
    frame = pd.DataFrame([(*pair, layer) for layer in layers for pair in pairs], columns=["step", "reference", "layer"])
    frame["value"] = 1 - np.abs(frame["step"] - frame["reference"]) / 4000
    frame.loc[(frame["step"] == 15) & (frame["reference"] == 0), "value"] = np.nan
    frame.loc[(frame["step"] == 1600) & (frame["reference"] == 1590), "value"] = 1.02
    frame["reference"] = frame["reference"].astype("Int32")
    return frame.assign(quantity="cka").astype({"layer": "category", "quantity": "category"})


def test_step_matrix_is_symmetric_with_ones_on_its_diagonal():
    steps, matrix = step_matrix(similarities(["hidden.0"]))
    assert steps.tolist() == [0, 15, 25, 35, 100, 1590, 1600, 1610, 2000]
    np.testing.assert_array_equal(matrix, matrix.T)
    assert matrix.diagonal().tolist() == [1] * 9
    assert matrix[0, 8] == 0.5 and matrix[4, 2] == 1 - 75 / 4000
    assert np.argwhere(np.isnan(matrix)).tolist() == [[0, 1], [1, 0]]


def test_the_axis_is_true_to_the_steps():
    assert place_of([0, 15, 30]).tolist() == [0, 0.5, 1]
    assert place_of([30 * np.e, 30 * np.e**2]) == pytest.approx([2, 3])
    steps = np.array([0, 10, 20, 300])
    edges = cell_edges(steps)
    assert len(edges) == 5 and (edges[:-1] < place_of(steps)).all() and (place_of(steps) < edges[1:]).all()
    assert cell_edges(np.array([0])).tolist() == [-0.5, 0.5]


def test_spread_keeps_the_first_and_the_last_and_spaces_the_others_evenly():
    layers = [f"hidden.{i}" for i in range(15)]
    chosen = [layers.index(layer) for layer in spread(layers, 6)]
    assert chosen[0] == 0 and chosen[-1] == 14 and len(set(chosen)) == 6
    assert set(np.diff(chosen)) <= {2, 3}
    assert spread(layers[:4], 6) == layers[:4]


def test_similarity_panels_share_one_scale_and_are_spread_over_the_depth():
    layers = transformer_layers(6)
    figure = similarity_matrices(similarities(layers), layers[:-1], JUMPS, "transformer_deep-docstrings, seed 0")
    panels = [axes for axes in figure.axes if axes.collections and axes.get_title(loc="left")]
    titles = [axes.get_title(loc="left") for axes in panels]
    assert len(titles) == 6 and titles[0] == "embedding" and titles[-1] == "block 5 output" and "logits" not in titles
    assert {axes.collections[0].get_clim() for axes in panels} == {(0, 1)}
    assert "layers before the logits: 6 of 19" in says(figure)
    bars = [path.get_extents() for bars in panels[0].child_axes[0].collections for path in bars.get_paths()]
    assert (bars[0].x0, bars[0].x1) == pytest.approx(tuple(place_of([15, 35])))
    assert len(bars) == 4
    assert_readable(figure)


def test_similarity_of_many_steps_is_readable_and_labels_the_grid():
    steps = sorted({*GRID, *range(10, 330, 10), 1590, 1600, 1610})
    figure = similarity_matrices(similarities(["hidden.0", "hidden.1"], steps), ["hidden.0", "hidden.1"], JUMPS)
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert {"0", "100", "200", "2,000"} <= set(labels)
    assert "layers before the logits: all" in says(figure)
    assert_readable(figure)


def test_similarity_without_measurements_says_so():
    assert "No similarity" in says(similarity_matrices(similarities(["a"])[:0], ["a"], JUMPS))


def test_equal_data_give_equal_bytes():
    first, second = (
        to_svg_bytes(similarity_matrices(similarities(["hidden.0"]), ["hidden.0"], JUMPS), dpi=60) for _ in range(2)
    )
    assert first == second
