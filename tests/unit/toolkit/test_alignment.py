"""The tool of brain alignment: layers that differ are told apart, copies are not, and little is said of little."""

import functools

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from torch import nn

from repdyn.measures.subject import Subject
from repdyn.measures.table import COLUMNS, combine, entry
from repdyn.report.quantities import quantity_names
from repdyn.roles import BLOCK, EMBEDDING, HIDDEN, OUTPUT
from repdyn.toolkit.alignment import measure as module
from repdyn.toolkit.alignment.figure import draw, scores
from repdyn.toolkit.alignment.findings import found, limits, sentence
from repdyn.toolkit.alignment.measure import measure
from repdyn.toolkit.alignment.subjects import simulated_subject

N, WIDTH = 72, 10
LAYERS = {"1": HIDDEN, "3": HIDDEN, "5": HIDDEN, "6": OUTPUT}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for name, value in {"SUBJECTS": 3, "UNITS": 6, "SHUFFLES": 3, "DRAWS": 20, "SNRS": (0.1, 1), "SHOWN": 1}.items():
        monkeypatch.setattr(module, name, value)


def subject(width: int = WIDTH, n: int = N, copies: bool = False) -> Subject:
    """Three layers of folded waves: each mixes the one before at a steep slope, or only passes it on (`copies`)."""
    rng = np.random.default_rng(1)
    model = nn.Sequential()
    for number in range(3):
        model.append(nn.Linear(width, width, bias=False))
        model.append(nn.ReLU() if copies and number else nn.Tanh() if not copies else nn.Sigmoid())
    model.append(nn.Linear(width, 2))
    states = {step: {name: value.clone() for name, value in model.state_dict().items()} for step in (0, 8)}
    for name in ("0.weight", "2.weight", "4.weight"):
        mixed = (
            np.eye(width) if copies and name != "0.weight" else 2.5 * rng.standard_normal((width, width)) / width**0.5
        )
        states[8][name] = torch.from_numpy(mixed).float()
    x = torch.from_numpy(rng.standard_normal((n, width))).float()
    return Subject(model, states, x, torch.arange(n) % 2, 2, ("test",), layers=LAYERS)


@functools.cache
def measured() -> pd.DataFrame:
    table, maps = measure(subject(), subject())
    assert maps == {}
    return table.assign(layer=table["layer"].astype(str), experiment="e", seed=0)


def value(table: pd.DataFrame, quantity: str, layer: str = "", step: int = 8):
    rows = table[(table["quantity"] == quantity) & (table["layer"] == layer) & (table["step"] == step)]
    return rows.sort_values("unit")["value"].to_numpy()


def test_the_right_layer_predicts_best_under_its_ceiling_and_controls_less():
    table = measured()
    interval = {"similarity_low", "similarity_high"}
    assert set(table["quantity"]) - interval == quantity_names("repdyn.toolkit.alignment", "measure")
    assert [value(table, "made_from", layer)[0] for layer in ("1", "3", "5")] == [0, 1, 0]
    for quantity in ("encoding", "partial_least_squares", "cca", "svcca", "pwcca", "similarity"):
        right = value(table, quantity, "3")[0]
        others = [value(table, quantity, layer)[0] for layer in ("1", "5")]
        assert right > max(others) + 0.03 and right > value(table, quantity, "3", 0)[0] + 0.03
        assert right > value(table, quantity, "input", 0)[0] + 0.03
        null = table[(table["quantity"] == quantity)]["null_mean"]
        assert abs(null.mean()) < 0.1 < right
    ceiling = value(table, "encoding_ceiling", "3")[0]
    assert ceiling == pytest.approx(np.sqrt(10 / 11), abs=0.03)
    assert ceiling - 0.1 < value(table, "encoding", "3")[0] < ceiling + 0.03
    lower, upper = (value(table, f"similarity_ceiling_{end}", "3")[0] for end in ("lower", "upper"))
    assert lower < upper and value(table, "similarity_low", "3")[0] < value(table, "similarity_high", "3")[0]
    assert value(table, "stimuli")[0] == N and value(table, "brains")[0] == 9


def test_layers_that_differ_are_told_apart_and_copies_are_not():
    assert value(measured(), "wrong_encoding")[1] <= 0.12
    layers = {name: x for name, x in subject(copies=True).examples(8).items() if name != "6"}
    drawn = [simulated_subject(layers, ("test", number), 6, 10, (0.1, 1)) for number in range(3)]
    picks = {str(each["quantity"][0]): each for each in module._picks(8, layers, drawn, ("test",))}
    assert picks["wrong_encoding_others"]["value"][1] > 0.3
    assert picks["wrong_encoding"]["null_mean"] == pytest.approx(2 / 3)


def test_subjects_are_alike_after_alignment_only():
    table = measured()
    aligned = table[table["quantity"] == "subjects_aligned"].iloc[0]
    assert abs(value(table, "subjects_alike", "3")[0]) < 0.2 < aligned["value"]
    assert abs(aligned["null_mean"]) < 0.2


