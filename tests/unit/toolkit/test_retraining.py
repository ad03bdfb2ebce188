"""The tool that trains again: its quantities, its figure, what is said of planted tables, and what is left as it was."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.measures.subject import Subject
from repdyn.measures.table import COLUMNS
from repdyn.models import build
from repdyn.report.quantities import quantity_names
from repdyn.toolkit import tools_for
from repdyn.toolkit.own_model import subjects as own_subjects
from repdyn.toolkit.retraining import measure as module
from repdyn.toolkit.retraining.figure import draw
from repdyn.toolkit.retraining.findings import found, sentence
from repdyn.toolkit.retraining.measure import measure


def subjects():
    states = {}
    for step in (0, 8):
        with torch.random.fork_rng():
            torch.manual_seed(step)
            model = build(NETWORKS["mlp"], **SHAPE)
        states[step] = {key: value.clone() for key, value in model.state_dict().items()}
    return [Subject(model, states, *data(n, n), 3, ("test", 0), (0, 8)) for n in (60, 90)]


@pytest.fixture(scope="module")
def measured():
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"STEPS": 40, "BATCH": 16, "SEEDS": 2, "RATE": 0.01}.items():
            patch.setattr(module, name, value)
        sides = subjects()
        table, maps = measure(*sides)
    return table, maps, sides[0]


def test_every_quantity_of_the_docstring_is_measured_and_the_network_is_as_it_was(measured):
    table, maps, held_out = measured
    assert tuple(table.columns) == COLUMNS and maps == {} and "retraining" in tools_for("mlp")
    assert set(table["quantity"]) == quantity_names("repdyn.toolkit.retraining", "measure")
    value = table.set_index("quantity")["value"]
    assert value["plain"] > 0.9  # bars whose place is the class
    assert table[table["quantity"] == "deficit"]["null_sd"].notna().all()
    assert torch.equal(held_out.model(8).output.bias, held_out.states[8]["output.bias"])


def test_trainings_differ_in_what_was_changed_and_are_compared_with_the_plain_ones(monkeypatch):
    """Accuracies are given: three plain ones, then those of the orders, of the windows, and of the features removed."""
    held_out, training = subjects()
    given = iter(
        [0.9, 0.8, 0.6, *[0.7] * 3, *[0.5] * 3, *[0.75] * 15, *np.linspace(0.3, 0.41, 12), *[0.2] * 4, *[0.1] * 4]
    )
    trained = []
    monkeypatch.setattr(module, "STEPS", 20)
    monkeypatch.setattr(
        module, "train", lambda model, start, x, labels, order, rate, change: trained.append((x, order, change))
    )
    monkeypatch.setattr(module, "accuracy", lambda *_: next(given))
    monkeypatch.setattr(module, "example_losses", lambda model, x, labels: np.cos(np.arange(len(labels))))
    ranks = {"saliency": [np.arange(each.inputs.numel()).reshape(each.inputs.shape) for each in (training, held_out)]}
    ranks["integrated_gradients"] = [-each for each in ranks["saliency"]]
    monkeypatch.setattr(module, "_ranked", lambda *_: ranks)
    table = measure(held_out, training)[0].set_index("quantity")
    plain, spread = np.array([0.9, 0.8, 0.6]), 100 * np.std([0.9, 0.8, 0.6], ddof=1) * np.sqrt(2 / 3)
    assert table["value"]["plain"] == pytest.approx(plain.mean())
    assert table["value"]["order/easy_first"] == pytest.approx(100 * (0.7 - plain.mean()))
    assert table["value"]["order/hard_first"] == pytest.approx(100 * (0.5 - plain.mean()))
    assert table["value"]["deficit"].to_numpy() == pytest.approx(100 * (plain.mean() - 0.75))
    assert (
        table["null_sd"]["deficit"].to_numpy()
        == pytest.approx(spread)
        == pytest.approx(table["null_sd"]["order/easy_first"])
    )
    by_order = np.linspace(0.3, 0.41, 12).reshape(3, 4)
    for name, value in (("saliency", 0.2), ("integrated_gradients", 0.1)):
        rows = table.loc[f"removed/{name}"]
        assert rows["value"].tolist() == [value] * 4
        assert rows["null_mean"].to_numpy() == pytest.approx(by_order.mean(0))
        assert rows["null_sd"].to_numpy() == pytest.approx(by_order.std(0, ddof=1))
    for (_, order, _), (_, easy, _), (_, hard, _) in zip(trained[:3], trained[3:6], trained[6:9], strict=True):
        for changed, sign in ((easy, 1), (hard, -1)):
            assert sorted(changed.ravel()) == sorted(order.ravel()) != changed.ravel().tolist()
            assert (np.diff(sign * np.cos(changed.ravel())) >= 0).all()
    # Saliency ranks the last pixels highest: of a tenth removed they are the mean.
    (kept, order, _), mean = trained[36], training.inputs.mean(0)
    tenth = round(0.1 * mean.numel())
    assert torch.equal(kept.flatten(1)[:, :-tenth], training.inputs.flatten(1)[:, :-tenth]) and order is trained[0][1]
    assert torch.equal(kept.flatten(1)[:, -tenth:], mean.flatten()[-tenth:].expand(len(kept), -1))


def test_early_stopping_is_chosen_on_one_half_and_judged_on_the_other(monkeypatch):
    # On even examples the loss is least at step 5, on odd ones at step 10.
    losses = {0: (3, 3), 5: (1, 2), 10: (4, 1), 15: (2, 5)}
    held_out = SimpleNamespace(
        labels=np.zeros(6, int), steps=[0, 5, 10, 15], grid=[0, 15], inputs=None, model=lambda step: step
    )
    monkeypatch.setattr(module, "example_losses", lambda step, *_: np.resize(np.array(losses[step], float), 6))
    assert module._stopped(held_out) == pytest.approx(((5 - 2) + (2 - 4)) / 2)


def test_networks_of_several_inputs_are_given_their_examples_in_other_orders_only(monkeypatch):
    model = TwoInputs()
    states = {step: {name: value.clone() for name, value in model.state_dict().items()} for step in (0, 8)}
    labels = torch.arange(60) % 2
    draws = torch.Generator().manual_seed(0)
    noise = [torch.randn(60, count, generator=draws) for count in (3, 2, 3, 2)]
    sides = [(noise[i] + 3 * labels[:, None], noise[i + 1]) for i in (0, 2)]
    pair = own_subjects(model, states, *((x, labels) for x in sides), {"first": "hidden", "last": "output"})
    monkeypatch.setattr(module, "STEPS", 60)
    monkeypatch.setattr(module, "RATE", 0.02)
    table = measure(*pair)[0]
    assert set(table["quantity"]) == {"stopped", "plain", "order/easy_first", "order/hard_first"}
    assert table.set_index("quantity")["value"]["plain"] > 0.9


class TwoInputs(torch.nn.Module):
    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.first, self.last = torch.nn.Linear(5, 8), torch.nn.Linear(8, 2)

    def forward(self, one, other):
        return self.last(torch.relu(self.first(torch.cat([one, other], 1))))


def named(table):
    table = table.copy()
    table.insert(0, "experiment", "mlp-digits")
    table.insert(1, "seed", 0)
    return table


def test_the_figure_holds_what_was_measured(measured):
    table = named(measured[0])
    figure = draw(table, {})
    FigureCanvasAgg(figure).draw()
    panels = {axes.get_title(loc="left"): axes for axes in figure.axes}
    drawn = panels["features removed"].lines[0].get_ydata()
    assert drawn.tolist() == table[table["quantity"] == "removed/saliency"]["value"].tolist()
    assert len(panels["blurred for a while"].lines) == 6
    assert "No training" in draw(table[:0], {}).texts[0].get_text()


def planted(removed, deficit, order):
    rows = []
    for run in range(4):
        for quantity, values, mean, sd in (
            ("plain", [0.9], np.nan, np.nan), ("stopped", [0.1], np.nan, np.nan),
            ("removed/saliency", [removed] * 4, 0.9, 0.01), ("removed/integrated_gradients", [0.9] * 4, 0.9, 0.01),
            ("deficit", [deficit, 0, 0, 0, 0], 0, 1), ("order/easy_first", [order], 0, 1), ("order/hard_first", [0], 0, 1),
        ):  # fmt: skip
            rows += [
                {"experiment": f"run{run}", "seed": 0, "step": 8, "layer": "", "unit": unit, "quantity": quantity,
                 "value": value, "null_mean": mean, "null_sd": sd}
                for unit, value in enumerate(values)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def test_what_is_said_of_a_planted_effect():
    table = planted(0.5, 10, -5)
    assert sentence(table) == (
        "Trained without them, networks lose more by the features that a map ranks first than by random ones for most shares"
        " removed, by saliency in 4 of 4 runs and by integrated gradients in 0 of 4 runs; blurred images in the first tenth"
        " of a training leave a loss of accuracy at its end in 4 of 4 runs, in the last fifth in 0; given the same examples"
        " from easy to hard they are more accurate in 0 and less in 4 of 4 runs, from hard to easy they are more accurate in"
        " 0 and less in 0 of 4 runs than in random order."
    )
    features, windows, orders = found(table)
    assert "saliency 40.00" in features and "10.0, 0.0, 0.0, 0.0, 0.0" in windows and "saved 0.10" in orders


def test_what_is_said_of_nothing():
    table = planted(0.9, 0, 0)
    assert "by saliency in 0 of 4 runs" in sentence(table) and "end in 0 of 4 runs, in the last fifth in 0" in sentence(
        table
    )
    texts = table[~table["quantity"].str.contains("removed|deficit")]
    assert "no run on images" in sentence(texts) and len(found(texts)) == 3
    assert sentence(table[:0]) == "No training was repeated in this study: not evaluable." == found(table[:0])[0]
