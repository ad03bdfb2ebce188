"""The topology tool on tiny networks of each family, its figure, and what is said of planted tables."""

import functools

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from torch import nn

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.errors import StudyError
from repdyn.measures.subject import Subject
from repdyn.measures.table import COLUMNS, combine, entry
from repdyn.models import build
from repdyn.report.quantities import quantity_names
from repdyn.roles import HIDDEN, OUTPUT
from repdyn.toolkit import own_model, tools_for
from repdyn.toolkit.layers import clouds, looked_at
from repdyn.toolkit.topology import measure as module
from repdyn.toolkit.topology.figure import draw
from repdyn.toolkit.topology.findings import found, limits, sentence
from repdyn.toolkit.topology.measure import measure
from repdyn.topology.joins import joins

TEXT = {"kind": "text", "shape": (11,), "classes": 3, "vocabulary": 20}
CASES = {
    "mlp": ("mlp", SHAPE, ["input", "hidden.0", "hidden.1"]),
    "cnn": ("cnn", SHAPE, ["input", "blocks.0.relu", "blocks.1.relu"]),
    "transformer": ("transformer", SHAPE, ["input", "blocks.0", "blocks.1"]),
    "words": ("mlp", TEXT, ["embedding", "hidden.0", "hidden.1"]),
}
WITH_NULL = {f"{name}_{d}" for name in ("persistence", "longest") for d in (0, 1)}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for name, value in {"LANDMARKS": 50, "GAUSSIANS": 5, "DRAWS": 19}.items():
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
    return [Subject(model, states, *inputs(shape, size, size), 3, ("test", 0), (0, 8)) for size in (n, 24)]


@functools.cache
def measured(name):
    return measure(*subjects(name))


def framed(name, pair=None):
    table, maps = pair or measured(name)
    return table.assign(experiment=name, seed=0)[["experiment", "seed", *COLUMNS]], {f"{name}/0": maps}


@pytest.mark.parametrize("name", CASES)
def test_every_quantity_of_the_docstring_and_no_other_is_measured(name):
    table, maps = measured(name)
    assert (
        set(table["quantity"]) == quantity_names("repdyn.toolkit.topology", "measure")
        and tuple(table.columns) == COLUMNS
    )
    layers = CASES[name][2]
    assert (
        list(dict.fromkeys(table["layer"]))
        == layers
        == list(dict.fromkeys(layer for _, layer, _ in clouds(subjects(name)[0])))
    )
    assert set(table.loc[table["layer"] == layers[0], "step"]) == ({0} if layers[0] == "input" else {0, 8})
    assert set(table.loc[table["layer"] == layers[2], "step"]) == {0, 8}
    plain = table[~table["quantity"].astype(str).str.startswith("class_")]
    assert plain["unit"].isna().all()
    for (_, layer, quantity), rows in table[table["unit"].notna()].groupby(
        ["step", "layer", "quantity"], observed=True
    ):
        assert rows["unit"].tolist() == [0, 1, 2], (layer, quantity)
    has_null = table["quantity"].astype(str).str.removeprefix("class_").isin(WITH_NULL)
    assert table.loc[~has_null, ["null_mean", "null_sd"]].isna().all(axis=None)
    assert table.loc[has_null & table["value"].notna(), ["null_mean", "null_sd"]].notna().all(axis=None)
    assert set(maps) == {"first_0", "first_1", "last_0", "last_1"}
    value = plain.set_index(["step", "layer", "quantity"])["value"]
    for step, end in ((0, "first"), (8, "last")):
        length = np.diff(maps[f"{end}_1"])[:, 0]
        assert value[step, layers[2], "persistence_1"] == pytest.approx(length.sum())
        assert value[step, layers[2], "longest_1"] == pytest.approx(length.max())
        assert value[step, layers[2], "betti_1"] == (length > value[step, layers[2], "band"]).sum()
        assert len(maps[f"{end}_0"]) == min(50, value[step, layers[2], "points"])
    assert "topology" in tools_for(CASES[name][0])


def test_measured_twice_it_is_the_same_to_the_bit():
    table, maps = measure(*subjects("mlp"))
    pd.testing.assert_frame_equal(table, measured("mlp")[0])
    assert all((maps[key] == measured("mlp")[1][key]).all() for key in maps)


