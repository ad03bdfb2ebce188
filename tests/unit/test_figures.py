"""What the figures hold: layers, lines, positions and colours; never pixels of a picture."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from repdyn.figures.dimension import depth_groups, dimension_curves
from repdyn.figures.final import final_dimension
from repdyn.figures.heatmap import layer_heatmap, scale_by_layer
from repdyn.figures.learning import learning_curves
from repdyn.figures.names import layer_name, metric_name
from repdyn.figures.panels import architecture_grid
from repdyn.figures.style import (
    DATASETS,
    FLAGGED_COLOUR,
    MISSING_COLOUR,
    dataset_styles,
    family_order,
    to_png_bytes,
    to_svg_bytes,
    to_webp_bytes,
    untrained,
)

STEPS = np.arange(0, 105, 5)


def transformer_layers(blocks: int) -> list[str]:
    inner = [f"blocks.{i}{part}" for i in range(blocks) for part in (".attention", ".feedforward", "")]
    return ["embedding", *inner, "output"]


def trajectory(layers: list[str], steps=STEPS, seed: int = 0) -> pd.DataFrame:
    """Layer number d rises from d + 1 with a little noise."""
    depth = np.arange(len(layers))
    noise = np.random.default_rng(seed).uniform(0, 0.1, (len(steps), len(layers)))
    values = 1 + depth + steps[:, None] / 50 + noise
    return pd.DataFrame(
        {
            "step": np.repeat(steps, len(layers)),
            "layer": np.tile(layers, len(steps)),
            "depth": np.tile(depth, len(steps)),
            "participation_ratio": values.ravel(),
        }
    )


def study() -> pd.DataFrame:
    """Eight runs of three families; one diverged, one at chance."""
    rows = [
        ("cnn_shallow", "cnn", "digits"),
        ("mlp_wide", "mlp", "digits"),
        ("mlp_wide", "mlp", "docstrings"),
        ("mlp_narrow", "mlp", "digits"),
        ("mlp_narrow", "mlp", "docstrings"),
        ("transformer_deep", "transformer", "digits"),
        ("transformer_deep", "transformer", "docstrings"),
        ("cnn_shallow", "cnn", "photos"),
    ]
    frame = pd.DataFrame(rows, columns=["architecture", "family", "dataset"])
    frame["experiment"] = frame["architecture"] + "-" + frame["dataset"]
    frame["seed"] = 0
    frame["classes"] = 10
    frame["chance"] = 0.1
    frame["diverged_at"] = [np.nan] * 7 + [50.0]
    frame["at_chance"] = [False] * 6 + [True, False]
    frame["final_participation_ratio"] = np.arange(2.0, 10.0)
    frame["final_stable_rank"] = np.arange(1.0, 9.0)
    return frame


def of_all_runs(experiments: pd.DataFrame, make) -> pd.DataFrame:
    tables = [make(run).assign(experiment=run.experiment, seed=run.seed) for run in experiments.itertuples()]
    return pd.concat(tables, ignore_index=True)


def training_of(run) -> pd.DataFrame:
    loss = 2.3 * np.exp(-STEPS / 40)
    if run.diverged_at == 50:
        loss = np.where(STEPS < 50, 1e3 * (1 + STEPS), np.where(STEPS == 50, np.inf, np.nan))
    return pd.DataFrame({"step": STEPS, "probe_loss": loss, "probe_accuracy": 0.1 + STEPS / 200})


def trajectory_of(run) -> pd.DataFrame:
    return trajectory([f"hidden.{i}" for i in range(4)] + ["output"])


def overlapping(labels, renderer) -> list[tuple[str, str]]:
    boxes = [(label.get_text(), label.get_window_extent(renderer)) for label in labels if label.get_text()]
    return [(a, b) for (a, first), (b, second) in itertools.combinations(boxes, 2) if first.overlaps(second)]


def drawn(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas.get_renderer()


def legend_labels(figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


# --- heatmap ---


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


def test_overlap_check_sees_an_overlap():
    figure = layer_heatmap(trajectory(["hidden.0", "hidden.1", "output"]))
    figure.axes[0].set_yticks([0, 0.1, 2], ["hidden 0", "hidden 1", "logits"])
    assert overlapping(figure.axes[0].get_yticklabels(), drawn(figure))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("hidden.0", "hidden 0"),
        ("blocks.3.relu", "conv 3"),
        ("blocks.10", "block 10 output"),
        ("blocks.2.feedforward", "block 2 feed-forward"),
        ("output", "logits"),
        ("pool.extra", "pool.extra"),
    ],
)
def test_layer_names_are_readable(path, name):
    assert layer_name(path) == name


def test_metric_names():
    assert metric_name("stable_rank_uncentred") == "stable rank (uncentred)"
    assert metric_name("rank_90") == "rank at 90 % of variance"


# --- curves ---


def test_every_family_starts_a_row():
    experiments = study()
    assert architecture_grid(experiments) == [["mlp_wide", "mlp_narrow"], ["cnn_shallow"], ["transformer_deep"]]
    assert architecture_grid(experiments, columns=1)[:2] == [["mlp_wide"], ["mlp_narrow"]]


@pytest.mark.parametrize("quantity", ["loss", "accuracy"])
def test_learning_curves_draw_every_run_once(quantity):
    experiments = study()
    figure = learning_curves(of_all_runs(experiments, training_of), experiments, quantity)
    panels = {axes.get_title(loc="left"): axes for axes in figure.axes}
    assert set(panels) == set(experiments["architecture"])
    solid = {name: [line for line in axes.lines if line.get_linestyle() != ":"] for name, axes in panels.items()}
    assert {name: len(lines) for name, lines in solid.items()} == {name: 2 for name in panels}
    colours = dataset_styles(experiments["dataset"])
    assert [line.get_color() for line in solid["mlp_wide"]] == [colours["digits"][0], colours["docstrings"][0]]
    assert [line.get_marker() for line in solid["mlp_wide"]] == [colours["digits"][1], colours["docstrings"][1]]


def test_learning_curves_mark_chance_and_runs_that_did_not_learn():
    experiments = study()
    training = of_all_runs(experiments, training_of)
    for quantity, level in (("accuracy", 0.1), ("loss", np.log(10))):
        figure = learning_curves(training, experiments, quantity)
        panels = {axes.get_title(loc="left"): axes for axes in figure.axes}
        dotted = [line for line in panels["mlp_wide"].lines if line.get_linestyle() == ":"]
        assert [line.get_ydata()[0] for line in dotted] == [level, level]
        grey = [line for axes in figure.axes for line in axes.lines if line.get_color() == FLAGGED_COLOUR]
        assert len(grey) == 2 and all(line.get_linestyle() == "--" for line in grey)
        assert any("2 runs" in label for label in legend_labels(figure))
        if quantity == "loss":
            assert panels["cnn_shallow"].get_ylim()[1] < 10  # not the diverged run's 1e5


def test_depth_groups_average_thirds_and_leave_out_layers_that_die():
    layers = [f"hidden.{i}" for i in range(6)] + ["output"]
    frame = trajectory(layers).assign(experiment="a", seed=0)
    frame["participation_ratio"] = frame["depth"] + 1.0
    frame.loc[(frame["layer"] == "hidden.5") & (frame["step"] == 50), "participation_ratio"] = np.nan
    means, left_out = depth_groups(frame, "participation_ratio")
    assert left_out["layer"].tolist() == ["hidden.5"]
    by_group = means.groupby("group")["value"].unique().map(list).to_dict()
    assert by_group == {"first third": [1.5], "middle third": [3.5], "last third": [5.0]}


def test_depth_groups_of_a_run_that_stops_end_where_it_stops():
    frame = trajectory(["hidden.0", "hidden.1", "output"]).assign(experiment="a", seed=0)
    frame.loc[frame["step"] > 50, "participation_ratio"] = np.nan
    means, left_out = depth_groups(frame, "participation_ratio")
    assert left_out.empty
    assert means["step"].max() == 50 and set(means["group"]) == {"first third", "last third"}


def test_dimension_curves_take_medians_over_learned_runs_only():
    experiments = study()
    trajectories = of_all_runs(experiments, trajectory_of)
    trajectories.loc[trajectories["experiment"] == "transformer_deep-docstrings", "participation_ratio"] *= 100
    figure = dimension_curves(trajectories, experiments)
    panels = {axes.get_title(loc="left"): axes for axes in figure.axes}
    assert len(panels) == 9
    medians = {name: sum(line.get_label().startswith("median") for line in axes.lines) for name, axes in panels.items()}
    assert medians["MLP, digits"] == 3
    assert medians["Transformer, docstrings"] == 0 and medians["CNN, photos"] == 0
    grey = [line for line in panels["Transformer, docstrings"].lines if line.get_color() == FLAGGED_COLOUR]
    assert len(grey) == 3
    assert [text.get_text() for text in panels["CNN, docstrings"].texts] == ["not in this study"]
    assert panels["MLP, digits"].get_ylim()[1] < 20
    median = next(line for line in panels["MLP, digits"].lines if line.get_label() == "median, first third")
    runs = [line for line in panels["MLP, digits"].lines if line.get_label().startswith("first third")]
    np.testing.assert_allclose(median.get_ydata(), np.median([line.get_ydata() for line in runs], axis=0))


def test_dimension_curves_say_when_no_layer_can_be_evaluated():
    experiments = study().iloc[[1]]
    trajectories = of_all_runs(experiments, trajectory_of).assign(participation_ratio=np.nan)
    figure = dimension_curves(trajectories, experiments)
    assert [text.get_text() for text in figure.axes[0].texts] == ["no layer could\nbe evaluated"]


def test_final_dimension_places_every_run_on_its_architectures_row():
    experiments = study()
    experiments.loc[0, "final_participation_ratio"] = np.nan
    left, right = (figure := final_dimension(experiments)).axes
    rows = [label.get_text() for label in left.get_yticklabels()]
    assert rows == ["transformer_deep", "cnn_shallow", "mlp_narrow", "mlp_wide"]
    points = {tuple(point) for scatter in right.collections for point in scatter.get_offsets().tolist()}
    expected = zip(experiments["final_stable_rank"], experiments["architecture"].map(rows.index), strict=True)
    assert points == set(expected)
    assert sum(len(scatter.get_offsets()) for scatter in left.collections) == 7
    assert "1 run without a value" in left.get_xlabel() and "without" not in right.get_xlabel()
    hollow = [s for s in right.collections if len(s.get_offsets()) and not len(s.get_facecolor())]
    assert sum(len(scatter.get_offsets()) for scatter in hollow) == 2
    assert any("2 runs" in label for label in legend_labels(figure))


@pytest.mark.parametrize("missing", [None, np.nan])
def test_final_dimension_without_any_value_says_so(missing):
    experiments = study().assign(final_participation_ratio=missing)
    left, _ = (figure := final_dimension(experiments)).axes
    drawn(figure)
    assert "8 runs without a value" in left.get_xlabel()


@pytest.mark.parametrize("family", ["mlp", "cnn", None])
def test_curves_draw_one_family_or_none(family):
    experiments = study()[lambda frame: frame["family"] == family].reset_index(drop=True)
    if family:
        training, trajectories = of_all_runs(experiments, training_of), of_all_runs(experiments, trajectory_of)
    else:
        training, trajectories = pd.DataFrame(), pd.DataFrame()
    figures = [learning_curves(training, experiments), dimension_curves(trajectories, experiments)]
    figures.append(final_dimension(experiments))
    for figure in figures:
        drawn(figure)
        if family is None:
            assert figure.texts[0].get_text().startswith("No ")
        else:
            titles = {axes.get_title(loc="left") for axes in figure.axes}
            assert not any("ransformer" in title for title in titles)


@pytest.mark.parametrize("kind", ["learning", "dimension", "final"])
def test_curve_labels_and_legends_do_not_overlap(kind):
    experiments = study()
    if kind == "learning":
        figure = learning_curves(of_all_runs(experiments, training_of), experiments, "loss")
    elif kind == "dimension":
        figure = dimension_curves(of_all_runs(experiments, trajectory_of), experiments)
    else:
        figure = final_dimension(experiments)
    renderer = drawn(figure)
    labels = [text for legend in figure.legends for text in legend.get_texts()]
    for axes in figure.axes:
        labels += [axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        ticks = axes.xaxis.get_major_ticks() + axes.yaxis.get_major_ticks()
        labels += [tick.label1 for tick in ticks if tick.label1.get_visible() and _inside(tick, axes)]
    assert overlapping(labels, renderer) == []


def _inside(tick, axes) -> bool:
    low, high = sorted(axes.get_xlim() if tick in axes.xaxis.get_major_ticks() else axes.get_ylim())
    return low <= tick.get_loc() <= high


# --- style and bytes ---


def test_equal_figures_give_equal_bytes_without_dates():
    def content():
        figure = layer_heatmap(trajectory(transformer_layers(2)), title="a run")
        return to_png_bytes(figure, dpi=80), to_svg_bytes(figure, dpi=80), to_webp_bytes(figure, 80)

    png, svg, webp = content()
    assert (png, svg, webp) == content()
    assert b"Software" not in png and b"dc:date" not in svg and b"Matplotlib v" not in svg
    assert webp[8:12] == b"WEBP"
    other = layer_heatmap(trajectory(transformer_layers(2), seed=1), title="a run")
    assert to_png_bytes(other, dpi=80) != png


def test_web_version_keeps_its_limit():
    figure = layer_heatmap(trajectory(transformer_layers(6), steps=np.arange(0, 2005, 5)))
    full, small = to_webp_bytes(figure, 132), to_webp_bytes(figure, 132, 40 * 1024)
    assert len(full) > 40 * 1024 >= len(small)


def test_datasets_keep_their_look_and_unknown_ones_get_their_own():
    alone, together = dataset_styles(["photos"]), dataset_styles([*DATASETS, "mnist"])
    assert alone["photos"] == together["photos"]
    assert len(set(together.values())) == len(DATASETS) + 1
    published = dataset_styles(["mnist", "qmnist", "fashion_mnist", "ag_news"])
    assert len({colour for colour, _ in published.values()}) == 4


def test_families_come_in_the_studys_order():
    assert family_order(["transformer", "rnn", "mlp", "cnn", "mlp"]) == ["mlp", "cnn", "transformer", "rnn"]


def test_untrained_runs_are_those_that_diverged_or_stayed_at_chance():
    frame = pd.DataFrame({"diverged_at": [None, 5, None, None], "at_chance": [False, False, True, None]})
    assert untrained(frame).tolist() == [False, True, True, False]
