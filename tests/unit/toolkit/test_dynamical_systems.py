"""The birth of attractors as it is told and drawn: from tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest
import torch

from repdyn.measures.table import combine, entry
from repdyn.recurrent.networks import RecurrentNetwork
from repdyn.recurrent.record import probe_batch
from repdyn.recurrent.subject import RecurrentSubject
from repdyn.recurrent.tasks import TASKS
from repdyn.report.quantities import described, is_described
from repdyn.toolkit.dynamical_systems import measure as tool
from repdyn.toolkit.dynamical_systems.figure import draw
from repdyn.toolkit.dynamical_systems.findings import births, found, sentence


def table(counts, accuracies, steps=(0, 100, 150, 200), seeds=(0, 1), layer="no pulse"):
    entries = {}
    for seed in seeds:
        rows = [entry(s, "", "accuracy", a) for s, a in zip(steps, accuracies, strict=True)]
        rows += [entry(s, layer, "attractors", n, 1.0, 0.0) for s, n in zip(steps, counts, strict=True)]
        rows += [entry(s, layer, "patterns", n, 1.0, 0.0) for s, n in zip(steps, counts, strict=True)]
        rows += [entry(s, layer, "found", 1.0, 1.0, 0.0) for s in steps]
        rows += [entry(s, layer, "slowest_time", 3.0, 2.0, 0.1) for s in steps]
        rows += [entry(s, "", "exponent", -0.5, -0.2, 0.1) for s in (steps[0], steps[-1])]
        entries[seed] = combine(rows)
    frames = [frame.assign(experiment="net", seed=seed) for seed, frame in entries.items()]
    return pd.concat(frames, ignore_index=True)


def test_the_steps_at_which_attractors_are_born_and_the_accuracy_before_them():
    born = births(table([1, 1, 4, 8], [0.5, 0.84, 0.97, 1.0]), "no pulse")
    assert born["first"].tolist() == [150, 150] and born["all"].tolist() == [200, 200]
    assert born["before"].tolist() == [0.84, 0.84] and born["last"].tolist() == [8, 8]
    never = births(table([1, 1, 1, 1], [0.5, 0.5, 0.5, 0.5]), "no pulse")
    assert never[["first", "all", "before"]].isna().all().all() and never["last"].tolist() == [1, 1]


def test_findings_say_the_numbers_of_the_table():
    (text,) = found(table([1, 1, 4, 8], [0.5, 0.84, 0.97, 1.0]))
    assert "net (2 seeds). Held-out accuracy after training: 1." in text
    assert "1 before training, 8 after it (the solution needs 8); different output patterns at them: 8." in text
    assert "from step 150 on, and at least 8 from step 200 on" in text and "accuracy was already 0.84" in text
    assert "shuffled weights have 1 on average over all steps and at most 1" in text
    (quiet,) = found(table([1, 1, 1, 1], [0.5] * 4))
    assert "More than one" not in quiet and "1 before training, 1 after it" in quiet
    told = "net has the 8 attractors that its task needs after training in {} of 2 seeds."
    assert sentence(table([1, 1, 4, 8], [0.5, 0.84, 0.97, 1.0])) == told.format(2)
    assert sentence(table([1, 1, 1, 1], [0.5] * 4)) == told.format(0)
    assert sentence(pd.DataFrame({"experiment": []})) == "No recurrent network was trained."
    assert found(pd.DataFrame({"experiment": []})) == ["No recurrent network was trained."]


def test_a_line_is_told_only_where_it_is_one():
    rows = []
    for seed, (eigenvalue, share) in enumerate([(0.999, 0.95), (0.999, 0.5), (0.8, 0.95)]):
        values = {"line_share": share, "line_eigenvalue": eigenvalue, "second_eigenvalue": 0.7}
        entries = [
            entry(step, "context 1", name, value, 0.6, 0.1) for step in (0, 10) for name, value in values.items()
        ]
        entries += [entry(step, "", "accuracy", 0.9) for step in (0, 10)]
        entries += [entry(step, "", "exponent", -0.1, -0.2, 0.1) for step in (0, 10)]
        rows.append(combine(entries).assign(experiment="line", seed=seed))
    (text,) = found(pd.concat(rows, ignore_index=True))
    nothing = pd.concat(rows, ignore_index=True).assign(value=np.nan)
    line = "line has a line attractor after training in {} of 3 seeds."
    assert sentence(pd.concat(rows, ignore_index=True)) == line.format(1) and sentence(nothing) == line.format(0)
    assert "In context 1 no line of slow points was found after training." in found(nothing)[0]
    assert "in 1 of 3 seeds" in text and "0.999, 0.999, 0.8" in text and "with shuffled weights it is 0.6" in text


def test_the_figure_has_a_row_of_panels_per_network_and_draws_every_seed_and_its_null():
    maps = {
        "net/0": {
            "states": np.random.default_rng(0).standard_normal((50, 3)),
            "points_0": np.eye(3),
            "unstable_0": np.array([0, 1, 2]),
        }
    }
    figure = draw(table([1, 1, 4, 8], [0.5, 0.84, 0.97, 1.0]), maps)
    assert len(figure.axes) == 4
    attractors = [line.get_ydata().tolist() for line in figure.axes[0].lines if len(line.get_xdata()) == 4]
    assert attractors.count([1, 1, 4, 8]) == 2 and attractors.count([1, 1, 1, 1]) == 2
    assert len(figure.axes[3].lines) == 4
    (said,) = draw(pd.DataFrame({"experiment": []}), {}).texts
    assert said.get_text() == "No recurrent network was trained."


@pytest.fixture(scope="module")
def planted():
    """A network of three units that excite themselves, each read out as a bit: eight attractors, known by hand."""
    task = TASKS["flipflop"]
    network = RecurrentNetwork("rnn", 3, 3, 3)
    with torch.no_grad():
        network.cell.weight_ih_l0.copy_(4 * torch.eye(3))
        network.cell.weight_hh_l0.copy_(2 * torch.eye(3))
        network.readout.weight.copy_(torch.eye(3))
        for bias in (network.cell.bias_ih_l0, network.cell.bias_hh_l0, network.readout.bias):
            bias.zero_()
    states = {0: {name: 0.1 * value for name, value in network.state_dict().items()}, 10: network.state_dict()}
    return RecurrentSubject(network, states, task, probe_batch(task, "flipflop"), ("planted", 0))


def test_the_attractors_of_a_network_built_by_hand_are_counted(planted):
    rows, maps = tool.measure(planted)
    known = described("repdyn.toolkit.dynamical_systems", "measure").quantities
    assert [name for name in rows["quantity"].unique() if not is_described(name, known)] == []
    held = rows[rows["layer"] == "no pulse"].set_index(["quantity", "step"])["value"]
    assert held["attractors", 10] == held["patterns", 10] == 8 and held["attractors", 0] == held["patterns", 0] == 1
    assert held["saddles", 10] <= 19 and held["found", 10] > 0.9
    # The slope of tanh 2h where h = tanh 2h = .9575 is .1664; of h' = tanh .2h at 0 it is .2.
    assert held["slowest_time", 10] == pytest.approx(-1 / np.log(2 * (1 - 0.957504**2)), rel=1e-3)
    assert held["slowest_time", 0] == pytest.approx(-1 / np.log(0.2), rel=1e-3)
    accuracy = rows[(rows["quantity"] == "accuracy") & (rows["step"] == 10)]["value"].iloc[0]
    assert accuracy == 1
    assert (maps["unstable_0"] == 0).sum() == 8