@pytest.mark.parametrize("given", [{"width": 3}, {"n": 10}])
def test_narrow_layers_and_few_stimuli_are_not_evaluable(given):
    table, _ = measure(subject(**given), subject(**given))
    assert list(table.columns) == list(COLUMNS) and table["value"].isna().all() and len(table)
    table = table.assign(experiment="e", seed=0)
    assert all("not evaluable" in text for text in [sentence(table), *found(table)])
    figure = draw(table, {})
    assert sum("not evaluable" in text.get_text() for axes in figure.axes for text in axes.texts) == 3


def test_one_layer_has_no_wrong_pick():
    one = subject()
    one.roles = {"3": BLOCK, "6": OUTPUT}
    table, _ = measure(one, one)
    assert table.loc[table["quantity"].astype(str).str.startswith("wrong"), "value"].isna().all()
    assert "one layer to pick" in found(table.assign(experiment="e", seed=0))[2]


class Words(nn.Module):
    """Word vectors, their mean, and a layer of it."""

    def __init__(self):
        super().__init__()
        self.embed, self.hidden, self.out = nn.Embedding(30, 8), nn.Linear(8, 8), nn.Linear(8, 2)

    def forward(self, tokens):
        return self.out(torch.tanh(self.hidden(self.embed(tokens).mean(1))))


def test_of_texts_the_input_is_how_often_each_word_stands_there():
    model = Words()
    tokens = torch.from_numpy(np.random.default_rng(0).integers(0, 30, (40, 6)))
    states = {0: model.state_dict()}
    layers = {"embed": EMBEDDING, "hidden": HIDDEN, "out": OUTPUT}
    text = Subject(model, states, tokens, torch.arange(40) % 2, 2, layers=layers, valid=tokens > 0)
    seen = module._seen(text)
    expected = [[int((row == word).sum()) for word in range(1, 30)] for row in tokens.numpy()]
    np.testing.assert_array_equal(seen, np.array(expected)[:, np.any(expected, axis=0)])


def runs(right: list[float], untrained: float = 0.5) -> pd.DataFrame:
    tables = []
    for number, score in enumerate(right):
        entries = []
        for name, top in (("encoding", 0.9), ("partial_least_squares", 0.9), ("cca", 0.9), ("similarity", 0.9)):
            entries += [entry(8, "a", name, 0.4, 0), entry(8, "b", name, score, 0), entry(0, "b", name, untrained, 0)]
            entries += [entry(0, "input", name, 0.3, 0), entry(8, "b", f"{name}_ceiling", top)]
        entries += [entry(8, layer, "made_from", layer == "b") for layer in "ab"]
        entries += [entry(8, "b", f"similarity_ceiling_{end}", 0.8) for end in ("lower", "upper")]
        for name in module.PICKED_BY:
            entries.append(entry(8, "", f"wrong_{name}", [0.3, 0.1], 0.5))
        entries += [entry(8, "", "signal_to_noise", [0.1, 1]), entry(8, "", "signal_to_noise_shown", 1)]
        entries += [entry(8, "", name, 7) for name in ("stimuli", "brains", "subjects", "repeats")]
        entries += [entry(8, "b", "subjects_alike", 0.0), entry(8, "b", "subjects_aligned", 0.6, 0.01)]
        tables.append(combine(entries).assign(experiment=f"e{number}", seed=0))
    return pd.concat(tables, ignore_index=True)


def test_what_is_said_is_what_was_planted():
    encoding, distances, picks, subjects = found(runs([0.8, 0.82, 0.81]))
    assert "correlations of 0.80 to 0.82, under a ceiling of 0.90; the best wrong layer 0.40" in encoding
    assert "untrained 0.50, the input 0.30, shuffled stimuli 0.00" in encoding and encoding.count(": better") == 2
    assert "lower ceiling 0.80, upper 0.80" in distances and "Of 21 brains" in picks and "by encoding 0.10" in picks
    assert "at random 0.50" in picks and "by 0.60 (aligned to shuffled stimuli 0.01)" in subjects
    assert sentence(runs([0.8, 0.82, 0.81])) == (
        "The layer that a simulated brain is made from predicts it better than the same layer untrained (in 3 of 3 runs);"
        " the share of brains that a wrong layer predicts best is 0.10, and 0.10 where the units that they mix are not seen"
        " (at random 0.50)."
    )
    assert "undecided" in found(runs([0.4, 0.5, 0.6]))[0] and "easiest case" in limits(runs([0.5]))


def test_the_figure_has_the_right_layer_wrong_ones_the_untrained_network_the_input_and_the_ceiling():
    table = measured()
    figure = draw(table, {})
    FigureCanvasAgg(figure).draw()
    encoding, picks, similarity = figure.axes
    after, before, seen = scores(table, "encoding")
    heights = [bar.get_height() for bar in encoding.patches if hasattr(bar, "get_height")][:7]
    np.testing.assert_allclose(heights, [*after["value"], *before["value"], *seen["value"]])
    assert any(line.get_ydata()[0] == value(table, "encoding_ceiling", "3")[0] for line in encoding.lines)
    assert len([line for line in picks.lines if len(line.get_xdata()) == 2 and line.get_marker() != "None"]) == 4
    assert similarity.get_title(loc="left") == "distances between stimuli"
    assert not draw(table.iloc[:0], {}).axes
