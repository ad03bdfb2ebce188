"""What the figure of filters holds: positions, counts and labels; never pixels of a picture."""

import numpy as np
import pandas as pd

from helpers.figure_cases import assert_readable, drawn, says
from helpers.moment_cases import GRID, JUMPS, NOTHING, PLACEBO
from repdyn.figures.run.filters.figure import filter_evolution, mosaic
from repdyn.figures.style import to_svg_bytes


def filters(steps, count=32) -> dict:
    rng = np.random.default_rng(0)
    maps = {f"filters/{step}": rng.normal(size=(count, 3, 3)) for step in steps}
    return {**maps, "attention/0/blocks.0.attention": np.zeros((1, 2, 2))}


def overlaps(steps) -> pd.DataFrame:
    """The second convolution first: it must not be taken for the first."""
    frames = [
        pd.DataFrame({"step": steps, "layer": layer, "quantity": quantity, "value": value, "null_mean": 0.25})
        for layer, quantity, value in (
            ("blocks.1.conv", "filter_overlap", 0.9),
            ("blocks.0.conv", "filter_overlap", 0.125),
            ("blocks.0.conv", "filter_change", 0.7),
        )
    ]
    turned = pd.DataFrame(
        {"step": steps[-1], "reference": steps, "layer": "blocks.0.conv", "quantity": "weight_cosine"}
    )
    return pd.concat([*frames, turned.assign(value=0.985), turned.assign(step=steps[0], value=0.1)], ignore_index=True)


def test_filters_have_a_row_per_step_and_a_column_each():
    steps = sorted([*GRID, 1590, 1610])
    maps = filters(steps)
    figure = filter_evolution(maps, JUMPS, overlaps(steps), "cnn_shallow-docstrings, seed 0")
    axes = figure.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [
        "step 0", "step 20", "step 100", "step 200", "step 1,000", "step 1,590, before", "step 1,610, after", "step 2,000",
    ]  # fmt: skip
    shown = axes.images[0].get_array()
    assert shown.shape == (8 * 4, 32 * 4)
    np.testing.assert_array_equal(shown[20:23, 8:11], maps["filters/1590"][2])
    low, high = axes.images[0].get_clim()
    assert -low == high == max(np.abs(maps[f"filters/{step}"]).max() for step in steps)
    assert [text.get_text() for text in axes.texts] == [
        "overlap (random)", "cosine with last", *["0.125 (0.25)", "0.985"] * 8
    ]  # fmt: skip
    left, right, bottom, top = axes.images[0].get_extent()
    centre = (np.array([1.5, 4 * 31 + 1.5]) / 128) * (right - left) + left
    np.testing.assert_allclose(centre, [0, 31])  # ticks stand in the middle of their filter
    np.testing.assert_allclose(top + (bottom - top) * 1.5 / 32, 0)
    assert_readable(figure)


def test_filters_without_a_jump_measurements_or_maps():
    figure = filter_evolution(filters(GRID, 4), PLACEBO)
    assert len(figure.axes[0].get_yticklabels()) == len(GRID) and not figure.axes[0].texts
    assert "no jump" in says(figure)
    assert_readable(figure)
    assert "No first-layer filters" in says(filter_evolution({}, PLACEBO, overlaps(GRID)))


def test_maps_of_a_run_that_diverged_are_drawn_as_gaps():
    weights = {f"filters/{step}": np.full((4, 3, 3), np.nan if step else 0.5) for step in GRID}
    assert filter_evolution(weights, NOTHING).axes[0].images[0].get_clim() == (-0.5, 0.5)
    drawn(filter_evolution({"filters/0": np.full((4, 3, 3), np.nan)}, NOTHING))


def test_mosaic_keeps_filters_apart():
    framed = mosaic(np.ones((2, 3, 3, 3)))
    assert framed.shape == (8, 12) and np.isfinite(framed).sum() == 54
    assert np.isnan(framed[3]).all() and np.isnan(framed[:, 3]).all()


def test_equal_data_give_equal_bytes():
    first, second = (to_svg_bytes(filter_evolution(filters(GRID, 4), NOTHING), dpi=60) for _ in range(2))
    assert first == second
