"""The geometry tool on networks of every family, on planted clouds, and what its figure and its text make of tables."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from helpers.surfaces import swiss_roll, turned
from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.errors import StudyError
from repdyn.geometry.embedding import neighbour_embedding, principal_embedding
from repdyn.measures.subject import Subject
from repdyn.measures.table import COLUMNS, combine, entry
from repdyn.models import build
from repdyn.report.quantities import quantity_names
from repdyn.roles import BLOCK, EMBEDDING, HIDDEN, OUTPUT, with_roles
from repdyn.toolkit.geometry import figure
from repdyn.toolkit.geometry import measure as geometry
from repdyn.toolkit.geometry.findings import against_null, found, limits, places, sentence

FEW = {"GAUSSIANS": 3, "PICTURES": 2, "SHUFFLES": 3, "DICHOTOMIES": 6, "CALIBRATIONS": 1, "CALIBRATED": (2, 5)}
NAMES = (*figure.COLUMNS, "geodesic_ratio", "mean_curvature", "tangent_angle")
CLOUD = ("tangent_dimension", *geometry.SHAPE)


@pytest.fixture
def few(monkeypatch):
    for name, value in FEW.items():
        monkeypatch.setattr(geometry, name, value)
    monkeypatch.setattr(geometry, "neighbour_embedding", lambda x, _: principal_embedding(x))


class Through(nn.Module):
    """Its hidden layer is its input."""

    chunk = 512
    roles = {"hidden.0": HIDDEN, "output": OUTPUT}

    def __init__(self, d):
        super().__init__()
        self.hidden = nn.ModuleList([nn.Identity()])
        self.output = nn.Linear(d, 2)

    def forward(self, x):
        return self.output(self.hidden[0](x))


def through(x, labels, classes=2):
    model = Through(x.shape[1])
    inputs = torch.from_numpy(x.astype(np.float32))
    return Subject(model, {0: model.state_dict()}, inputs, torch.from_numpy(labels), classes, ("planted",))


def tiny(family, text=False):
    torch.manual_seed(0)
    inputs, labels = data(n=150)
    shape = SHAPE
    if text:
        shape = {"kind": "text", "shape": (7,), "classes": 3, "vocabulary": 40}
        inputs = torch.randint(1, 40, (150, 7), generator=torch.Generator().manual_seed(1))
    model = build(NETWORKS[family], **shape)
    states = {step: {name: value * (1 + step) for name, value in model.state_dict().items()} for step in (0, 3)}
    return Subject(model, states, inputs, labels, 3, (family, 0))


def listed():
    names = quantity_names("repdyn.toolkit.geometry", "measure")
    pictured = {name for name in names if name.endswith("_<picture>")}
    by = {name.replace("<picture>", method) for name in pictured for method in geometry.PICTURED}
    return sorted(names - pictured | by)


@pytest.mark.parametrize(
    ("family", "text", "layers"),
    [
        ("mlp", False, ["input", "hidden.0", "hidden.1"]),
        ("cnn", False, ["input", "blocks.0.relu", "blocks.1.relu"]),
        ("transformer", True, ["embedding", "blocks.0", "blocks.1"]),
    ],
)
def test_every_family_gives_the_quantities_that_are_listed(few, family, text, layers):
    subject = tiny(family, text)
    table, maps = geometry.measure(subject, None)
    assert tuple(table.columns) == COLUMNS
    assert sorted(set(table["quantity"])) == sorted(listed())
    assert not table.duplicated(["step", "layer", "unit", "quantity"]).any()
    assert [layer for layer in table["layer"].drop_duplicates() if layer] == layers
    shape = table[table["quantity"] == "dimension_mle"]
    assert len(shape) == (5 if not text else 6)
    assert (shape["value"] > 0).all()
    assert np.isfinite(table.loc[table["quantity"] == "class_capacity", "null_mean"]).all()
    pictures = table[table["quantity"] == "trustworthiness_pca"]
    assert pictures["layer"].unique().tolist() == [layers[-1]]
    assert pictures["step"].tolist() == [0, 3]
    assert maps == {}
    if family == "mlp":
        pd.testing.assert_frame_equal(geometry.measure(tiny(family, text), None)[0], table)


def value(table, quantity):
    return table[(table["quantity"] == quantity) & (table["layer"] == "hidden.0")].iloc[0]


def z(table, quantity):
    row = value(table, quantity)
    return (row["value"] - row["null_mean"]) / row["null_sd"]


def test_a_rolled_plane_stands_out_from_its_gaussian_and_a_gaussian_does_not(monkeypatch):
    monkeypatch.setattr(geometry, "CALIBRATED", (2,))
    monkeypatch.setattr(geometry, "_picture_entries", lambda *_: [])
    rng = np.random.default_rng(0)
    x = turned(swiss_roll(500, rng)[0], 6, rng)
    rolled, _ = geometry.measure(through(x, np.arange(500) % 2), None)
    assert value(rolled, "dimension_mle")["value"] == pytest.approx(1.9, abs=0.15)
    assert value(rolled, "dimension_mle")["null_mean"] == pytest.approx(3, abs=0.2)
    assert value(rolled, "tangent_dimension")["value"] == 2
    assert z(rolled, "dimension_mle") < -10
    assert z(rolled, "dimension_twonn") < -5
    assert z(rolled, "geodesic_ratio") > 10
    assert value(rolled, "graph_connected")["value"] == 1
    cloud, _ = geometry.measure(through(rng.standard_normal((400, 4)), np.arange(400) % 2), None)
    quiet = [z(cloud, name) for name in geometry.SHAPE if name not in ("graph_connected", "local_dimension")]
    assert value(cloud, "local_dimension")["value"] == value(cloud, "local_dimension")["null_mean"] == 4
    assert np.abs(quiet).max() < 3.5
    assert abs(z(cloud, "class_capacity")) < 3.5


def test_planted_classes_have_capacity_and_clusters_and_shuffled_ones_have_not(few, monkeypatch):
    monkeypatch.setattr(geometry, "neighbour_embedding", neighbour_embedding)
    monkeypatch.setattr(geometry, "DICHOTOMIES", 30)
    rng = np.random.default_rng(1)
    labels = np.arange(180) % 6
    x = 4 * np.eye(12)[labels] + 0.5 * rng.standard_normal((180, 12))
    x = np.column_stack([x, 0.5 * rng.standard_normal((180, 30))])
    planted, _ = geometry.measure(through(x, labels, 6), None)
    pd.testing.assert_frame_equal(geometry.measure(through(x, labels, 6), None)[0], planted)
    monkeypatch.setattr(geometry, "_picture_entries", lambda *_: [])
    shuffled, _ = geometry.measure(through(x, rng.permutation(labels), 6), None)
    assert value(planted, "class_capacity")["value"] > 2 * value(planted, "class_capacity")["null_mean"]
    assert value(shuffled, "class_capacity")["value"] == pytest.approx(
        value(planted, "class_capacity")["null_mean"], rel=0.25
    )
    assert value(planted, "silhouette_tsne")["value"] > value(planted, "silhouette_tsne")["null_mean"] + 0.2
    assert np.isnan(value(planted, "silhouette_isomap")["value"]) == (value(planted, "graph_connected")["value"] < 1)


def test_shuffled_labels_below_what_the_layer_can_show_count_with_that(few):
    rng = np.random.default_rng(2)
    x, labels = rng.standard_normal((200, 3)), np.arange(200) % 2
    table, _ = geometry.measure(through(x, labels), None)
    row, floor = value(table, "class_capacity"), value(table, "class_capacity_floor")["value"]
    assert floor == 2 / 4
    assert row["null_mean"] >= floor


def test_what_cannot_be_evaluated_is_missing_and_not_a_number(few):
    labels = np.arange(150) % 2
    x = np.random.default_rng(3).standard_normal((150, 4))
    broken = x.copy()
    broken[7, 2] = np.nan
    with pytest.raises(StudyError, match="1 of 150 inputs hold NaN"):
        geometry.measure(through(broken, labels), None)
    table, _ = geometry.measure(through(np.ones((150, 4)), labels), None)
    gone = table[(table["layer"] == "hidden.0") & ~table["quantity"].isin(["rows", "class_capacity_floor"])]
    assert set(CLOUD) < set(gone["quantity"])
    assert gone["value"].isna().all()
    table, _ = geometry.measure(through(x[np.arange(150) % 90], labels), None)
    assert value(table, "rows")["value"] == 90
    assert np.isnan(value(table, "dimension_mle")["value"])
    rare = np.where(np.arange(150) < 9, 0, 1)
    table, _ = geometry.measure(through(x, rare), None)
    assert np.isnan(value(table, "class_capacity")["value"])
    apart = np.vstack([x[:75], x[75:] + 1000])
    table, _ = geometry.measure(through(apart, labels), None)
    assert value(table, "graph_connected")["value"] == 0.5
    assert np.isnan(value(table, "geodesic_ratio")["value"])
    wide = np.random.default_rng(4).standard_normal((150, 7))
    table, _ = geometry.measure(through(wide, labels), None)
    assert value(table, "tangent_dimension")["value"] == geometry.TANGENTS + 1
    assert np.isnan(value(table, "mean_curvature")["value"])


def planted_table(ratio, runs=4, sd=0.01):
    """Runs whose last hidden layer ends at `ratio` times a null of 1, and began at 1."""
    tables = []
    for run in range(runs):
        entries = [
            entry(0, "", f"calibration_{name}", values)
            for name, values in (("dimension", (2, 40)), ("mle", (2, 23)), ("twonn", (2, 26)))
        ]
        for layer, factor in (("input", 5), ("hidden.0", 3), ("hidden.1", 1)):
            for step in (0, 100):
                for name in (
                    *figure.COLUMNS,
                    "geodesic_ratio",
                    "mean_curvature",
                    "tangent_angle",
                    *geometry.PICTURE_QUALITIES,
                ):
                    end = ratio * (1 + 0.01 * run) if step else 1.0
                    entries.append(entry(step, layer, name, factor * end, factor, sd))
        tables.append(combine(entries).assign(experiment=f"run{run}", seed=0).astype({"layer": str}))
    return with_roles(pd.concat(tables, ignore_index=True), {"hidden.0": HIDDEN, "hidden.1": HIDDEN})


def test_findings_say_what_the_table_holds():
    dimension, shape, classes = found(planted_table(0.5))
    assert "(MLE): with training it fell in 4 and rose in 0 of 4 runs, mean ratio 0.507" in dimension
    assert (
        "above the null in 0, below it in 4 of 4 runs; mean ratio to the null 0.507 (0.497 to 0.518; below 1)"
        in dimension
    )
    assert "of 2 they find 2 and 2, of 40 they find 23 and 26" in dimension
    assert "tangent planes: above the null in 0, below it in 4 of 4 runs" in shape
    assert "do not tell them apart" in limits(planted_table(0.5))
    assert sentence(planted_table(0.5)) == (
        "Training lowered the intrinsic dimension of the last hidden layer (in 4 of 4 runs); its classes take more weights"
        " to separate than shuffled ones (in 4 of 4 runs)."
    )
    assert sentence(planted_table(2)).startswith("Training raised the") and "fewer weights" in sentence(
        planted_table(2)
    )
    assert "at initialisation not evaluable in 0 of 4 runs." in classes
    assert "above the null in 4, below it in 0 of 4 runs" in found(planted_table(2))[2]


def test_findings_stay_undecided_on_a_null_and_on_too_few_runs():
    null = planted_table(0.99, sd=0.02)
    for paragraph in found(null):
        assert "above the null in 0, below it in 0 of 4 runs" in paragraph
        assert "undecided" in paragraph
        assert ", below 1" not in paragraph and ", above 1" not in paragraph
    assert sentence(planted_table(0.5, runs=2)).count("is undecided") == 2
    few_runs = found(planted_table(0.5, runs=2))
    assert "too few runs for an interval: undecided" in few_runs[0]
    gone = planted_table(0.5)
    gone.loc[gone["experiment"] == "run1", "value"] = np.nan
    assert "below it in 3 of 3 runs (not evaluable in 1)" in found(gone)[1]
    gone["value"] = np.nan
    assert found(gone) == ["Nothing was evaluable: no last hidden layer has enough distinct, finite examples."]


def test_a_run_inside_three_null_deviations_is_not_beyond():
    rows = pd.DataFrame({"value": [1.29, 1.31, 0.69, 1.0], "null_mean": 1.0, "null_sd": [0.1, 0.1, 0.1, np.nan]})
    assert against_null(rows).startswith("above the null in 1, below it in 1 of 3 runs (not evaluable in 1)")


def test_places_follow_the_order_of_the_network():
    layers = pd.DataFrame({"layer": ["", "embedding", "blocks.1", "blocks.10"]})
    expected = {"embedding": "input", "blocks.1": "middle layer", "blocks.10": "last hidden layer"}
    of = {"embedding": EMBEDDING, "blocks.1": BLOCK, "blocks.10": BLOCK}
    assert places(with_roles(layers, of)) == expected
    image = with_roles(pd.DataFrame({"layer": ["input", "hidden.0"]}), {"hidden.0": HIDDEN})
    assert places(image) == {"input": "input", "hidden.0": "last hidden layer"}


def test_figure_draws_values_nulls_and_the_calibration():
    table = planted_table(0.5, runs=3)
    table = table[~((table["layer"] == "input") & (table["step"] > 0))]
    drawn = figure.draw(table, {})
    panels = np.array(drawn.axes).reshape(3, len(figure.COLUMNS))
    first = panels[0, 0]
    solid = [line for line in first.lines if line.get_linestyle() == "-" and line.get_marker() != "None"]
    assert [line.get_ydata().tolist() for line in solid] == [[5, 5], [3, 1.5], [1, 0.5]]
    assert solid[2].get_color() == figure.PLACES["last hidden layer"][0]
    dotted = [line for line in first.lines if line.get_linestyle() == ":"]
    assert [line.get_ydata().tolist() for line in dotted] == [[5, 5], [3, 3], [1, 1]]
    assert [text.get_text() for text in first.texts if text.get_text().isdigit()] == ["2"]
    assert {"run1", "run2"} < {text.get_text() for text in drawn.texts}
    assert len({panel.get_ylim() for panel in panels[:, 2]}) == 1


def test_figure_says_what_is_missing():
    table = planted_table(0.5, runs=2)
    table.loc[(table["quantity"] == "class_capacity") & (table["experiment"] == "run1"), "value"] = np.nan
    panels = np.array(figure.draw(table, {}).axes).reshape(2, len(figure.COLUMNS))
    assert [text.get_text() for text in panels[1, 2].texts] == ["not evaluable"]
    assert not any(text.get_text() == "not evaluable" for text in panels[0, 2].texts)
    table["value"] = np.nan
    assert figure.draw(table, {}).texts[0].get_text() == "No layer's geometry could be evaluated."
