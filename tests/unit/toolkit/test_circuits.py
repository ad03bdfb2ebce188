"""Circuits of recurrent networks: measured on a network built by hand, told and drawn from tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest
import torch

from repdyn.circuits.motifs import TRIADS
from repdyn.measures.table import combine, entry
from repdyn.recurrent.networks import RecurrentNetwork
from repdyn.recurrent.record import probe_batch
from repdyn.recurrent.subject import RecurrentSubject
from repdyn.recurrent.tasks import TASKS
from repdyn.report.quantities import described, is_described
from repdyn.toolkit.circuits import measure as tool
from repdyn.toolkit.circuits.figure import draw
from repdyn.toolkit.circuits.findings import found, sentence

UNITS = 12


@pytest.fixture(scope="module")
def measured():
    """Units that excite themselves and hear one bit each, plus units that hear nothing; before that, none hears another."""
    task = TASKS["flipflop"]
    network = RecurrentNetwork("rnn", 3, UNITS, 3).requires_grad_(False)
    rng = np.random.default_rng(0)
    for parameter in network.parameters():
        parameter.zero_()
    network.cell.weight_ih_l0[:9] = 4 * torch.eye(3).repeat(3, 1)
    network.cell.weight_hh_l0.copy_(torch.from_numpy(0.05 * rng.standard_normal((UNITS, UNITS))).float())
    network.cell.weight_hh_l0[range(9), range(9)] = 2.0
    network.readout.weight[:, :3] = torch.eye(3)
    last = {name: value.clone() for name, value in network.state_dict().items()}
    first = last | {"cell.weight_hh_l0": torch.zeros(UNITS, UNITS)}
    subject = RecurrentSubject(network, {0: first, 10: last}, task, probe_batch(task, "flipflop"), ("by hand", 0))
    return tool.measure(subject)


def test_what_is_measured_is_described_and_right(measured):
    rows, maps = measured
    known = described("repdyn.toolkit.circuits", "measure").quantities
    assert [name for name in rows["quantity"].unique() if not is_described(name, known)] == []
    at = rows[rows["unit"].isna()].set_index(["quantity", "step"])["value"]
    # Six units hold one of the first two bits, three the third, three none: none mixes them by a product.
    assert at["units_pure", 10] == pytest.approx(0.5, abs=0.1) and at["units_nonlinear", 10] == 0
    assert abs(at["interaction_share", 10]) < 0.02
    assert at["sign_consistency", 10] < 0.9 and np.isnan(at["sign_consistency", 0])
    assert rows.loc[rows["quantity"] == "block", "value"].isna().all()
    assert at["latent_r2", 10] > rows[rows["quantity"] == "latent_r2"]["null_mean"].iloc[0] + 0.15
    f1 = rows[rows["quantity"] == "event_f1"].iloc[0]
    assert f1["value"] > 0.7 > f1["null_mean"] + 0.15
    triads = rows[(rows["quantity"] == "triads") & (rows["step"] == 10)]
    assert triads["unit"].max() == len(TRIADS) - 1 and triads["value"].notna().all()
    # Without weights between units there is no graph.
    assert rows[(rows["quantity"] == "triads") & (rows["step"] == 0)]["value"].isna().all()
    assert maps["latent_weights"].shape == (8, 8) and maps["variances"].shape == (3, UNITS)


def table(values, nulls=None, seeds=(0, 1), **blocks):
    frames = []
    for seed in seeds:
        entries = []
        for name, value in values.items():
            for step in (0, 10):
                entries.append(entry(step, "", name, value, (nulls or {}).get(name, 0.0), 0.05))
        for step in (0, 10):
            entries.append(entry(step, "", "block", np.array(blocks.get("blocks", [np.nan] * 4))))
            entries.append(entry(step, "1 per unit", "triads", np.arange(13.0), np.full(13, 5.0), np.full(13, 1.0)))
            entries.append(entry(step, "1 per unit", "triads_beyond", 2))
        frames.append(combine(entries).assign(experiment="net", seed=seed))
    return pd.concat(frames, ignore_index=True)


VALUES = {
    "latent_r2": 0.995, "latent_agreement": 0.15, "interaction_share": 0.4, "units_pure": 0.1, "units_linear": 0.2,
    "units_nonlinear": 0.3, "sign_consistency": 0.3, "event_f1": 0.9, "event_r2": 0.7,
}  # fmt: skip


def test_findings_say_the_numbers_and_do_not_believe_a_fit_whose_restarts_differ():
    (text,) = found(table(VALUES, {"latent_r2": -0.1, "sign_consistency": 0.25, "event_f1": 0.3}))
    assert "explains 0.995 of the variance of held-out states (inputs of other trials -0.1)" in text
    assert "the weights of restarts correlate 0.15 with the best ones" in text
    assert "so the circuit is determined (0.5 explained, agreement 0.8, or more) in 0 of 2 seeds" in text
    assert "0.3 their interaction (shuffled labels 0)" in text and "The interaction has 0.4 of what" in text
    assert "of 13 in each of 2 graphs" in text and "2 on average; the most in all, 300 with 7 deviations" in text
    assert (
        "beyond it in 0 of 2 seeds; units both excite and inhibit" in text
        and "F1 0.9 (times of other trials 0.3)" in text
    )
    (sure,) = found(table(VALUES | {"latent_agreement": 0.95}))
    assert "in 2 of 2 seeds" in sure
    # Restarts that agree on next to nothing agree on no circuit.
    assert "or more) in 0 of 2 seeds" in found(table(VALUES | {"latent_agreement": 0.95, "latent_r2": 0.08}))[0]
    (nothing,) = found(table(dict.fromkeys(VALUES, np.nan)))
    for words in ("latent circuit is not evaluable", "selectivity is not evaluable", "Events are not evaluable"):
        assert words in nothing
    assert found(pd.DataFrame({"experiment": []})) == ["No recurrent network was trained."]
    assert sentence(pd.DataFrame({"experiment": []})) == "No recurrent network was trained."
    assert sentence(table(VALUES)) == (
        "Of net restarts agree on one latent circuit in 0 of 2 seeds and the interaction has 0.4 of what two variables do to"
        " its units."
    )
    assert sentence(table(dict.fromkeys(VALUES, np.nan))) == "Of net neither a latent circuit nor mixing is evaluable."


def test_the_figure_draws_edges_units_triads_and_a_diagram_where_the_law_holds(measured):
    figure = draw(table(VALUES), {"net/0": measured[1]})
    assert len(figure.axes) == 5
    circuit, units, triads, signs, events = figure.axes
    weights = measured[1]["latent_weights"]
    drawn = (np.abs(weights) >= 0.25 * np.abs(weights).max()) & ~np.eye(8, dtype=bool)
    assert sum(text.get_text() == "" for text in circuit.texts) == drawn.sum()
    assert {"i1", "i6", "f2"} <= {text.get_text() for text in circuit.texts}
    assert len(units.lines) == 8 and len(triads.lines) == 3 and len(events.lines) == 2
    assert [label.get_text() for label in triads.get_xticklabels()] == list(TRIADS)
    assert [tick.get_text() for tick in signs.get_xticklabels()] == ["0", "1"]
    lawful = draw(table(VALUES, blocks=[0.3, -1.0, 0.5, -0.7]), {})
    assert {"E", "I", "-1", "+0.5"} <= {text.get_text() for text in lawful.axes[3].texts}
    assert [text.get_text() for text in lawful.axes[0].texts] == ["not evaluable"]
    (said,) = draw(pd.DataFrame({"experiment": []}), {}).texts
    assert said.get_text() == "No recurrent network was trained."
