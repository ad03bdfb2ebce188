"""Grokking as it is measured, told and drawn: on networks whose answers are known, and onsets that are planted."""

import numpy as np
import pandas as pd
import pytest
import torch

from repdyn.measures.table import combine, entry
from repdyn.organisms.registry import task_of
from repdyn.organisms.subject import OrganismSubject
from repdyn.organisms.tasks import initialise
from repdyn.report.quantities import described, is_described
from repdyn.toolkit.grokking import measure as module
from repdyn.toolkit.grokking.figure import draw
from repdyn.toolkit.grokking.findings import ABILITY, found, limits, sentence
from repdyn.toolkit.grokking.measure import measure
from repdyn.toolkit.onset_words import told
from repdyn.toolkit.onsets import onsets

STEPS = [0, 10, 20, 30, 40, 50]


def adder(p=53, frequencies=(1, 2, 5, 9, 14)):
    """Weights that add modulo p: numbers on circles, hidden units that multiply them approximately by ReLU."""
    angles = 2 * np.pi * np.outer(np.arange(p), frequencies) / p
    embedding = np.zeros((p, 64))
    embedding[:, :10:2], embedding[:, 1:10:2] = np.cos(angles), np.sin(angles)
    hidden, readout = np.zeros((128, 128)), np.zeros((128, p))
    unit = 0
    for number, frequency in enumerate(frequencies):
        for phase in 2 * np.pi * np.arange(20) / 20:
            # relu(cos(x + phase) + cos(y + phase)) has a part in cos(x + y + 2 phase).
            for side in (0, 64):
                hidden[side + 2 * number, unit], hidden[side + 2 * number + 1, unit] = np.cos(phase), -np.sin(phase)
            readout[unit] = np.cos(2 * np.pi * frequency * np.arange(p) / p + 2 * phase)
            unit += 1
    arrays = {"embedding": embedding, "hidden": hidden, "readout": 5 * readout}
    return {name: torch.from_numpy(value).float() for name, value in arrays.items()}


def test_a_network_that_adds_on_circles_is_found_out_and_one_before_training_is_not(monkeypatch):
    monkeypatch.setattr(module, "DRAWS", 10)
    key = ("by hand", 0)
    task = task_of("addition", key)
    network = initialise(task, key)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    states = dict.fromkeys(STEPS, adder()) | {0: before, 10: before}
    table, maps = measure(OrganismSubject(network, states, task, "addition", key))
    known = described("repdyn.toolkit.grokking", "measure").quantities
    assert [name for name in table["quantity"].unique() if not is_described(name, known)] == []
    rows = table.set_index(["quantity", "step"])["value"]
    assert rows["held_out_accuracy", 50] > 0.95 and rows["learnt_accuracy", 50] > 0.95
    assert rows["held_out_accuracy", 0] < 0.1 and rows["memorised", 50] == 20 == rows["generalised", 50]
    assert rows["delay", 50] == 1 and rows["frequency_share", 50] == pytest.approx(1, abs=1e-6)
    share = table[table["quantity"] == "frequency_share"].iloc[0]
    assert abs(share["value"] - share["null_mean"]) < 4 * share["null_sd"]
    assert sorted(maps["power"].argsort()[-5:].tolist()) == [0, 1, 4, 8, 13]
    # Both change at once, and the same weights drift no further.
    onset = table[table["quantity"] == "onset"].set_index("layer")["value"]
    assert onset["held-out accuracy"] == onset["frequency share"] == onset["drift"] == 20
    tried = table[table["quantity"] == "learning_coefficient"]["step"].tolist()
    assert tried == [20, 50]


def test_the_rule_comes_after_the_table_and_frequencies_that_change_as_chance_does_have_no_onset(monkeypatch):
    """Accuracies are given, learnt pairs first at every step; the weights are those of two networks before training."""
    monkeypatch.setattr(module, "DRAWS", 10)
    key = ("given", 0)
    task = task_of("addition", key)
    given = iter([0, 0, 0.95, 0.1, 1, 0.3, 1, 0.5, 1, 0.92, 1, 1])
    network, other = initialise(task, key), initialise(task, ("given", 1))
    states = dict.fromkeys(STEPS, other.state_dict()) | {0: network.state_dict()}
    subject = OrganismSubject(network, states, task._replace(accuracy=lambda *_: next(given)), "addition", key)
    table, _ = measure(subject)
    rows = table.set_index(["quantity", "step"])["value"]
    assert [rows["learnt_accuracy", step] for step in STEPS] == [0, 0.95, 1, 1, 1, 1]
    assert [rows["held_out_accuracy", step] for step in STEPS] == [0, 0.1, 0.3, 0.5, 0.92, 1]
    assert (rows["memorised", 50], rows["generalised", 50], rows["delay", 50]) == (10, 40, 4)
    assert rows["frequency_share", 0] != rows["frequency_share", 50]
    onset = table[table["quantity"] == "onset"].set_index("layer")["value"]
    assert np.isnan(onset["frequency share"]) and onset["learnt accuracy"] == 10 and onset["held-out accuracy"] == 30
    # Known from step 10 on; the rule at 40.
    assert table[table["quantity"] == "learning_coefficient"]["step"].tolist() == [10, 40, 50]


