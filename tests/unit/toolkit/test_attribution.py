"""The attribution tool on tiny networks of each family and input, its figure, and what is said of planted tables."""

import functools

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.attribution.agreement import rank_agreement
from repdyn.attribution.case import attributions, case_of
from repdyn.attribution.randomisation import reinitialised, stages
from repdyn.attribution.removal import area
from repdyn.measures.subject import Subject
from repdyn.measures.table import COLUMNS
from repdyn.models import build
from repdyn.report.quantities import quantity_names
from repdyn.seeds import derive
from repdyn.toolkit import tools_for
from repdyn.toolkit.attribution import measure as module
from repdyn.toolkit.attribution.figure import draw
from repdyn.toolkit.attribution.findings import found, sentence
from repdyn.toolkit.attribution.measure import measure, stratified

TEXT = {"kind": "text", "shape": (11,), "classes": 3, "vocabulary": 20}
VECTOR = {"kind": "vector", "shape": (10,), "classes": 3}
CASES = {
    "mlp": ("mlp", SHAPE),
    "cnn": ("cnn", SHAPE),
    "transformer": ("transformer", SHAPE),
    "words": ("mlp", TEXT),
    "tokens": ("transformer", TEXT),
    "vectors": ("mlp", VECTOR),
}
EVERYWHERE = ("saliency", "gradient_x_input", "integrated_gradients")
METHODS = {name: EVERYWHERE for name in CASES}
METHODS |= {name: (*EVERYWHERE, "lrp_z_plus", "deeplift") for name in ("mlp", "words", "vectors")}
METHODS["cnn"] = (*EVERYWHERE, "grad_cam", "lrp_z_plus", "deeplift")


def inputs(shape, n, seed):
    rng = np.random.default_rng(seed)
    labels = torch.from_numpy(np.arange(n) % 3)
    if shape["kind"] == "image":
        return data(n, seed)
    if shape["kind"] == "vector":
        return torch.from_numpy(rng.standard_normal((n, 10), dtype=np.float32)), labels
    tokens = rng.integers(1, 20, (n, 11))
    tokens[np.arange(11) >= rng.integers(4, 12, (n, 1))] = 0
    return torch.from_numpy(tokens), labels


def subjects(name, broken=None):
    family, shape = CASES[name]
    states = {}
    for step in (0, 2, 8):
        with torch.random.fork_rng():
            torch.manual_seed(step)
            model = build(NETWORKS[family], **shape)
        states[step] = {key: value.clone() for key, value in model.state_dict().items()}
    if broken is not None:
        states[broken]["output.bias"][:] = torch.nan
    return [Subject(model, states, *inputs(shape, n, n), 3, ("test", 0), (0, 8)) for n in (30, 24)]


SMALL = {
    "EXAMPLES": 6,
    "SHAPLEY_EXAMPLES": 3,
    "POINTS": 24,
    "COALITIONS": 40,
    "NOISE": 16,
    "ORDERS": 2,
    "LEVELS": 5,
    "SIDE": 2,
    "GROUPS": 4,
}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for name, value in SMALL.items():
        monkeypatch.setattr(module, name, value)


@functools.cache
def measured(name, broken=None):
    return measure(*subjects(name, broken))


def documented(methods):
    """The quantities that the docstring lists, for the methods that fit."""
    names = set()
    for one in quantity_names("repdyn.toolkit.attribution", "measure"):
        other = [(a, b) for i, a in enumerate(methods) for b in methods[i + 1 :]]
        if "<other method>" in one:
            names |= {f"agreement/{a}/{b}" for a, b in other}
        elif "<surrogate>" in one:
            names |= {one.replace("<surrogate>", fit) for fit in ("kernel_shap", "lime")}
        elif "<method>" in one:
            names |= {one.replace("<method>", method) for method in methods}
        else:
            names.add(one)
    return names


def frame(name, broken=None):
    table, maps = measured(name, broken)
    table = table.copy()
    table.insert(0, "experiment", name)
    table.insert(1, "seed", 0)
    return table, {f"{name}/0": maps}


