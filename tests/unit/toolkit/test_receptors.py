"""The tool of the grasshopper's receptors: measured on simulated ones, told and drawn from tables with planted answers."""

import functools

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from repdyn.alignment.grasshopper import Heard
from repdyn.measures.table import COLUMNS, combine, entry
from repdyn.report.quantities import quantity_names
from repdyn.toolkit.receptors import measure as module
from repdyn.toolkit.receptors.figure import draw
from repdyn.toolkit.receptors.findings import found, limits, sentence
from repdyn.toolkit.receptors.predictor import listeners

KERNEL = np.concatenate([np.zeros(4), [1, 0.8, -0.6], np.zeros(3)])


def receptor(number: int) -> Heard:
    """One answers to the sound by KERNEL, the other to nothing."""
    rng = np.random.default_rng(number)
    sound = rng.standard_normal(3000)
    through = np.convolve(sound, KERNEL)[:3000]
    rate = 0.12 * np.exp(through / through.std() - 0.5) if number == 1 else np.full(3000, 0.12)
    return Heard(60 + 5 * sound, rng.poisson(rate).astype(float))


@pytest.fixture(scope="module")
def measured():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "grasshopper", receptor)
        for name, value in (
            ("NETWORKS", 2),
            ("SHIFTS", 3),
            ("SURROGATES", 10),
            ("NEAREST", 4),
            ("SHOWN", slice(1000, 1200)),
        ):
            patch.setattr(module, name, value)
        table, maps = module.measure(0)
    return table.assign(experiment="receptors", seed=0), maps


def test_every_quantity_is_described_and_the_receptor_that_answers_is_told_from_the_other(measured):
    table, maps = measured
    assert list(table.columns[:-2]) == list(COLUMNS)
    assert set(table["quantity"]) == quantity_names("repdyn.toolkit.receptors", "measure")
    values = table.assign(layer=table["layer"].astype(str)).set_index(["quantity", "layer"])["value"]
    assert values["field_accuracy", "recording 1"] > 0.3 > 0.1 > abs(values["field_accuracy", "recording 2"])
    assert values["field_bits", "recording 1"] > 0.4 > 0.05 > abs(values["field_bits", "recording 2"])
    assert values["latency", "recording 1"] == 4 and values["presentations", ""] == 1
    assert (table.loc[table["quantity"] == "field_accuracy", "null_mean"].abs() < 0.1).all()
    assert len(values["states_accuracy", "recording 1"]) == 2
    assert maps["kernel/recording 1"].argmax() == 4 and len(maps["rate/recording 2"]) == 200
    told = sentence(table)
    assert "of 1 of 2 recordings of a grasshopper's receptors beyond chance" in told and "no ceiling" in told


def test_a_network_learns_a_sound_that_can_be_foreseen_and_noise_not():
    time = np.arange(2000)
    sounds = np.stack([np.sin(time / 5), np.random.default_rng(0).standard_normal(2000)])
    before, after = listeners(sounds, ("test",))
    assert after.error[0] < 0.2 < 0.9 < before.error[0] and after.error[1] > 0.95
    assert before.states.shape == (2, 2000, 32) and not np.allclose(before.states, after.states)


def planted(gains, fields=(0.5, 0.3)) -> pd.DataFrame:
    """Recordings whose fields reach so much, and training changes so much of what states reach."""
    entries = []
    for name, each, field in zip(("recording 1", "recording 2"), gains, fields, strict=True):
        each = np.array(each)
        for quantity, scale in (("accuracy", 1), ("bits", 2)):
            for model, value in (("level", 0.1), ("field", field), ("quadratic", 0.55)):
                entries.append(entry(0, name, f"{model}_{quantity}", scale * value, 0.01, 0.05))
            entries.append(entry(0, name, f"untrained_{quantity}", np.full(len(each), 0.4 * scale), 0, 0.05))
            entries.append(entry(100, name, f"states_{quantity}", scale * (0.4 + each), 0, 0.05))
        entries += [entry(0, name, "spikes", 900), entry(0, name, "latency", 6)]
        entries.append(entry(100, name, "sound_error", np.full(len(each), 0.25), 1.0))
    entries.append(entry(0, "", "kernels_apart", 0.2, 0.7, 0.1))
    return combine(entries).assign(experiment="receptors", seed=0)


@functools.cache
def worse() -> pd.DataFrame:
    return planted([[-0.1, -0.12, -0.11, -0.1, -0.12]] * 2)


def test_what_is_said_is_what_was_planted():
    assert sentence(worse()) == (
        "What was heard predicts the held-out spikes of 2 of 2 recordings of a grasshopper's receptors beyond chance"
        " (correlation 0.50 and 0.30; no ceiling: one presentation of each stimulus); states of a network trained to predict"
        " the sound predict the spikes of recording 1 and recording 2 worse than before training."
    )
    first, second, networks, kernels = found(worse())
    assert (
        "Recording 1 (sound up to 200 Hz, 900 spikes)" in first
        and "a linear field of its past 0.50, 1.00 bits" in first
    )
    assert "shifted in a circle, by the linear field: 0.01 ± 0.05" in first and "0.30, 0.60 bits" in second
    assert "No ceiling: one presentation" in first and "most 6 ms before" in second
    assert (
        "leave 25.00 (25.00 to 25.00; 5 networks) %" in networks and "by -0.11 (-0.12 to -0.10; 5 networks)" in networks
    )
    assert "differ by 0.20; series with the spectrum of one differ from the other by 0.70 ± 0.10" in kernels
    assert "there is no noise ceiling" in limits(worse())


def test_without_a_difference_nothing_is_claimed():
    table = planted([[0.1, -0.1, 0.05, -0.05, 0], [0.1, 0.12, 0.11, 0.1, 0.12]], fields=(0.15, 0.3))
    assert sentence(table).startswith("What was heard predicts the held-out spikes of 1 of 2 recordings")
    assert "whether states" in sentence(table) and "of recording 1 better than before is undecided" in sentence(table)
    assert "the spikes of recording 2 better than before training" in sentence(table)
    assert "2 networks, too few for an interval" in found(planted([[0.1, 0.1]] * 2))[2]
    assert found(table.iloc[:0]) == [sentence(table.iloc[:0])] == ["No recording was looked at."]


def test_the_figure_draws_what_there_is_and_says_what_is_missing(measured):
    table, maps = measured
    figure = draw(table, {"receptors/0": maps})
    FigureCanvasAgg(figure).draw()
    assert len(figure.axes) == 8 and [len(axes.patches) for axes in figure.axes[2:4]] == [5, 5]
    assert any("no ceiling: one presentation" in text.get_text() for text in figure.texts)
    empty = draw(worse(), {"receptors/0": {}})
    FigureCanvasAgg(empty).draw()
    assert [text.get_text() for axes in empty.axes for text in axes.texts] == ["not evaluable"] * 4
    assert not draw(table.iloc[:0], {}).axes
