"""The information tool on tiny networks of each family, its figure, and what is said of planted tables."""

import functools

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.measures.subject import Subject
from repdyn.measures.table import COLUMNS, combine, entry
from repdyn.models import build
from repdyn.report.quantities import quantity_names
from repdyn.roles import HIDDEN, OUTPUT
from repdyn.toolkit import tools_for
from repdyn.toolkit.information import measure as module
from repdyn.toolkit.information.figure import LOOKS, draw
from repdyn.toolkit.information.findings import found, sentence
from repdyn.toolkit.information.measure import measure

TEXT = {"kind": "text", "shape": (11,), "classes": 3, "vocabulary": 20}
CASES = {
    "mlp": ("mlp", SHAPE, ["input", "hidden.0", "hidden.1"]),
    "cnn": ("cnn", SHAPE, ["input", "blocks.0.relu", "blocks.1.relu"]),
    "transformer": ("transformer", SHAPE, ["input", "blocks.0", "blocks.1"]),
    "words": ("mlp", TEXT, ["embedding", "hidden.0", "hidden.1"]),
}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for name, value in {"SHUFFLES": 8, "CONTROLS": 8, "REPEATS": 2}.items():
        monkeypatch.setattr(module, name, value)


def inputs(shape, n, seed):
    if shape["kind"] == "image":
        return data(n, seed)
    tokens = np.random.default_rng(seed).integers(1, 20, (n, 11))
    return torch.from_numpy(tokens), torch.from_numpy(np.arange(n) % 3)


def subjects(name, n=120, change=lambda state: None):
    family, shape, _ = CASES[name]
    states = {}
    for step in (0, 2, 8):
        with torch.random.fork_rng():
            torch.manual_seed(step)
            model = build(NETWORKS[family], **shape)
        states[step] = {key: value.clone() for key, value in model.state_dict().items()}
    change(states[8])
    return [Subject(model, states, *inputs(shape, size, size), 3, ("test", 0), (0, 8)) for size in (n, 90)]


@functools.cache
def measured(name):
    return measure(*subjects(name))


def framed(name, pair=None):
    table, maps = pair or measured(name)
    return table.assign(experiment=name, seed=0)[["experiment", "seed", *COLUMNS]], {f"{name}/0": maps}


@pytest.mark.parametrize("name", CASES)
def test_every_quantity_of_the_docstring_and_no_other_is_measured(name):
    table, maps = measured(name)
    assert set(table["quantity"]) == quantity_names("repdyn.toolkit.information", "measure")
    assert tuple(table.columns) == COLUMNS and maps == {} and table["unit"].isna().all()
    layers = CASES[name][2]
    value = table.set_index(["step", "layer", "quantity"])["value"]
    assert value[0, "", "class_entropy"] == pytest.approx(np.log(3))
    assert set(table.loc[table["quantity"] == "input_component", "layer"]) == set(layers[1:])
    for step in (0, 8):
        for quantity in ("class_components", "class_discriminants", "input_component"):
            low, at, high = (value[step, layers[2], f"{quantity}{side}"] for side in ("_low", "", "_high"))
            assert low < at < high
    nulls = table[table["quantity"].isin(["class_components", "class_discriminants", "input_component"])]
    assert (nulls["null_mean"].abs() < 0.15).all() and (nulls["null_sd"] > 0).all()
    if CASES[name][1] is SHAPE and name != "transformer":
        assert value[8, layers[1], "class_discriminants"] > 0.5
    if name == "words":
        assert (table.loc[table["quantity"] == "class_components", "value"] < 0.35).all()
    assert value[8, layers[2], "class_components"] < np.log(3) + 0.05
    assert "information" in tools_for(CASES[name][0])


def test_measured_twice_it_is_the_same_to_the_bit():
    pd.testing.assert_frame_equal(measure(*subjects("mlp"))[0], measured("mlp")[0])