@pytest.mark.parametrize("name", CASES)
def test_every_quantity_of_the_docstring_and_no_other_is_measured(name):
    methods = METHODS[name]
    table, maps = measured(name)
    assert tuple(table.columns) == COLUMNS
    expected = documented(methods)
    if "lrp_z_plus" not in methods:
        expected -= {"completeness/lrp_z_plus", "completeness/deeplift"}
    if CASES[name][1] is TEXT:
        expected -= {"maximised/gain", "maximised/cosine"}
    if CASES[name][1] is not SHAPE:
        expected -= {"maximised/natural_gain", "maximised/natural_cosine"}
    assert set(table["quantity"]) == expected
    value = table.set_index(["step", "quantity"])["value"]
    for step in (0, 8):
        assert value[step, "completeness/shapley"] < 1e-4
        assert value[step, "completeness/integrated_gradients"] < 0.2
        assert value[step, "completeness/kernel_shap"] < 1e-4
        assert value[step, "shapley/kernel_shap"] > 0.7 < value[step, "repeated/kernel_shap"]
        assert "deeplift" not in methods or value[step, "completeness/deeplift"] < 1e-3
        assert value[step, "deletion/integrated_gradients"] > 0 < value[step, "insertion/integrated_gradients"]
    for method in methods:
        between = area(maps["curve/random"][None]) - area(maps[f"curve/{method}"][None])
        assert value[8, f"deletion/{method}"] == pytest.approx(between[0], abs=1e-5)
    kept = table[table["quantity"].astype(str).str.startswith("kept/")]
    assert (kept["step"] == 8).all() and (kept["reference"] == 0).all() and len(kept) == len(methods)
    sanity = table[table["quantity"] == "sanity/saliency"]
    assert (sanity["step"] == 8).all()
    last = "blocks.0" if name == "cnn" else "hidden.0" if name in ("mlp", "vectors") else sanity["layer"].iloc[-1]
    assert sanity["layer"].iloc[0] == "output" and sanity["layer"].iloc[-1] == last
    shape = CASES[name][1]["shape"][-2:] if CASES[name][1] is SHAPE else CASES[name][1]["shape"]
    assert {key for key in maps if key.startswith("map/")} == {f"map/{method}" for method in methods}
    assert all(maps[f"map/{method}"].shape == (2, *shape) for method in methods)
    assert maps["curve/random"].shape == maps["curve/saliency"].shape == (6,)
    assert abs(maps["curve/random"][-1]) < 1e-5 and abs(maps["curve/saliency"][-1]) < 1e-5
    assert ("maximised" in maps) == (CASES[name][1] is not TEXT)
    assert ("natural" in maps) == (CASES[name][1] is SHAPE)
    assert "attribution" in tools_for(CASES[name][0])


@pytest.mark.parametrize("name", ["cnn", "tokens"])
def test_measured_twice_it_is_the_same_to_the_bit(name):
    table, maps = measured(name)
    again, same = measure(*subjects(name))
    assert again.equals(table)
    assert all(np.array_equal(same[key], maps[key], equal_nan=True) for key in maps)


@pytest.mark.parametrize("name", ["mlp", "tokens"])
def test_the_last_sanity_check_redraws_all_layers(name):
    held_out, training = subjects(name)
    rng = np.random.default_rng(derive(*held_out.key, "attribution examples"))
    rows = stratified(held_out.labels, 6, rng)
    model = held_out.model(8)
    redrawn = reinitialised(model, stages(model), derive(*held_out.key, "attribution redrawn"))
    targets = torch.from_numpy(held_out.labels[rows])
    cases = [case_of(network, held_out.inputs[rows], targets, training.inputs, None) for network in (model, redrawn)]
    trained, other = (np.abs(attributions(case, 24)["gradient_x_input"]) for case in cases)
    table = measured(name)[0]
    row = table[table["quantity"] == "sanity/gradient_x_input"].iloc[-1]
    expected = rank_agreement(trained, other)
    assert (row["value"], row["null_mean"], row["null_sd"]) == pytest.approx(tuple(expected))


def test_baselines_are_the_mean_of_training_without_padding():
    held_out, training = subjects("words")
    model = held_out.model(0)
    case = case_of(model, held_out.inputs[:4], torch.zeros(4, dtype=torch.int64), training.inputs, None)
    words = model.embedding.words.weight[training.inputs[training.inputs != 0]].mean(0)
    torch.testing.assert_close(case.baseline[0, 0], words.detach())
    assert torch.equal(case.known, held_out.inputs[:4] != 0) and not case.other.any()
    held_out, training = subjects("cnn")
    case = case_of(held_out.model(0), held_out.inputs[:4], torch.zeros(4, dtype=torch.int64), training.inputs, None)
    torch.testing.assert_close(case.baseline[0], training.inputs.mean(0))
    assert case.other.unique().tolist() == [training.inputs.min().item()]


