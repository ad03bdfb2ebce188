"""What the figures of phase 2 hold: positions, counts and labels; never pixels of a picture."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from repdyn.figures.attention import attention_maps, relative
from repdyn.figures.filters import filter_evolution, mosaic
from repdyn.figures.hypotheses import hypothesis_forest
from repdyn.figures.moments import compared_states, largest_jump, moment_plan, step_axis
from repdyn.figures.selectivity import selectivity_before_after, selectivity_changes
from repdyn.figures.similarity import similarity_matrices, spread, step_matrix
from repdyn.figures.specialisation import mean_curves, specialisation_curves
from repdyn.figures.style import FLAGGED_COLOUR, dataset_styles, to_svg_bytes

GRID = [0, 20, 100, 200, 1000, 2000]


def moment(pair, kind, at, period="early", layer=None, size=None):
    return {
        "pair": pair,
        "kind": kind,
        "period": period,
        "before": at - 10,
        "at": at,
        "after": at + 10,
        "layer": layer,
        "relative_magnitude": size,
    }


def plan(*moments) -> dict:
    return {
        "experiment": "a",
        "seed": 0,
        "steps": 2000,
        "window": 10,
        "grid": GRID,
        "moments": list(moments),
        "note": None,
    }


# Every significant jump, more of them than moments.
ALL_JUMPS = pd.DataFrame(
    {"layer": ["blocks.0", "embedding", "blocks.1.attention"], "step": [25, 25, 1600], "metric": "participation_ratio"}
)
NO_JUMPS = ALL_JUMPS[:0]
JUMPS = plan(
    moment(0, "jump", 25, layer="blocks.0", size=0.2),
    moment(0, "control", 45),
    moment(1, "jump", 1600, "late", "blocks.1.attention", 0.9),
    moment(1, "control", 1620, "late"),
)
PLACEBO = plan(moment(0, "placebo", 10), moment(0, "placebo control", 30))
NOTHING = plan()


def transformer_layers(blocks: int) -> list[str]:
    inner = [f"blocks.{i}{part}" for i in range(blocks) for part in (".attention", ".feedforward", "")]
    return ["embedding", *inner, "output"]


def trajectory(layers: list[str]) -> pd.DataFrame:
    steps = np.arange(0, 2005, 5)
    depth = np.arange(len(layers))
    values = 1 + depth + steps[:, None] / 500
    return pd.DataFrame(
        {
            "step": np.repeat(steps, len(layers)),
            "layer": np.tile(layers, len(steps)),
            "depth": np.tile(depth, len(steps)),
            "participation_ratio": values.ravel(),
        }
    )


def study() -> pd.DataFrame:
    """Six runs of four architectures; the last stayed at chance."""
    rows = [
        ("mlp_wide", "mlp", "digits"),
        ("mlp_wide", "mlp", "docstrings"),
        ("cnn_deep", "cnn", "photos"),
        ("transformer_deep", "transformer", "digits"),
        ("transformer_deep", "transformer", "docstrings"),
        ("transformer_narrow", "transformer", "digits"),
    ]
    frame = pd.DataFrame(rows, columns=["architecture", "family", "dataset"])
    frame["experiment"] = frame["architecture"] + "-" + frame["dataset"]
    return frame.assign(seed=0, steps=2000, diverged_at=np.nan, at_chance=[False] * 5 + [True])


def drawn(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas.get_renderer()


def visible_texts(figure) -> list:
    """All texts of a figure that are drawn, tick labels outside the view left out."""
    texts = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    panels = [*figure.axes, *(child for axes in figure.axes for child in axes.child_axes)]
    for axes in panels:
        if not axes.axison:
            continue
        texts += [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            for tick in axis.get_major_ticks():
                if min(limits) <= tick.get_loc() <= max(limits):
                    texts += [label for label in (tick.label1, tick.label2) if label.get_visible()]
    return [text for text in texts if text.get_text() and text.get_visible()]


def assert_readable(figure) -> None:
    """No text over another, none cut off by the edge."""
    renderer = drawn(figure)
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in visible_texts(figure)]
    assert [(a, b) for (a, first), (b, second) in itertools.combinations(boxes, 2) if first.overlaps(second)] == []
    whole = figure.bbox
    assert [name for name, box in boxes if box.x0 < 0 or box.y0 < 0 or box.x1 > whole.x1 or box.y1 > whole.y1] == []


def says(figure) -> str:
    return " | ".join(text.get_text() for text in visible_texts(figure))


def test_readability_check_sees_an_overlap_and_a_cut():
    figure = moment_plan(trajectory(["hidden.0", "output"]), JUMPS, NO_JUMPS)
    extra = figure.text(0.5, 0.5, "one")
    figure.text(0.5, 0.5, "two")
    with pytest.raises(AssertionError, match="one"):
        assert_readable(figure)
    extra.set_position((0.999, 0.5))
    with pytest.raises(AssertionError, match="one"):
        assert_readable(figure)


# --- moments ---


def test_plan_shows_every_layer_and_every_window_where_it_lies():
    layers = transformer_layers(2)
    figure = moment_plan(trajectory(layers), JUMPS, ALL_JUMPS, title="a run")
    lines, rows = figure.axes[:2]
    drawn_layers = {line.get_label(): line for line in lines.lines if line.get_label() in layers}
    assert list(drawn_layers) == layers
    np.testing.assert_allclose(drawn_layers["blocks.0"].get_ydata()[[0, -1]], [4, 8])
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
    figure = moment_plan(trajectory(layers), JUMPS, ALL_JUMPS)
    marks = next(line for line in figure.axes[0].lines if line.get_marker() == "v")
    depths = [layers.index(layer) for layer in ALL_JUMPS["layer"]]
    heights = [1 + depth + step / 500 for depth, step in zip(depths, ALL_JUMPS["step"], strict=True)]
    np.testing.assert_allclose(marks.get_xydata(), np.column_stack([ALL_JUMPS["step"], heights]))
    assert "jump of a layer" in says(figure)
    assert "jump of a layer" not in says(moment_plan(trajectory(layers), NOTHING, NO_JUMPS))


@pytest.mark.parametrize(
    ("moments", "ending"), [(PLACEBO, "fixed grid and placebo only"), (NOTHING, "fixed grid only")]
)
def test_plan_without_a_jump_says_so(moments, ending):
    figure = moment_plan(trajectory(["hidden.0", "hidden.1", "output"]), moments, NO_JUMPS, title="a run")
    assert f"no significant jump: {ending}" in says(figure)
    assert len(figure.axes[0].patches) == len(moments["moments"])
    assert_readable(figure)


def test_plan_of_a_run_in_which_a_layer_dies_or_nothing_was_measured():
    frame = trajectory(["hidden.0", "output"])
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
    assert_readable(moment_plan(trajectory(layers), plan(*five), jumps, title=title))


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


# --- similarity ---


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


def test_spread_keeps_the_first_and_the_last_and_spaces_the_others_evenly():
    layers = [f"hidden.{i}" for i in range(15)]
    chosen = [layers.index(layer) for layer in spread(layers, 6)]
    assert chosen[0] == 0 and chosen[-1] == 14 and len(set(chosen)) == 6
    assert set(np.diff(chosen)) <= {2, 3}
    assert spread(layers[:4], 6) == layers[:4]


def test_similarity_panels_share_one_scale_and_leave_the_logits_out():
    layers = transformer_layers(6)
    figure = similarity_matrices(similarities(layers), layers, JUMPS, "transformer_deep-docstrings, seed 0")
    panels = [axes for axes in figure.axes if axes.images and axes.get_title(loc="left")]
    titles = [axes.get_title(loc="left") for axes in panels]
    assert len(titles) == 6 and titles[0] == "embedding" and titles[-1] == "block 5 output" and "logits" not in titles
    assert {axes.images[0].get_clim() for axes in panels} == {(0, 1)}
    assert "layers before the logits: 6 of 19" in says(figure)
    bars = [path.get_extents() for bars in panels[0].child_axes[0].collections for path in bars.get_paths()]
    assert [(bar.x0, bar.x1) for bar in bars[:1]] == [(1, 3)]  # steps 15 to 35 are cells 1 to 3
    assert len(bars) == 4
    assert_readable(figure)


def test_similarity_of_many_steps_is_readable_and_labels_the_grid():
    steps = sorted({*GRID, *range(10, 330, 10), 1590, 1600, 1610})
    figure = similarity_matrices(
        similarities(["hidden.0", "hidden.1"], steps), ["hidden.0", "hidden.1", "output"], JUMPS
    )
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert {"0", "100", "200", "2,000"} <= set(labels)
    assert "layers before the logits: all" in says(figure)
    assert_readable(figure)


def test_similarity_without_measurements_says_so():
    assert "No similarity" in says(similarity_matrices(similarities(["a"])[:0], ["a", "output"], JUMPS))


# --- attention ---


def attention(layers: int, steps, heads=4, length=20) -> dict:
    uniform = np.full((heads, length, length), 1 / length, np.float32)
    maps = {f"attention/{step}/blocks.{i}.attention": uniform.copy() for step in steps for i in range(layers)}
    return {**maps, "filters/0": np.zeros((2, 3, 3))}


def test_attention_has_a_row_before_and_after_and_a_column_per_head():
    maps = attention(6, (0, 1590, 1610))
    maps["attention/1610/blocks.2.attention"][1] = np.eye(20)
    figure = attention_maps(maps, JUMPS, "transformer_deep-docstrings, seed 0")
    cells = {axes.get_label(): axes for axes in figure.axes if axes.get_label().startswith("blocks")}
    assert len(cells) == 6 * 2 * 4
    assert {label.split(", ")[1] for label in cells} == {"step 1590", "step 1610"}
    changed = cells["blocks.2.attention, step 1610, head 1"].images[0]
    np.testing.assert_allclose(changed.get_array().diagonal(), np.log2(20))
    assert len({axes.images[0].get_clim() for axes in cells.values()}) == 1
    rows = {round(axes.get_position().y0, 6) for axes in cells.values()}
    columns = {round(axes.get_position().x0, 6) for axes in cells.values()}
    assert len(rows) == 6 and len(columns) == 8
    first = cells["blocks.0.attention, step 1590, head 0"].get_position()
    assert cells["blocks.0.attention, step 1610, head 0"].get_position().y1 < first.y0
    assert cells["blocks.0.attention, step 1590, head 1"].get_position().x0 > first.x1
    assert [text for text in ("block 0 attention", "block 5 attention", "head 3") if text not in says(figure)] == []
    assert "largest jump (block 1 attention)" in says(figure)
    assert_readable(figure)


def test_attention_without_a_jump_compares_the_ends_and_without_maps_says_so():
    figure = attention_maps(attention(2, (0, 2000), length=16), PLACEBO)
    steps = {axes.get_label().split(", ")[1] for axes in figure.axes if axes.get_label().startswith("blocks")}
    assert steps == {"step 0", "step 2000"} and "no jump" in says(figure)
    assert_readable(figure)
    assert "No attention map of this run at step 1590 or 1610" in says(attention_maps(attention(2, (0, 2000)), JUMPS))


def test_relative_attention_is_zero_where_uniform_and_bounded():
    assert relative(np.full((2, 8, 8), 1 / 8)).tolist() == np.zeros((2, 8, 8)).tolist()
    np.testing.assert_allclose(np.unique(relative(np.eye(8))), [-3, 3])


def test_attention_blocks_come_in_numerical_order_and_gaps_are_left_empty():
    maps = attention(11, (0, 2000), heads=1, length=4)
    maps["attention/0/blocks.3.attention"][:, 2] = np.nan
    figure = attention_maps(maps, NOTHING)
    names = [text.get_text() for text in figure.texts if text.get_text().endswith("attention")]
    assert names == [f"block {i} attention" for i in range(11)]
    gap = next(axes for axes in figure.axes if axes.get_label() == "blocks.3.attention, step 0, head 0")
    assert gap.images[0].get_array().mask.sum() == 4
    assert np.isfinite(gap.images[0].get_clim()).all()


# --- filters ---


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
    return pd.concat(frames, ignore_index=True)


def test_filters_have_a_row_per_step_and_a_column_each():
    steps = [*GRID, 1590, 1610]
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
    assert [text.get_text() for text in axes.texts] == ["overlap (random)"] + ["0.125 (0.25)"] * 8
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
    lost = {name: np.full_like(found, np.nan) for name, found in attention(1, (0, 2000)).items()}
    drawn(attention_maps(lost, NOTHING))


def test_mosaic_keeps_filters_apart():
    framed = mosaic(np.ones((2, 3, 3, 3)))
    assert framed.shape == (8, 12) and np.isfinite(framed).sum() == 54
    assert np.isnan(framed[3]).all() and np.isnan(framed[:, 3]).all()


# --- specialisation ---


def attention_measurements(experiments) -> pd.DataFrame:
    """Entropy 0.8 and 0.6 of two heads; specialisation 0.1 and 0.3 of two layers, null 0.05."""
    rows = []
    for run in experiments.itertuples():
        for step in GRID:
            for layer, special in (("blocks.0.attention", 0.1), ("blocks.1.attention", 0.3)):
                rows += [(run.experiment, step, layer, "attention_entropy", value, np.nan) for value in (0.8, 0.6)]
                rows.append((run.experiment, step, layer, "head_specialisation", special, 0.05))
                rows.append((run.experiment, step, layer, "head_divergence", 9.0, np.nan))
    frame = pd.DataFrame(rows, columns=["experiment", "step", "layer", "quantity", "value", "null_mean"])
    return frame.assign(seed=0).astype({"experiment": "category", "quantity": "category", "layer": "category"})


def test_specialisation_has_a_line_per_run_and_its_null():
    experiments = study()
    transformers = experiments[experiments["family"] == "transformer"]
    figure = specialisation_curves(attention_measurements(transformers), experiments)
    panels = np.array(figure.axes).reshape(2, 2)
    assert [axes.get_title(loc="left") for axes in panels[0]] == ["transformer_deep", "transformer_narrow"]
    entropy = [line for line in panels[0, 0].lines if line.get_linestyle() != ":"]
    assert len(entropy) == 2
    np.testing.assert_allclose([line.get_ydata() for line in entropy], 0.7)
    assert entropy[0].get_xdata().tolist() == GRID
    styles = dataset_styles(experiments["dataset"])
    assert [line.get_color() for line in entropy] == [styles["digits"][0], styles["docstrings"][0]]
    assert [line.get_marker() for line in entropy] == [styles["digits"][1], styles["docstrings"][1]]
    dotted = [line for line in panels[0, 0].lines if line.get_linestyle() == ":"]
    assert [line.get_ydata()[0] for line in dotted] == [1]
    special = [line for line in panels[1, 0].lines if line.get_linestyle() == "-"]
    null = [line for line in panels[1, 0].lines if line.get_linestyle() == ":"]
    np.testing.assert_allclose([line.get_ydata() for line in special], 0.2)
    np.testing.assert_allclose([line.get_ydata() for line in null], 0.05)
    grey = [line for line in panels[0, 1].lines if line.get_color() == FLAGGED_COLOUR]
    assert len(grey) == 1 and grey[0].get_linestyle() == "--"
    assert panels[0, 0].get_ylim() == panels[0, 1].get_ylim()
    assert "1 run" in says(figure)
    assert_readable(figure)


def test_specialisation_scale_holds_the_lines_of_every_panel():
    experiments = study()
    frame = attention_measurements(experiments[experiments["family"] == "transformer"])
    frame.loc[frame["experiment"] == "transformer_narrow-digits", "value"] *= 0.1
    low, high = specialisation_curves(frame, experiments).axes[0].get_ylim()
    assert low < 0.07 and high > 1


def test_mean_curves_average_heads_and_layers():
    means = mean_curves(attention_measurements(study().iloc[3:4]))
    assert len(means) == 3 * len(GRID)
    assert means.groupby("quantity", observed=True)["value"].first().round(6).to_dict() == {
        "attention_entropy": 0.7,
        "head_specialisation": 0.2,
        "head_divergence": 9,
    }


def test_specialisation_without_transformers_says_so():
    experiments = study()
    frame = attention_measurements(experiments[3:])
    assert "no transformer" in says(specialisation_curves(frame, experiments[:3]))
    assert "no transformer" in says(specialisation_curves(frame[:0], experiments))


# --- selectivity ---


def unit_measurements(experiments) -> pd.DataFrame:
    """Four units, one dead: 0, 0.1, 0.2 above the null of 0.5 at the start, step / 1000 more later."""
    rows = []
    for run in experiments.itertuples():
        for step in sorted({*GRID, 15, 35, 55}):
            for unit, excess in enumerate((0.0, 0.1, 0.2, np.nan)):
                value = 0.5 + excess + step / 1000
                rows.append((run.experiment, step, "hidden.0", unit, "selectivity", value, 0.5))
                rows.append((run.experiment, step, "output", unit, "selectivity", 99.0, 0.5))
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


# --- hypotheses ---


def forest_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """H1 of two families, H2 of one without any contrast; units differ a thousandfold."""
    long = "Do probes read the label more easily after a jump than before it, in the layer of the jump and in all behind it?"
    columns = ["id", "family", "question", "quantity", "experiments", "effect", "low", "high", "q", "placebo"]
    columns += ["placebo_low", "placebo_high", "placebo_experiments", "verdict"]
    rows = [
        (
            "H1",
            "transformer",
            long,
            "probe_accuracy",
            2,
            0.0005,
            0.0001,
            0.0009,
            0.0002,
            0.0001,
            -0.0002,
            0.0003,
            1,
            "yes",
        ),
        ("H1", "mlp", long, "probe_accuracy", 3, 2.0, -1.0, 5.0, 0.25, 0.5, -1.0, 2.0, 2, "undecided"),
        ("H2", "cnn", "Do filters part?", "filter_overlap", 0, *[np.nan] * 7, 0, "not evaluable"),
    ]
    contrasts = [
        ("H1", "mlp", "a", "jump", 1.0), ("H1", "mlp", "b", "jump", 2.0), ("H1", "mlp", "c", "jump", 3.0),
        ("H1", "mlp", "a", "placebo", 0.0), ("H1", "mlp", "d", "placebo", 1.0),
        ("H1", "transformer", "e", "jump", 0.0004), ("H1", "transformer", "f", "jump", 0.0006),
        ("H1", "transformer", "e", "placebo", 0.0001),
    ]  # fmt: skip
    names = ["hypothesis", "family", "experiment", "kind", "contrast"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(contrasts, columns=names)


def test_forest_has_a_row_per_hypothesis_and_family_on_its_own_scale():
    figure = hypothesis_forest(*forest_tables())
    mlp, transformer, cnn = figure.axes
    tops = [axes.get_position().y1 for axes in figure.axes]
    assert tops == sorted(tops, reverse=True)
    lines = {line.get_label(): line for line in mlp.lines}
    assert lines["jump contrasts"].get_xdata().tolist() == [1, 2, 3]
    assert lines["placebo contrasts"].get_xdata().tolist() == [0, 1]
    assert lines["jump interval"].get_xdata().tolist() == [-1, 5] and lines["jump mean"].get_xdata().tolist() == [2]
    assert lines["placebo interval"].get_xdata().tolist() == [-1, 2] and lines["placebo mean"].get_xdata().tolist() == [
        0.5
    ]
    assert lines["jump mean"].get_ydata()[0] > lines["placebo mean"].get_ydata()[0]
    assert transformer.get_xlim()[1] < 0.01 and mlp.get_xlim()[1] > 5
    assert all(axes.get_xlim()[0] <= 0 <= axes.get_xlim()[1] for axes in figure.axes)
    assert {text.get_text() for text in mlp.texts} == {"MLP", "undecided", "q = 0.250; 3 experiments, 2 placebos"}
    assert "q < 0.001; 2 experiments, 1 placebo" in {text.get_text() for text in transformer.texts}
    assert {"no contrast", "not evaluable", "0 experiments, 0 placebos"} <= {text.get_text() for text in cnn.texts}
    assert "H2  Do filters part?" in says(figure) and "quantity: filter overlap" in says(figure)
    assert_readable(figure)


def test_forest_without_hypotheses_says_so():
    hypotheses, contrasts = forest_tables()
    assert "No hypothesis" in says(hypothesis_forest(hypotheses[:0], contrasts))


# --- bytes ---


@pytest.mark.parametrize("name", ["plan", "similarity", "attention", "filters", "forest"])
def test_equal_data_give_equal_bytes(name):
    def content():
        layers = ["hidden.0", "output"]
        figure = {
            "plan": lambda: moment_plan(trajectory(transformer_layers(2)), JUMPS, ALL_JUMPS),
            "similarity": lambda: similarity_matrices(similarities(layers), layers, JUMPS),
            "attention": lambda: attention_maps(attention(1, (0, 2000), 1, 4), NOTHING),
            "filters": lambda: filter_evolution(filters(GRID, 4), NOTHING),
            "forest": lambda: hypothesis_forest(*forest_tables()),
        }[name]()
        return to_svg_bytes(figure, dpi=60)

    assert content() == content()
