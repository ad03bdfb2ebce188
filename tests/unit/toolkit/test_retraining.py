"""The tool that trains again: its quantities, its figure, what is said of planted tables, and what is left as it was."""

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