def test_a_step_without_finite_outputs_has_no_rows():
    table, maps = measured("mlp", 8)
    assert set(table["step"]) == {0} and maps == {}
    table, maps = measured("mlp", 0)
    assert set(table["step"]) == {8} and "map/saliency" in maps
    assert not table["quantity"].astype(str).str.startswith("kept").any()


def test_examples_are_drawn_with_equal_classes_and_not_the_first():
    labels = np.repeat([0, 1, 2], [50, 30, 4])
    rows = stratified(labels, 12, np.random.default_rng(0))
    assert np.bincount(labels[rows]).tolist() == [4, 4, 4] and len(set(rows)) == 12
    assert np.bincount(labels[rows[:6]]).tolist() == [2, 2, 2]
    assert rows[labels[rows] == 0].tolist() != [0, 1, 2, 3]
    assert sorted(stratified(labels, 200, np.random.default_rng(0))) == list(range(84))


@pytest.fixture
def drawn():
    frames = [frame(name) for name in ("mlp", "words", "cnn")]
    return pd.concat([table for table, _ in frames]), {key: value for _, maps in frames for key, value in maps.items()}


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_the_figure_holds_what_was_measured(drawn):
    table, maps = drawn
    figure = draw(table, maps)
    FigureCanvasAgg(figure).draw()
    assert [text.get_text() for text in figure.texts] == ["mlp", "words", "cnn"]
    start = titles(figure).index("deletion")
    curve, sanity, groups = figure.axes[start : start + 3]
    np.testing.assert_allclose(curve.lines[0].get_ydata(), maps["mlp/0"]["curve/saliency"])
    mine = table[table["experiment"] == "mlp"].set_index("quantity")["value"]
    assert sanity.lines[0].get_ydata().tolist() == [1, *mine["sanity/saliency"]]
    ends = table[(table["experiment"] == "mlp") & (table["step"] == 8)].set_index("quantity")["value"]
    drawn_groups = dict(zip([tick.get_text() for tick in groups.get_yticklabels()], groups.lines, strict=False))
    assert drawn_groups["KernelSHAP"].get_xdata().tolist() == [ends["shapley/kernel_shap"]]
    assert drawn_groups["DeepLIFT"].get_xdata().tolist() == [ends["shapley/deeplift"]]
    images = [axes for axes in figure.axes[:start] if axes.images]
    np.testing.assert_array_equal(images[0].images[0].get_array(), maps["mlp/0"]["input"][0, 0])
    np.testing.assert_array_equal(images[2].images[0].get_array(), maps["mlp/0"]["map/saliency"][0])
    words = [axes for axes in figure.axes if axes.get_title(loc="left").startswith("example")]
    assert len(words) == 2 and len(words[0].get_yticklabels()) == 5
    assert words[0].images[0].get_array().shape == (5, 11)


def test_the_figure_of_nothing_and_of_a_run_that_broke(drawn):
    assert "No attribution" in draw(drawn[0][:0], {}).texts[0].get_text()
    table, maps = frame("mlp", 8)
    figure = draw(table, maps)
    FigureCanvasAgg(figure).draw()
    said = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert said == ["No maps: the output was not finite at the last step.", "not evaluable", "not evaluable"]
    assert len(found(table)) == 4