class Planted:
    """A subject whose input and layer are what is planted; the layer's leading component is the input's, or noise."""

    def __init__(self, seed, kept):
        rng = np.random.default_rng(seed)
        self.labels, self.classes = np.arange(300) % 3, 3
        x = rng.standard_normal((300, 5)) * [9, 1, 1, 1, 1]
        own = x[:, :1] if kept else 9 * rng.standard_normal((300, 1))
        code = 20 * np.eye(3)[self.labels][:, :2] if kept else np.zeros((300, 2))
        self.inputs = torch.from_numpy(x)
        self.layer = np.hstack([own * 10, code + rng.standard_normal((300, 2))])
        self.text, self.grid, self.key, self.layers = False, [0], ("planted",), ["hidden.0", "output"]
        self.roles = {"hidden.0": HIDDEN, "output": OUTPUT}

    def examples(self, step):
        return {"hidden.0": self.layer}


def test_planted_information_is_found_and_noise_has_none():
    value, null = (
        {
            kept: measure(Planted(0, kept), Planted(1, kept))[0].set_index(["layer", "quantity"])[column]
            for kept in (0, 1)
        }
        for column in ("value", "null_mean")
    )
    assert value[1]["hidden.0", "class_discriminants"] == pytest.approx(np.log(3), abs=0.02)
    assert value[1]["hidden.0", "probe_accuracy"] == 1
    assert value[1]["hidden.0", "probe_information"] == pytest.approx(np.log(3))
    assert value[1]["hidden.0", "input_component"] > 2
    assert null[1]["hidden.0", "probe_accuracy"] == pytest.approx(1 / 3, abs=0.05)
    # The class is in the second and third direction: two components see half of it.
    assert 0.4 < value[1]["hidden.0", "class_components"] < 1
    for layer in ("input", "hidden.0"):
        for name in ("class_components", "class_discriminants"):
            assert abs(value[0][layer, name]) < 0.12 and value[0][layer, name] == pytest.approx(
                null[0][layer, name], abs=0.12
            )
        assert value[0][layer, "probe_information"] < 0.02
    assert value[0]["hidden.0", "input_component_low"] < 0.05 and abs(value[0]["hidden.0", "input_component"]) < 0.12


def test_directions_are_fitted_on_training_and_labels_read_of_the_test_split():
    held_out, training = Planted(0, False), Planted(1, False)
    for seed, subject in enumerate((held_out, training)):
        subject.labels, subject.inputs = subject.labels[:90], subject.inputs[:90]
        subject.layer = np.random.default_rng(seed).standard_normal((300, 25))[:90]
    name = ("hidden.0", "class_discriminants")
    value = measure(held_out, training)[0].set_index(["layer", "quantity"])["value"]
    own = measure(held_out, held_out)[0].set_index(["layer", "quantity"])["value"]
    # Of noise, only the examples on which the directions are fitted have classes apart.
    assert own[name] > 0.25 and abs(value[name]) < 0.15


def test_more_examples_than_allowed_are_a_seeded_draw(monkeypatch):
    monkeypatch.setattr(module, "ROWS", 200)
    table = measure(Planted(0, True), Planted(1, True))[0].set_index(["layer", "quantity"])["value"]
    assert 0 < np.log(3) - table["", "class_entropy"] < 0.02


def test_a_constant_layer_ties_or_too_few_of_a_class_are_not_evaluable():
    def dead(state):
        for key in [key for key in state if "hidden.1" in key]:
            state[key][:] = 0

    for pair, names in (
        (
            subjects("mlp", change=dead),
            ("class_components", "class_discriminants", "input_component", "probe_accuracy"),
        ),
        (subjects("mlp", n=27), ("class_components", "class_discriminants")),
    ):
        table = measure(*pair)[0]
        last = table[(table["step"] == 8) & (table["layer"] == "hidden.1")].set_index("quantity")["value"]
        assert last[list(names)].isna().all()
        figure = draw(*framed("mlp", (table, {})))
        FigureCanvasAgg(figure).draw()
        assert "not evaluable in any of 1 run" in found(framed("mlp", (table, {}))[0])[0]
    planted = Planted(0, True)
    planted.layer = np.round(planted.layer / 100)
    table = measure(planted, Planted(1, True))[0].set_index(["layer", "quantity"])["value"]
    assert np.isnan(table["hidden.0", "class_components"]) and np.isfinite(table["input", "class_components"])


