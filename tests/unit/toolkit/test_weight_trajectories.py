"""The path of the weights: measured on a network built by hand, told and drawn from tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest
import torch

from repdyn.measures.table import combine, entry
from repdyn.recurrent.networks import initialise
from repdyn.recurrent.record import probe_batch
from repdyn.recurrent.subject import RecurrentSubject
from repdyn.recurrent.tasks import TASKS
from repdyn.report.quantities import described, is_described
from repdyn.toolkit.weight_trajectories import measure as tool
from repdyn.toolkit.weight_trajectories.figure import draw
from repdyn.toolkit.weight_trajectories.findings import found, sentence

STEPS = (0, 1, 2, 4, 8, 16, 32, 64)


@pytest.fixture(scope="module")
def measured():
    """A GRU whose weights go straight from its initialisation to one that copies three bits."""
    task = TASKS["flipflop"]
    network = initialise("gru", 3, 6, 3, ("by hand", 0)).requires_grad_(False)
    start = {name: value.clone() for name, value in network.state_dict().items()}
    end = {name: torch.zeros_like(value) for name, value in start.items()}
    end["cell.weight_ih_l0"][12:15] = 3 * torch.eye(3)  # candidate: the input
    end["cell.bias_ih_l0"][:6] = 10.0  # reset: open
    end["cell.bias_ih_l0"][6:12] = -1.0  # update: what is new counts for .73
    end["readout.weight"][:, :3] = torch.eye(3)
    states = {
        step: {name: start[name] + (end[name] - start[name]) * i / 7 for name in start} for i, step in enumerate(STEPS)
    }
    return tool.measure(RecurrentSubject(network, states, task, probe_batch(task, "flipflop"), ("by hand", 0)))


def test_what_is_measured_is_described_and_right(measured):
    rows, maps = measured
    known = described("repdyn.toolkit.weight_trajectories", "measure").quantities
    assert [name for name in rows["quantity"].unique() if not is_described(name, known)] == []
    at = rows.astype({"layer": str}).set_index(["quantity", "layer", "step"])["value"]
    parts = {
        "input, reset",
        "input, update",
        "input, candidate",
        "recurrent, reset",
        "recurrent, update",
        "recurrent, candidate",
    }
    straight = rows[rows["quantity"] == "straightness"]
    assert set(straight["layer"].astype(str)) == {"", *parts}
    np.testing.assert_allclose(straight["value"], 1, rtol=1e-5)
    assert (straight["null_mean"] < 0.6).all()
    np.testing.assert_allclose(rows.loc[rows["quantity"] == "step_cosine", "value"], 1, rtol=1e-4)
    assert at["pc1_share", "", 64] == pytest.approx(1) and at["picture_trust", "", 64] == pytest.approx(1)
    lengths = at["step_norm_per_update", "", 4] / at["step_norm_per_update", "", 8]
    assert lengths == pytest.approx(2, rel=1e-4)
    assert at["gate_mean", "update", 64] == pytest.approx(1 / (1 + np.e), rel=1e-5)
    assert at["gate_mean", "reset", 64] == pytest.approx(1, abs=1e-3)
    # Without recurrent weights the only way back is the update gate: a quarter of the state stays.
    times = rows[(rows["quantity"] == "time_scale") & (rows["step"] == 64)]
    np.testing.assert_allclose(times["value"], -1 / np.log(1 / (1 + np.e)), rtol=1e-4)
    assert at["loss_increase", "recurrence", 64] == 0 and at["loss_increase", "update gate", 64] == pytest.approx(
        0, abs=1e-6
    )
    assert at["loss_increase", "a unit", 64] > 0.01
    assert at["cka_to_first", "", 0] == pytest.approx(1) and at["cka_to_last", "", 64] == pytest.approx(1)
    assert at["informed_units", "bit 1", 64] <= 0.5 and at["probe_accuracy", "bit 1", 64] > 0.4
    assert maps["path"].shape == maps["walk"].shape == maps["picture"].shape == (8, 2)
    assert maps["time_scales"].shape == (8, 6) and maps["cka"].shape == (8, 8) and maps["information"].shape == (6, 3)


def table(seeds=(0, 1)):
    frames = []
    for seed in seeds:
        entries = [
            entry(10, "", "pc1_share", 0.9, 0.8, 0.01), entry(10, "", "straightness", 0.6, 0.4, 0.01),
            entry(10, "", "picture_trust", 0.99, 0.97, 0.01), entry(10, "input, reset", "straightness", 0.7, 0.4, 0.01),
            entry(10, "recurrent, reset", "straightness", 0.5, 0.4, 0.01),
        ]  # fmt: skip
        for step, gate in ((0, 0.5), (10, 0.2)):
            entries += [
                entry(step, "reset", "gate_mean", gate, 0.45), entry(step, "recurrence", "loss_increase", gate, 0.01),
                entry(step, "a unit", "loss_increase", 0.1, 0.0), entry(step, "", "cka_to_first", 1 - gate, 0.3),
                entry(step, "bit 1", "probe_accuracy", 1 - gate, 0.4, 0.02),
                entry(step, "bit 1", "informed_units", 1 - gate), entry(step, "", "time_scale", np.array([np.inf, 2.0])),
            ]  # fmt: skip
        frames.append(combine(entries).assign(experiment="net", seed=seed))
    return pd.concat(frames, ignore_index=True)


def test_findings_say_the_numbers_of_the_table():
    (text,) = found(table())
    assert "holds 0.9 of its variance, that of a random walk with steps of the same lengths 0.8" in text
    assert "more by 3 deviations in 2 of 2 seeds" in text
    assert "the input, reset weights (0.7) go straightest and the recurrent, reset weights (0.5) least so" in text
    assert "reset gate 0.5 before training, 0.2 after it (shuffled weights 0.45)" in text
    assert "infinite time steps before training" in text and "without recurrent weights 0.2 (0.01)" in text
    assert "bit 1 0.8 (untrained 0.5, labels of other trials 0.4)" in text and "bit 1 0.8 (0.5)" in text
    assert found(pd.DataFrame({"experiment": []})) == ["No recurrent network was trained."]
    assert sentence(pd.DataFrame({"experiment": []})) == "No recurrent network was trained."
    assert sentence(table()) == (
        "The weights go straighter than a random walk in 2 of 2 seeds of 1 network; probes of the states read 0.8 of the"
        " tasks' variables, 0.5 untrained: more in 1 of 1 network."
    )
    worse = table().assign(experiment="worse")
    probed = worse["quantity"] == "probe_accuracy"
    worse.loc[probed, "value"] = worse.loc[probed, "value"].to_numpy()[::-1] - 0.1
    assert sentence(pd.concat([table(), worse])).endswith(
        "in 4 of 4 seeds of 2 networks; probes of the states read 0.4 to 0.8 of the tasks' variables, 0.5 to 0.7 untrained:"
        " more in 1 of 2 networks."
    )


def test_the_figure_has_a_row_of_panels_and_says_what_is_missing(measured):
    figure = draw(table(), {"net/0": measured[1]})
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert len(panels) == 4
    np.testing.assert_allclose(panels[0].lines[1].get_xydata(), measured[1]["path"])
    gates = [line.get_ydata().tolist() for line in panels[1].lines]
    assert gates.count([0.5, 0.2]) == 2 and gates.count([0.45, 0.45]) == 2
    np.testing.assert_allclose(panels[2].lines[0].get_ydata(), [0.1, 0.4])
    assert len(panels[3].lines) == 8
    bare = draw(table().query("quantity == 'pc1_share'"), {})
    said = [text.get_text() for axes in bare.axes for text in axes.texts]
    assert said.count("not evaluable") == 4
    (message,) = draw(pd.DataFrame({"experiment": []}), {}).texts
    assert message.get_text() == "No recurrent network was trained."
