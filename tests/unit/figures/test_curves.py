"""Figures of all runs: panels, lines, points and legends; never pixels of a picture."""

import numpy as np
import pandas as pd
import pytest

from helpers.figure_cases import (
    drawn,
    legend_labels,
    of_all_runs,
    overlapping,
    study,
    training_of,
    trajectory,
    trajectory_of,
)
from repdyn.figures.learning import learning_curves
from repdyn.figures.panels import architecture_grid
from repdyn.figures.study.dimension_curves.figure import depth_groups, dimension_curves
from repdyn.figures.study.final_dimension.figure import final_dimension
from repdyn.figures.style import FLAGGED_COLOUR, dataset_styles


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