def test_the_figure_shows_the_numbers_of_the_table():
    parts = [framed(name) for name in CASES]
    table = pd.concat([part[0].astype({"layer": object, "quantity": object}) for part in parts], ignore_index=True)
    figure = draw(table, {})
    FigureCanvasAgg(figure).draw()
    assert len(figure.axes) == 16 and figure.axes[2].get_title(loc="left") == "hidden 1"
    layers = [axes for number, axes in enumerate(figure.axes) if number % 4 < 3 and axes.has_data()]
    assert len(layers) == 12 and len({axes.get_ylim() for axes in layers}) == 1
    rows = parts[0][0].set_index(["quantity", "layer"]).sort_index()
    shown = {line.get_marker(): list(line.get_ydata()) for line in figure.axes[2].lines}
    for name, (_, marker, _) in LOOKS.items():
        assert shown[marker] == rows.loc[(name, "hidden.1"), "value"].tolist()
    accuracy = figure.axes[3].lines[0].get_ydata()
    assert accuracy[2] == rows.loc[("probe_accuracy", "hidden.1"), "value"].iloc[-1]
    assert draw(table[:0], {}).axes == []


def table_of(runs=6, gain=0.0, linear=0.0, probe=0.0, kept=0.0, start=0.5):
    frames = []
    for run in range(runs):
        wiggle = 0.02 * (-1) ** run
        rows = [entry(0, "", "class_entropy", np.log(3))]
        for step in (0, 8):
            value = start + gain * (step == 8) + wiggle * (step == 8)
            rows.append(entry(step, "hidden.1", "class_components", value, 0.0, 0.05))
            rows.append(entry(step, "hidden.1", "class_discriminants", value + linear + wiggle, 0.0, 0.05))
            rows.append(entry(step, "hidden.1", "probe_information", value + probe + wiggle))
            rows.append(entry(step, "hidden.1", "probe_accuracy", 0.8, 0.33, 0.05))
            rows.append(entry(step, "hidden.1", "input_component", 0.3 + kept * (step == 8) + wiggle * step, 0.0, 0.05))
        frames.append(combine(rows).assign(experiment=f"mlp_{run}-digits", seed=0))
    return pd.concat(frames, ignore_index=True)


def test_what_is_said_of_planted_tables():
    gained = found(table_of(gain=0.4, linear=0.2, probe=0.1, kept=-0.5))
    assert "hold 0.88 to 0.92 nats on the class, 0.80 to 0.84 of its entropy, in 6 runs; in 6 of 6" in gained[0]
    assert "Training changed it by 0.40 (0.38 to 0.42; 6 runs); a gain" in gained[0]
    assert "more; more." in gained[0] and "the layer holds what its two components do not" in gained[0]
    assert "its accuracy is 0.80, of control labellings 0.33" in gained[0]
    assert "training changed that by -0.50" in gained[1] and "; a loss." in gained[1]
    lost = found(table_of(gain=-0.3, linear=-0.1, probe=-0.2, kept=0.5))
    assert "; a loss." in lost[0] and "; less." in lost[0] and "the bound is the weaker one" in lost[0]
    assert "; a gain." in lost[1]
    more = (
        "Two coordinates of the last hidden layer tell more of the class than chance (in 6 of 6 runs); training {} that"
    )
    assert sentence(table_of(gain=0.4)) == more.format("raised") + " (in 6 of 6 runs)."
    assert sentence(table_of(gain=-0.3)) == more.format("lowered") + " (in 6 of 6 runs)."


def test_of_no_difference_and_of_few_runs_it_is_undecided():
    null = found(table_of(start=0.05))
    assert "in 0 of 6 that is more than 2 deviations" in null[0] and null[0].count("undecided") == 3
    assert null[1].count("undecided") == 1
    assert "whether training raised that is undecided" in sentence(table_of())
    few = found(table_of(runs=2, gain=0.4, linear=0.2, probe=0.1))
    assert few[0].count("undecided") == 3 and "too few for an interval" in few[0]
    assert "not evaluable in any of 3 runs" in found(table_of(3).assign(value=np.nan))[0]