def planted(values, runs=4, spread=0.0):
    """A table of runs with {(step, layer, quantity): (value, null mean, null sd)}."""
    rows = [
        {"experiment": f"run{i}", "seed": 0, "step": step, "layer": layer, "unit": pd.NA, "quantity": quantity,
         "value": value + spread * (i - (runs - 1) / 2), "null_mean": mean, "null_sd": sd}
        for i in range(runs)
        for (step, layer, quantity), (value, mean, sd) in values.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_what_is_said_of_a_planted_effect():
    values = {
        (0, "", "deletion/saliency"): (0.0, 0, 0.1),
        (8, "", "deletion/saliency"): (0.5, 0, 0.05),
        (8, "", "deletion/grad_cam"): (-0.5, 0, 0.05),
        (8, "", "kept/saliency"): (0.1, 0.1, 0.02),
        (8, "output", "sanity/saliency"): (0.8, 0.1, 0.02),
        (8, "hidden.0", "sanity/saliency"): (0.11, 0.1, 0.02),
        (8, "hidden.0", "sanity/grad_cam"): (0.9, 0.1, 0.02),
        (8, "", "completeness/integrated_gradients"): (0.002, np.nan, np.nan),
        (8, "", "completeness/deeplift"): (1e-6, np.nan, np.nan),
        (8, "", "shapley/saliency"): (0.7, 0.1, 0.1),
        (8, "", "shapley/lime"): (0.8, 0.1, 0.1),
        (8, "", "repeated/lime"): (0.7, 0.1, 0.1),
        (8, "", "completeness/lime"): (0.05, np.nan, np.nan),
        (8, "", "agreement/saliency/grad_cam"): (0.3, 0, 0.1),
        (8, "", "baseline/integrated_gradients"): (0.6, 0, 0.1),
        (8, "", "constant/saliency"): (0.3, np.nan, np.nan),
        (8, "", "constant/grad_cam"): (0.7, np.nan, np.nan),
        (8, "hidden.0", "maximised/gain"): (2.5, 0.1, 0.1),
        (8, "hidden.0", "maximised/cosine"): (0.5, 0.1, 0.1),
    }
    table = planted(values)
    deletion, sanity, checks, units = found(table)
    assert (
        "in 4 runs" in deletion and "saliency in 4 of 4 runs, mean area gained 0.50 (0.50 to 0.50), above 0" in deletion
    )
    assert "Grad-CAM in 0 of 4 runs (slower than random in run0, run1, run2, run3)" in deletion
    assert "-0.50 (-0.50 to -0.50), below 0" in deletion
    assert "first measured step it was so for saliency 0 of 4 runs" in deletion
    assert "saliency in 0 of 4 runs (mean rank correlation 0.11, of maps of other examples 0.10)" in sanity
    assert "like those of the first step in 0 of 4; Grad-CAM in 4 of 4 runs (mean rank correlation 0.90" in sanity
    assert "maps of Grad-CAM show there more of the input" in sanity
    assert "by 0.2 to 0.2 % (4 runs)" in checks and "saliency 0.60 (0.60 to 0.60), above 0" in checks
    assert "DeepLIFT misses it by 0.0001 to 0.0001 %" in checks and "KernelSHAP" not in checks
    assert (
        "LIME from a few coalitions orders groups as exact Shapley values do with a rank correlation of 0.80" in checks
    )
    assert (
        "as a second fit does with 0.70 (0.70 to 0.70); its numbers miss the change of the output by 5 % at most"
        in checks
    )
    assert "least for saliency and Grad-CAM (0.30)" in checks and "keep 0.60 (0.60 to 0.60)" in checks
    assert "Most maps have one value only and rank nothing for Grad-CAM in run0 (70 %)" in checks
    assert "2.5 to 2.5 times" in units and "0.40 (0.40 to 0.40), above 0" in units
    assert sentence(table) == (
        "Replaced in the order of a map, features take the output down faster than in random order by saliency in 4 of 4"
        " runs; maps of Grad-CAM keep more than half of their order in a network with random weights, and so show there more"
        " of the input than of what was learned."
    )
    two = found(table[table["experiment"].isin(["run0", "run1"])])
    assert "0.50 (fewer than 3 runs: no interval)" in two[0]


def test_what_is_said_of_nothing():
    values = {
        (8, "", "deletion/saliency"): (0.05, 0, 0.06),
        (8, "hidden.0", "sanity/saliency"): (0.12, 0.1, 0.1),
        (8, "hidden.0", "sanity/grad_cam"): (np.nan, np.nan, np.nan),
        (8, "hidden.0", "maximised/cosine"): (0.1, 0.1, 0.1),
        (8, "hidden.0", "maximised/gain"): (1.0, 0.1, 0.1),
    }
    deletion, sanity, checks, units = found(planted(values, spread=0.05))
    assert "saliency in 0 of 4 runs, mean area gained 0.05" in deletion and "undecided" in deletion
    assert "saliency in 0 of 4 runs" in sanity and "Grad-CAM in 0 of 0 (4 not evaluable) runs" in sanity
    assert "In no run do maps keep more than half of their order" in sanity
    assert checks == "Checks: not evaluable."
    assert "undecided" in units
    assert sentence(planted(values, spread=0.05)) == (
        "Nothing was found: in the order of no map do features take the output down faster than in random order; no map"
        " keeps more than half of its order in a network with random weights."
    )
    assert found(planted(values)[:0]) == ["No attribution was measured in this study."]
    assert "not evaluable" in found(planted({(8, "", "deletion/saliency"): (0.05, 0, 0.05)}))[3]
