"""Induction heads as they are measured, told and drawn: on a head that looks a fixed distance back, planted."""

import numpy as np
import pytest
import torch

from repdyn.organisms.induction import FIXED, HELD_OUT, PERIODS, TOKENS, WIDTH, prefix_matching, unrepeated
from repdyn.organisms.registry import task_of
from repdyn.organisms.subject import OrganismSubject
from repdyn.organisms.tasks import initialise
from repdyn.report.quantities import described, is_described
from repdyn.seeds import derive
from repdyn.toolkit.induction.figure import draw
from repdyn.toolkit.induction.findings import found, limits, sentence
from repdyn.toolkit.induction.measure import measure


def fixed_distance(state):
    """Head 0 of layer 2 reads half of the tokens FIXED - 1 back."""
    weights = {name: torch.zeros_like(value) for name, value in state.items()}
    kinds = torch.arange(WIDTH // 4)
    weights["embedding"][:, :TOKENS] = torch.eye(TOKENS)
    weights["projections"][1, 2, kinds, kinds] = 1
    weights["projections"][1, 3, kinds, TOKENS + kinds] = 1
    weights["distances"][1, 0, FIXED - 1] = 50
    weights["distances"][0, 2, 1] = 50  # a head that looks at the token before, and writes nothing
    weights["readout"][TOKENS:] = torch.eye(TOKENS)
    return weights


@pytest.fixture(scope="module")
def measured():
    key = ("planted", 0)
    task = task_of("induction_fixed", key)
    network = initialise(task, key)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    after = fixed_distance(before)
    table, maps = measure(OrganismSubject(network, {0: before, 10: after, 20: after}, task, "induction_fixed", key))
    table.insert(0, "experiment", "planted")
    table.insert(1, "seed", 0)
    return table, maps


def test_a_head_that_looks_a_fixed_distance_back_is_no_induction_head_and_its_null_says_so(measured):
    table, maps = measured
    known = described("repdyn.toolkit.induction", "measure").quantities
    assert [name for name in table["quantity"].unique() if not is_described(name, known)] == []
    last = table[table["step"] == 20]
    heads = last[(last["quantity"] == "prefix_matching") & (last["layer"] == "layer 2")].set_index("unit")
    # Of periods 6 to 20, 11 back is one less than a whole number of blocks with 6 and 12.
    assert heads.loc[0, "value"] == pytest.approx(2 / 15, abs=0.01) == heads.loc[0, "null_mean"]
    assert (heads.loc[1:, "value"] < 0.12).all()
    rows = last[last["unit"].isna()].set_index(["quantity", "layer"])["value"]
    assert rows["learnt_accuracy", ""] == pytest.approx(0.5, abs=0.06) and rows["repeat_accuracy", ""] < 0.2
    alone = last[(last["quantity"] == "accuracy_without_head") & (last["layer"] == "layer 2")]
    whole = rows["repeat_accuracy", ""]
    assert alone["value"].iloc[0] < whole and alone["value"].iloc[1:].tolist() == pytest.approx([whole] * 3)
    assert rows["accuracy_without", "layer 1"] == whole
    # Only the accuracy changes by too little to have an onset.
    assert np.isnan(rows["onset", "repeat accuracy"]) and rows["onset", "drift"] == 10
    before = last[(last["quantity"] == "previous_token") & (last["layer"] == "layer 1")]["value"].tolist()
    assert before[2] == pytest.approx(1) and rows["onset", "previous token"] == 10
    assert maps["pattern"].shape == (42, 42) and maps["pattern"].sum(1) == pytest.approx(np.ones(42), abs=1e-5)


def test_the_null_is_the_same_heads_where_nothing_comes_back(measured):
    key = ("planted", 0)
    network = initialise(task_of("induction_fixed", key), key)
    periods = np.repeat(np.arange(PERIODS[0], PERIODS[1] + 1), HELD_OUT)
    chance = unrepeated(len(periods), np.random.default_rng(derive("induction", "unrepeated")))
    with torch.no_grad():
        expected = prefix_matching(network.attended(chance)[2][1], periods)
    first = measured[0][(measured[0]["step"] == 0) & (measured[0]["quantity"] == "prefix_matching")]
    first = first[first["layer"] == "layer 2"]
    assert first["null_mean"].to_numpy() == pytest.approx(expected, abs=1e-6)
    assert np.abs(first["value"] - first["null_mean"]).min() > 1e-5


def test_words_and_figure_are_those_of_the_table(measured):
    table, maps = measured
    assert sentence(table) == "planted has induction heads in 0 of 1 seed (0 per network)."
    above = table.copy()
    chosen = (above["quantity"] == "prefix_matching") & (above["layer"] == "layer 2")
    above.loc[chosen, "value"] = 0.9
    assert sentence(above) == "planted has induction heads in 1 of 1 seed (4 per network)."
    text = " ".join(found(table))
    assert "came before: 0.0871; cross entropy 3.42 nats (chance 3.47)" in text and limits(table)
    assert "With the period of its training: " in text and "without one head of it 0.0371 to 0.0871." in text
    assert "Repeat accuracy has no onset" in text
    figure = draw(table, {"planted/0": maps})
    assert len(figure.axes) == 5 and figure.axes[3].images[0].get_array().shape == (42, 42)
    ablated = [line.get_ydata() for line in figure.axes[2].lines if len(line.get_ydata()) == 4]
    assert len(ablated) == 2
    assert draw(table.iloc[:0], {}) is not None and found(table.iloc[:0]) == [sentence(table.iloc[:0])]
