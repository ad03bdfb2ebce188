"""What the figure of attention maps holds: positions, counts and labels; never pixels of a picture."""

import numpy as np

from helpers.figure_cases import assert_readable, drawn, says
from helpers.moment_cases import JUMPS, NOTHING, PLACEBO
from repdyn.figures.run.attention.figure import attention_maps, change
from repdyn.figures.style import to_svg_bytes


def attention(layers: int, steps, heads=4, length=20) -> dict:
    uniform = np.full((heads, length, length), 1 / length, np.float32)
    maps = {f"attention/{step}/blocks.{i}.attention": uniform.copy() for step in steps for i in range(layers)}
    return {**maps, "filters/0": np.zeros((2, 3, 3))}


def test_attention_has_a_row_per_layer_and_a_column_per_head():
    maps = attention(6, (0, 1590, 1610))
    maps["attention/1610/blocks.2.attention"][1] = np.eye(20)
    figure = attention_maps(maps, JUMPS, "transformer_deep-docstrings, seed 0")
    cells = {axes.get_label(): axes for axes in figure.axes if axes.get_label().startswith("blocks")}
    assert len(cells) == 6 * 4
    changed = cells["blocks.2.attention, head 1"].images[0]
    np.testing.assert_allclose(changed.get_array().diagonal(), 19, rtol=1e-5)
    assert np.abs(cells["blocks.2.attention, head 0"].images[0].get_array()).max() < 1e-6
    assert len({axes.images[0].get_clim() for axes in cells.values()}) == 1
    rows = {round(axes.get_position().y0, 6) for axes in cells.values()}
    columns = {round(axes.get_position().x0, 6) for axes in cells.values()}
    assert len(rows) == 3 and len(columns) == 8
    assert [text for text in ("block 0 attention", "block 5 attention", "head 3") if text not in says(figure)] == []
    assert "step 1,590 to 1,610, across the largest jump (block 1 attention)" in says(figure)
    assert_readable(figure)


def test_attention_without_a_jump_compares_the_ends_and_without_maps_says_so():
    figure = attention_maps(attention(2, (0, 2000), length=16), PLACEBO)
    assert "step 0 to 2,000, over training; no jump" in says(figure)
    assert_readable(figure)
    assert "No attention map of this run at step 1590 or 1610" in says(attention_maps(attention(2, (0, 2000)), JUMPS))
    diverged = PLACEBO | {"grid": [0]}
    assert "looked at in step 0 only: no change" in says(attention_maps(attention(2, (0,)), diverged))


def test_change_is_in_multiples_of_uniform_attention():
    uniform = np.full((2, 8, 8), 1 / 8)
    assert change(uniform, uniform).tolist() == np.zeros((2, 8, 8)).tolist()
    np.testing.assert_allclose(np.unique(change(uniform[0], np.eye(8))), [-1, 7])


def test_attention_blocks_come_in_numerical_order_and_gaps_are_left_empty():
    maps = attention(11, (0, 2000), heads=1, length=4)
    maps["attention/0/blocks.3.attention"][:, 2] = np.nan
    figure = attention_maps(maps, NOTHING)
    names = [text.get_text() for text in figure.texts if text.get_text().endswith("attention")]
    assert names == [f"block {i} attention" for i in range(11)]
    gap = next(axes for axes in figure.axes if axes.get_label() == "blocks.3.attention, head 0")
    assert gap.images[0].get_array().mask.sum() == 4
    assert np.isfinite(gap.images[0].get_clim()).all()


def test_maps_of_a_run_that_diverged_are_drawn_as_gaps():
    lost = {name: np.full_like(found, np.nan) for name, found in attention(1, (0, 2000)).items()}
    drawn(attention_maps(lost, NOTHING))


def test_equal_data_give_equal_bytes():
    first, second = (to_svg_bytes(attention_maps(attention(1, (0, 2000), 1, 4), NOTHING), dpi=60) for _ in range(2))
    assert first == second