class Planted:
    """A subject whose input is what is planted, and whose layers are noise."""

    def __init__(self, x, labels):
        self.inputs, self.labels, self.classes = torch.from_numpy(x), labels, 2
        self.text, self.grid, self.key = False, [0], ("planted",)
        self.roles = {"hidden.0": HIDDEN, "output": OUTPUT}
        self.layers = list(self.roles)

    def examples(self, step):
        return {"hidden.0": np.random.default_rng(step).standard_normal((len(self.labels), 4))}


def planted(scale=1.0):
    rng = np.random.default_rng(0)
    labels = (np.arange(200) % 5 < 2).astype(int)
    angle = np.arange(200) * 2.4  # about the golden angle, which leaves no gap
    x = np.c_[np.cos(angle) + 6 * labels, np.sin(angle)] + 0.03 * rng.standard_normal((200, 2))
    return Planted(np.c_[x, np.zeros(200)] * scale + 5, labels)


def test_two_planted_circles_are_counted_and_their_classes_are_one_each(monkeypatch):
    monkeypatch.setattr(module, "LANDMARKS", 150)
    monkeypatch.setattr(module, "GAUSSIANS", 19)
    table = measure(planted(), None)[0].set_index(["layer", "quantity"])["value"]
    assert [float(table["input", name]) for name in ("betti_0", "betti_1", "beyond_1")] == [2, 2, 2]
    assert table["input", "class_betti_0"].tolist() == [1, 1] and table["input", "class_betti_1"].tolist() == [1, 1]
    assert table["input", "class_beyond_1"].tolist() == [1, 1] and table["input", "class_points"].tolist() == [120, 80]
    assert [float(table["hidden.0", name]) for name in ("betti_0", "betti_1", "beyond_1")] == [1, 0, 0]
    # From the largest gap up to the square root of 3: shorter with fewer points.
    assert table["input", "class_longest_1"].tolist() == pytest.approx([1.4, 1.3], abs=0.1)
    larger = measure(planted(1000.0), None)[0].set_index(["layer", "quantity"])["value"]
    assert larger["input"].tolist() == pytest.approx(table["input"].tolist(), rel=1e-6)


def test_loops_beyond_gaussians_are_as_rare_as_the_test_says(monkeypatch):
    monkeypatch.setattr(module, "GAUSSIANS", 19)
    counts = []
    for seed in range(60):
        x = np.random.default_rng(seed).standard_normal((40, 3))
        counts.append(module._cloud(x, (seed,))[0][[4, 5]])
    assert module.QUANTITIES[4:6] == ("beyond_0", "beyond_1")
    assert (np.mean(np.array(counts) > 0, axis=0) <= 0.15).all() and np.sum(counts) > 0


def test_clusters_that_no_gaussian_has_are_parts_beyond(monkeypatch):
    monkeypatch.setattr(module, "LANDMARKS", 100)
    monkeypatch.setattr(module, "GAUSSIANS", 19)
    rng = np.random.default_rng(0)
    x = np.repeat(25 * np.eye(4, 10), 40, axis=0) + 0.5 * rng.standard_normal((160, 10))
    value = dict(zip(module.QUANTITIES, module._cloud(x, ("c",))[0], strict=True))
    assert (value["betti_0"], value["beyond_0"], value["beyond_1"]) == (4, 3, 0)


def test_more_examples_than_allowed_are_a_seeded_draw(monkeypatch):
    monkeypatch.setattr(module, "ROWS", 90)
    table = measure(planted(), None)[0]
    assert (table.loc[table["quantity"] == "points", "value"] == 90).all()


def test_a_constant_layer_or_too_few_rows_are_not_evaluable():
    def dead(state):
        for key in [key for key in state if key.startswith(("stack.hidden.1", "hidden.1"))]:
            state[key][:] = 0

    for pair in (subjects("mlp", change=dead), subjects("mlp", n=27)):
        table, maps = measure(*pair)
        assert not {"last_0", "last_1"} & set(maps)
        last = table[(table["step"] == 8) & (table["layer"] == looked_at(pair[0])[-1])]
        counted = last["quantity"].isin(["points", "class_points"])
        assert last.loc[~counted, "value"].isna().all() and (last.loc[counted, "value"] < 30).all()
        shown = framed("mlp", (table, maps))
        assert "not evaluable" in " ".join(found(shown[0]))
        figure = draw(*shown)
        FigureCanvasAgg(figure).draw()
        assert "not evaluable" in " ".join(text.get_text() for axes in figure.axes for text in axes.texts)