def test_planted_onsets_are_found_in_their_order_and_noise_has_none():
    rng = np.random.default_rng(0)

    def after(step):
        return np.where(np.array(STEPS) >= step, 1.0, 0.0)

    effects = {"early": (after(20), 0.1), ABILITY: (after(40), 0.1), "noise": (0.01 * rng.standard_normal(6), 0.1)}
    table = combine(onsets(STEPS, effects, ABILITY))
    onset = table[table["quantity"] == "onset"].set_index("layer")["value"]
    lead = table[table["quantity"] == "lead"].set_index("layer")["value"]
    assert onset["early"] == 20 and onset[ABILITY] == 40 and np.isnan(onset["noise"])
    assert lead["early"] == 20 and np.isnan(lead["noise"]) and set(lead.index) == {"early", "noise"}
    assert onsets(STEPS[:1], effects, ABILITY) == []


def of_seeds(leads, ability=400.0):
    rows = []
    for seed, lead in enumerate(leads):
        entries = [entry(500, ABILITY, "onset", ability), entry(500, "early", "onset", ability - lead)]
        rows.append(combine([*entries, entry(500, "early", "lead", lead)]).assign(experiment="net", seed=seed))
    return pd.concat(rows, ignore_index=True)


def test_an_order_is_told_with_its_interval_over_seeds_and_undecided_without_one():
    assert "early at 300 (earlier; steps before held-out accuracy: 100.00 (75.16 to 124.84; 3 runs))" in told(
        "grokking", of_seeds([90, 100, 110]), ABILITY
    )
    assert "(undecided; " in told("grokking", of_seeds([-100, 10, 100]), ABILITY)
    assert "(undecided; " in told("grokking", of_seeds([100]), ABILITY)
    assert told("grokking", of_seeds([100] * 3, np.nan), ABILITY).startswith("Held-out accuracy has no onset")


@pytest.fixture
def table():
    tables = []
    for name, ends, generalised in (("sums", 0.99, 600.0), ("no_rule", 0.02, np.nan)):
        for seed in range(2):
            rows = [entry(step, "", "held_out_accuracy", end, 1 / 53) for step, end in ((0, 0.01), (1000, ends))]
            rows += [entry(step, "", "learnt_accuracy", end, 1 / 53) for step, end in ((0, 0.01), (1000, 1.0))]
            rows += [entry(step, "", "frequency_share", 0.3 + step / 4000, 0.22, 0.005) for step in (0, 1000)]
            rows += [entry(step, "", "weight_norm", 60 - step / 50) for step in (0, 1000)]
            rows += [entry(1000, "", "memorised", 50.0), entry(1000, "", "generalised", generalised)]
            rows += [entry(1000, "", "delay", generalised / 50)]
            for step, values in ((50, [40.0, 41.0]), (1000, [2.0, 2.5])):
                rows += [entry(step, "", "learning_coefficient", np.nan, 13280.0)]
                rows += [entry(step, "", "coefficient_by_step", np.array(values))]
                rows += [entry(step, "", "coefficient_drift", 0.8)]
            rows += [entry(1000, ABILITY, "onset", generalised), entry(1000, "drift", "onset", 90.0 + seed)]
            rows += [entry(1000, "drift", "lead", generalised - 90 - seed)]
            tables.append(combine(rows).assign(experiment=name, seed=seed))
    return pd.concat(tables, ignore_index=True)


def test_words_and_figure_are_those_of_the_table(table):
    assert sentence(table) == (
        "sums found the rule in 2 of 2 seeds, 12 times later than what it learnt by heart; no_rule found the rule in 0 of 2"
        " seeds."
    )
    paragraphs = " ".join(found(table))
    assert (
        "learnt pairs right: 50; of the held-out pairs: never; their ratio: none. Held-out accuracy at the end: 0.02"
        in paragraphs
    )
    assert "evaluable at 0 of 8 checkpoints (change between the halves of the draws: 0.8 to 0.8" in paragraphs
    assert "falls from when pairs are known by heart to the end in 4 of 4 runs" in paragraphs
    known = table.copy()
    known.loc[known["quantity"] == "learning_coefficient", "value"] = 3.0
    assert "evaluable at 8 of 8 checkpoints" in found(known)[-1] and "it is 3 to 3." in found(known)[-1]
    assert limits(table)
    figure = draw(table, {})
    assert len(figure.axes) == 10
    curves = figure.axes[0].lines
    assert (
        curves[0].get_ydata().tolist() == [0.01, 1.0] and len([line for line in curves if len(line.get_xdata())]) >= 4
    )
    assert [label.get_text() for label in figure.axes[4].get_yticklabels()] == ["drift", ABILITY]
    assert draw(table.iloc[:0], {}).texts or draw(table.iloc[:0], {}).axes
