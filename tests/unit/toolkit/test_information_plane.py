"""The information-plane tool on planted layers and tiny networks, its figure, and what is said of planted tables."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.measures.subject import Subject
from repdyn.measures.table import COLUMNS, combine, entry
from repdyn.models import build
from repdyn.report.quantities import described, is_described
from repdyn.roles import HIDDEN, OUTPUT
from repdyn.toolkit.information_plane import measure as module
from repdyn.toolkit.information_plane.figure import CRITICS, draw
from repdyn.toolkit.information_plane.findings import found, limits, sentence
from repdyn.toolkit.information_plane.measure import measure


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(module, "CRITIC_UPDATES", 10)


class Planted:
    """Three layers: one that knows the class and the input, one that knows the class, one that knows nothing."""

    def __init__(self, seed, n=300):
        rng = np.random.default_rng(seed)
        self.labels, self.classes = np.arange(n) % 3, 3
        x = rng.standard_normal((n, 5)) * [3, 1, 1, 1, 1]
        code = 6 * np.eye(3)[self.labels]
        self.inputs = torch.from_numpy(np.c_[x, code])
        self.layer = {
            "both": np.c_[x, code],
            "class": code + 0.1 * rng.standard_normal((n, 3)),
            "nothing": rng.standard_normal((n, 3)),
        }
        self.text, self.grid, self.key = False, [0, 9], ("planted",)
        self.roles = {"both": HIDDEN, "class": HIDDEN, "nothing": HIDDEN, "output": OUTPUT}

    def examples(self, step):
        return self.layer


@pytest.fixture(scope="module")
def planted():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CRITIC_UPDATES", 100)
        return measure(Planted(0), Planted(1))


def framed(table):
    return table.assign(experiment="planted", seed=0)[["experiment", "seed", *COLUMNS]]


def test_every_quantity_of_the_docstring_and_no_other_is_measured(planted):
    table, maps = planted
    known = described("repdyn.toolkit.information_plane", "measure").quantities
    assert maps == {} and tuple(table.columns) == COLUMNS
    assert table["unit"].isna().tolist() == [not str(name).startswith("code_") for name in table["quantity"]]
    assert all(is_described(name, known) for name in table["quantity"].unique())
    named = {name for quantity in known for name in quantity.names}
    assert {str(name).split("/")[0] for name in table["quantity"].unique()} == {name.split("/")[0] for name in named}


def test_planted_layers_are_told_apart(planted):
    table = planted[0][planted[0]["step"] == 9].set_index(["layer", "quantity"])
    value, null = table["value"], table["null_mean"]
    for layer in ("both", "class"):
        assert value[layer, "class_information"] > 0.4
        assert null[layer, "class_information"] < 0.02
    assert abs(value["nothing", "class_information"]) < 0.06
    # Three tight clouds: which of them is all that noise leaves of the input; the same rows in fine bins are all apart.
    assert 0.3 < value["class", "input_information"] < value["both", "input_information"]
    assert value["nothing", "input_information_at/3"] < value["nothing", "input_information_at/0.3"] < np.log(300)
    assert value["class", "binned_information/100"] > np.log(300) - 0.5
    assert value["", "class_rise"] <= 3
    assert value["nothing", "class_mine"] < 0.1 and value["nothing", "input_mine"] < 0.15
    assert (table.loc["nothing"].loc[["class_mine", "input_infonce"], "null_mean"].abs() < 0.1).all()


def test_critics_read_what_they_were_not_fitted_to(monkeypatch):
    monkeypatch.setattr(module, "CRITIC_UPDATES", 150)
    monkeypatch.setattr(module, "NOISE", 0.1)
    held_out, training = Planted(0), Planted(1)
    for each in (held_out, training):
        each.roles, each.grid = {"both": HIDDEN, "output": OUTPUT}, [9]
    seen = []

    def watched(x, y, use, *rest, right=module.critic_bounds):
        seen.append((x, use))
        return right(x, y, use, *rest)

    monkeypatch.setattr(module, "critic_bounds", watched)
    table = measure(held_out, training)[0].set_index(["layer", "quantity"])["value"]
    assert table["both", "class_mine"] > 0.8 and table["both", "input_mine"] > 0.5
    assert table["both", "class_mine"] < np.log(3) + 0.05
    x, use = seen[0]
    fitted = x[use == module.FIT]
    assert len(fitted) == 300 and abs(fitted[:, 0] - training.layer["both"][:, 0]).max() < 1.5
    assert (np.bincount(use) == [300, 150, 150]).all()


def subject(n, seed, change=lambda state: None):
    states = {}
    for step in (0, 8):
        with torch.random.fork_rng():
            torch.manual_seed(step)
            model = build(NETWORKS["mlp"], **SHAPE)
        states[step] = {key: value.clone() for key, value in model.state_dict().items()}
    change(states[8])
    return Subject(model, states, *data(n, seed), 3, ("test", 0), (0, 8))


def test_a_network_that_dies_is_not_evaluable_and_the_figure_says_so():
    def dead(state):
        for key in [key for key in state if "hidden" in key]:
            state[key][:] = 0

    table, _ = measure(subject(90, 0, dead), subject(60, 1, dead))
    last = table[(table["step"] == 8) & (table["layer"] == "hidden.1")].set_index("quantity")["value"]
    sizes = last.pop("code_size")
    assert last.isna().all() and len(last) == 18 + 3 * len(sizes)
    assert "not evaluable in any of 1 run" in found(framed(table))[0] == sentence(framed(table))
    FigureCanvasAgg(draw(framed(table), {})).draw()


def test_measured_twice_it_is_the_same_to_the_bit():
    one, two = (measure(subject(60, 0), subject(40, 1))[0] for _ in range(2))
    pd.testing.assert_frame_equal(one, two)


def test_more_examples_than_allowed_are_a_seeded_draw_and_layers_are_evenly_chosen(monkeypatch, planted):
    monkeypatch.setattr(module, "ROWS", 100)
    table = measure(Planted(0), Planted(1))[0].set_index(["layer", "quantity"])["value"]
    assert table["", "most_information"] == pytest.approx(np.log(100))
    assert module._chosen(list("abcdefg")) == list("aceg") and module._chosen(["a", "b"]) == ["a", "b"]


def test_the_figure_shows_the_numbers_of_the_table(planted):
    table = framed(planted[0])
    figure = draw(table, {})
    FigureCanvasAgg(figure).draw()
    assert len(figure.axes) == 4
    values = table.set_index(["quantity", "layer", "step"])["value"]
    for name, (_, marker, _) in CRITICS.items():
        shown = [line for line in figure.axes[2].lines if line.get_marker() == marker]
        assert shown[0].get_ydata().tolist() == [values[f"class_{name}", "nothing", step] for step in (0, 9)]
    assert figure.axes[1].lines[0].get_ydata()[-1] == values["binned_information/100", "nothing", 9]
    points = {tuple(np.ravel(line.get_xydata())) for line in figure.axes[0].lines if len(line.get_xdata()) == 1}
    assert (values["input_information", "both", 9], values["class_information", "both", 9]) in points
    assert draw(table[:0], {}).axes == []


def table_of(runs=6, told=0.0, known=0.0, fitted=0.5, rise=1.0, start=3.0):
    frames = []
    for run in range(runs):
        wiggle = 0.02 * (-1) ** run
        rows = [entry(0, "", "class_entropy", np.log(3)), entry(0, "", "most_information", np.log(1000))]
        for step in (0, 8):
            end = step == 8
            rows.append(entry(step, "hidden.1", "input_information", start + (told + wiggle) * end))
            rows.append(entry(step, "hidden.1", "class_information", 0.4 + (known + wiggle) * end, -0.01, 0.01))
            for noise in (0.3, 3):
                rows.append(entry(step, "hidden.1", f"input_information_at/{noise}", start + noise * told * end))
            for bins, value in ((2, 2.0), (100, 6.5)):
                rows.append(entry(step, "hidden.1", f"binned_information/{bins}", value))
            for of in ("class", "input"):
                rows.append(entry(step, "hidden.1", f"{of}_mine", 0.7 + wiggle, 0.0, 0.01))
                rows.append(entry(step, "hidden.1", f"{of}_infonce", 0.6, 0.0, 0.01))
                rows.append(entry(step, "hidden.1", f"{of}_mine_fitted", 0.7 + fitted))
            rows.append(entry(step, "", "class_rise", rise))
        frames.append(combine(rows).assign(experiment=f"mlp_{run}-digits", seed=0))
    return pd.concat(frames, ignore_index=True)


def test_what_is_said_of_planted_tables():
    said = found(table_of(told=-0.5, known=0.3))
    assert "says 2.48 to 2.52 nats of the input and at least 0.68 to 0.72 of the class" in said[0]
    assert "by -0.50 (-0.52 to -0.48; 6 runs): it says less of the input, a compression" in said[0]
    assert "a gain. In 0 of 6" in said[0]
    assert "2.00 nats on the input with 2 bins per unit and 6.50 with 100, where 6.91, the" in said[1]
    assert "with 0.3 and 3 times as much training changes the information on the input by -0.15" in said[1]
    assert "MINE gives 0.50" in said[2] and "in 6 of 6 runs it exceeds the entropy" in said[2]
    assert "in 0 of 6 runs after training" in said[3]
    said = found(table_of(told=0.5, known=-0.3, fitted=0.0, rise=5.0, start=6.2))
    assert "it says more of the input, no compression" in said[0] and "a loss. In 6 of 6" in said[0]
    assert "in 0 of 6 runs it exceeds the entropy" in said[2] and "in 6 of 6 runs after training" in said[3]
    assert "undecided" in found(table_of())[0]


def test_the_first_sentence_says_what_training_does_to_both():
    less = "Under noise as strong as its units the last hidden layer comes to say less of the input (in 6 of 6 runs)"
    assert sentence(table_of(told=-0.5, known=0.3)) == f"{less}; it comes to say more of the class (in 6 of 6 runs)."
    assert sentence(table_of(told=-0.5)).startswith(f"{less}; whether it comes to say more of the class is undecided")
    assert "another noise" in limits(table_of())