def test_the_figure_shows_the_numbers_of_the_table():
    parts = [framed(name) for name in CASES]
    maps = {key: arrays for part in parts for key, arrays in part[1].items()}
    table = pd.concat([part[0].astype({"layer": object, "quantity": object}) for part in parts], ignore_index=True)
    figure = draw(table, maps)
    FigureCanvasAgg(figure).draw()
    assert len(figure.axes) == 16
    diagram, longest, beyond, through = figure.axes[:4]
    assert len(diagram.lines[2].get_xdata()) == len(maps["mlp/0"]["last_1"])
    rows = parts[0][0].set_index(["quantity", "layer"]).sort_index()
    assert longest.lines[2].get_ydata().tolist() == rows.loc[("longest_1", "hidden.1"), "value"].tolist()
    assert longest.lines[0].get_xdata().tolist() == [0, 8]
    assert beyond.lines[1].get_ydata().tolist() == rows.loc[("beyond_1", "hidden.0"), "value"].tolist()
    labels = [tick.get_text() for tick in through.get_xticklabels()]
    assert labels == ["input", "hidden\n0", "hidden\n1"]
    classes = rows.loc[("class_persistence_1", "hidden.1")]
    classes = classes[classes["step"] == 8]
    ratio = (classes["value"] / classes["null_mean"]).to_numpy(float)
    assert through.lines[-2].get_ydata()[-1] == pytest.approx(np.nanmean(ratio[np.isfinite(ratio)]))
    assert draw(table[:0], {}).axes == []


def give(value, k):
    return value if k is None else np.full(k, value)


def table_of(runs=6, loops=0, ratio=0.0, beyond=0, excess=0.0):
    """Runs whose classes have `loops` at the input that are gone in the last layer, and there `ratio` less persistence."""
    frames = []
    for run in range(runs):
        rows = []
        wiggle = 0.02 * (-1) ** run
        for step, layer in ((0, "input"), (0, "hidden.1"), (8, "hidden.1")):
            end = step == 8
            for prefix, k in (("", None), ("class_", 3)):
                rows.append(entry(step, layer, f"{prefix}points", give(60.0, k)))
                rows.append(entry(step, layer, f"{prefix}betti_0", give(1.0, k)))
                rows.append(entry(step, layer, f"{prefix}betti_1", give(float(loops * (layer == "input")), k)))
                rows.append(entry(step, layer, f"{prefix}beyond_0", give(0.0, k)))
                rows.append(entry(step, layer, f"{prefix}beyond_1", give(float(beyond * end), k)))
                rows.append(entry(step, layer, f"{prefix}longest_1", give(0.2 + end * excess + wiggle, k), 0.2, 0.05))
                value = 2 * (1 - ratio * end) + wiggle * (1 + end)
                rows.append(entry(step, layer, f"{prefix}persistence_1", give(value, k), 2.0, 0.1))
        frames.append(combine(rows).assign(experiment=f"mlp_{run}-digits", seed=0))
    return pd.concat(frames, ignore_index=True)


def test_what_is_said_of_planted_tables():
    planted = found(table_of(loops=2, ratio=0.3, beyond=1, excess=0.1))
    assert "6 of 6 runs have a loop longer than any of theirs, at initialisation 0 of 6" in planted[0]
    assert "0.10 (0.08 to 0.12; 6 runs) radii on average; longer" in planted[0]
    assert "change by -2.00 (-2.00 to -2.00; 6 runs)" in planted[1]
    assert "to the last hidden layer; simpler" in planted[1]
    assert "changes by -0.30 (" in planted[1] and "of trained networks; simpler" in planted[1]
    assert "so training adds -0.30" in planted[1] and planted[1].endswith("; simpler.")
    assert "60 to 60" in limits(table_of(loops=2))
    assert sentence(table_of(ratio=0.3)) == (
        "Nothing was found: as far as noise lets see, the last hidden layer is one part without a loop in all of 6 runs; the"
        " loops of a class shrink from the input to the last hidden layer, next to those of noise of its covariance"
        " (in 6 of 6 runs)."
    )
    looped = table_of()
    looped.loc[
        (looped["quantity"] == "betti_1") & (looped["step"] == 8) & (looped["experiment"] < "mlp_2"), "value"
    ] = 1
    assert sentence(looped).startswith(
        "After training the last hidden layer has a second part or a loop, beyond noise, in 2 of 6"
    )
    risen = found(table_of(ratio=-0.3))
    assert "of trained networks; more complex" in risen[1] and "nothing that could simplify; undecided" in risen[1]


