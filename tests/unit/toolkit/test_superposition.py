"""Superposition as it is measured, told and drawn: on directions that are planted."""

import numpy as np
import pytest
import torch

from repdyn.organisms.registry import task_of
from repdyn.organisms.subject import OrganismSubject
from repdyn.organisms.tasks import initialise
from repdyn.report.quantities import described, is_described
from repdyn.toolkit.superposition import measure as module
from repdyn.toolkit.superposition.figure import draw
from repdyn.toolkit.superposition.findings import found, limits, sentence


def planted(state, angles, lengths):
    """All instances with these directions; without a bias."""
    x = np.stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))]) * lengths
    weights = torch.from_numpy(x).float().expand_as(state["weights"]).clone()
    weights[1:] *= 0.01  # other instances keep nothing
    return {"weights": weights, "bias": torch.zeros_like(state["bias"])}


@pytest.fixture(scope="module")
def measured():
    key = ("planted", 0)
    task = task_of("features_sparse", key)
    network = initialise(task, key)
    state = {name: value.clone() for name, value in network.state_dict().items()}
    two = planted(state, np.array([0, 90, 0, 0, 0]), np.array([1, 1, 0.01, 0.01, 0.01]))
    five = planted(state, 72 * np.arange(5), np.ones(5))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "DRAWS", 20)
        table, maps = module.measure(OrganismSubject(network, {0: two, 10: five}, task, "features_sparse", key))
    table.insert(0, "experiment", "toy")
    table.insert(1, "seed", 0)
    return table, maps


def test_directions_that_are_planted_are_counted_and_their_angles_measured(measured):
    table, maps = measured
    known = described("repdyn.toolkit.superposition", "measure").quantities
    assert [name for name in table["quantity"].unique() if not is_described(name, known)] == []
    rows = table[table["unit"].isna()].set_index(["quantity", "step"])
    assert rows.loc[("stored_features", 0), "value"] == 2 and rows.loc[("stored_features", 10), "value"] == 5
    assert rows.loc[("units_per_feature", 0), "value"] == pytest.approx(1, abs=1e-3)
    assert rows.loc[("units_per_feature", 10), "value"] == pytest.approx(0.4)
    assert rows.loc[("least_gap", 0), "value"] == pytest.approx(90) == 360 - rows.loc[("largest_gap", 0), "value"]
    assert rows.loc[("least_gap", 10), "value"] == pytest.approx(72) == rows.loc[("largest_gap", 10), "value"]
    # The same numbers in random order are no pentagon.
    assert rows.loc[("least_gap", 10), "null_mean"] < 40
    assert rows.loc[("alike", 10), "value"] == 1 / 8
    losses = table.loc[(table["quantity"] == "instance_loss") & (table["step"] == 10), "value"]
    assert losses.is_monotonic_increasing and len(losses) == 8
    assert rows.loc[("learning_coefficient", 10), "null_mean"] == 7.5 and maps["weights"].shape == (2, 5)


def test_words_and_figure_are_those_of_the_table(measured):
    table, maps = measured
    assert sentence(table) == "Of five features, in two units: toy stores 5 (1 seed)."
    text = found(table)[0]
    assert "Features stored: 5, by 12.5 % of the instances; angles between neighbours 72" in text and limits(table)
    figure = draw(table, {"toy/0": maps})
    assert len(figure.axes) == 4
    # A circle, and an arrow for each feature.
    assert len(figure.axes[0].lines) == 6
    assert figure.axes[1].lines[1].get_ydata().tolist() == [2, 5]
    none = table.iloc[:0]
    assert draw(none, {}) is not None and found(none) == [sentence(none)]