def test_of_no_difference_and_of_few_runs_it_is_undecided():
    null = found(table_of())
    assert "0 of 6 runs have a loop" in null[0] and "radii on average; undecided" in null[0]
    assert null[1].count("undecided") == 3 and "simpler" not in null[1]
    assert "whether the loops of a class grow" in sentence(table_of()) and "undecided" in sentence(table_of())
    few = found(table_of(runs=2, loops=2, ratio=0.3, beyond=1, excess=0.1))
    assert "too few for an interval" in few[0] and few[1].count("undecided") == 3
    assert "not evaluable in any of 2 runs" in found(table_of(2).assign(value=np.nan))[0]


def linked_rings(n, rng):
    """One ring through the other: no plane and no distance to the mean tells them apart."""
    angle, side = rng.uniform(0, 2 * np.pi, n), np.arange(n) < n // 2
    x = np.stack([np.cos(angle), np.where(side, np.sin(angle), 0), np.where(side, 0, np.sin(angle))], axis=1)
    return x + np.outer(~side, [1, 0, 0]) + 0.03 * rng.standard_normal((n, 3))


def test_two_linked_rings_are_two_parts(monkeypatch):
    monkeypatch.setattr(module, "LANDMARKS", 150)
    for seed in range(4):
        x = linked_rings(300, np.random.default_rng(seed))
        value = dict(zip(module.QUANTITIES, module._cloud(x, ("rings", seed))[0], strict=True))
        assert (value["beyond_0"], value["beyond_1"]) == (1, 2)


def test_joins_are_the_late_merges_of_large_clusters():
    x = np.array([0.0, 1, 2, 10, 11, 12, 30])[:, None]
    assert joins(x, 1).tolist() == [18, 8, 1, 1, 1, 1] and joins(x, 2).tolist() == [8] and joins(x, 4).tolist() == []
    with pytest.raises(StudyError, match="clusters of 7 points have 1 to 7, not 0"):
        joins(x, 0)


def telling(x, labels, seed):
    """A network of tanh units before and after it has learnt to tell two classes, as the tool is given it."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = [each for width in (3, 16, 16) for each in (nn.Linear(width, 16), nn.Tanh())]
        model = nn.Sequential(*layers, nn.Linear(16, 2))
    x, labels = torch.tensor(x, dtype=torch.float32), torch.from_numpy(labels)
    states = {0: {key: value.clone() for key, value in model.state_dict().items()}}
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(600):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), labels).backward()
        optimizer.step()
    assert (model(x).argmax(1) == labels).all()
    states[600] = model.state_dict()
    roles = {"1": HIDDEN, "3": HIDDEN, "5": HIDDEN, "6": OUTPUT}
    return own_model.subjects(model, states, (x, labels), (x, labels), roles, key=("rings", seed))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_linked_rings_are_two_loops_until_training_takes_them_apart(monkeypatch, seed):
    """Naitzat 2020: topology simplifies through the layers of a trained network, and only there."""
    monkeypatch.setattr(module, "LANDMARKS", 120)
    monkeypatch.setattr(module, "GAUSSIANS", 19)
    rings = linked_rings(240, np.random.default_rng(seed))
    table = measure(*telling(rings, (np.arange(240) >= 120).astype(int), seed))[0]
    value = table.set_index(["step", "layer", "quantity"]).sort_index()["value"]
    for step, layer in ((0, "input"), (0, "3"), (0, "5")):
        assert value[step, layer, "class_beyond_1"].tolist() == [1, 1]
        assert value[step, layer, "class_longest_1"].min() > 0.8  # a circle's is the root of 3 at most
    assert value[0, "input", "beyond_0"].item() == 1 and value[0, "input", "beyond_1"].item() == 2
    assert value[600, "5", "beyond_0"].item() == 1  # two parts, and what is left of the rings is short
    assert value[600, "5", "class_longest_1"].max() < 0.5


def test_classes_without_a_loop_are_given_none_by_any_layer(monkeypatch):
    monkeypatch.setattr(module, "LANDMARKS", 120)
    monkeypatch.setattr(module, "GAUSSIANS", 19)
    labels = (np.arange(240) >= 120).astype(int)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((240, 3)) + 6 * labels[:, None]
    table = measure(*telling(x, labels, 0))[0]
    loops = table[(table["quantity"] == "class_beyond_1") & (table["step"] == 0)]
    assert len(loops) == 6 and loops["value"].sum() <= 1  # of six tests at 5 %
    assert (table.loc[table["quantity"] == "class_longest_1", "value"] < 0.5).all()
