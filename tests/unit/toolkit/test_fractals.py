"""The tool of scales: a planted power law and a planted memory are found, independent units and shuffled curves are not."""

import functools

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from torch import nn

from repdyn.fractals.noises import fractional_noise
from repdyn.measures.subject import Subject
from repdyn.measures.table import COLUMNS, combine, entry
from repdyn.report.quantities import quantity_names
from repdyn.roles import HIDDEN, OUTPUT
from repdyn.toolkit.fractals import measure as module
from repdyn.toolkit.fractals.figure import draw
from repdyn.toolkit.fractals.findings import found, limits, sentence
from repdyn.toolkit.fractals.measure import measure

WIDTH, ROWS, POINTS = 48, 400, 400


def curve(hurst: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A loss whose logarithm falls fast, then moves by fractional noise."""
    noise = fractional_noise(POINTS, hurst, np.random.default_rng(seed)).cumsum()
    return np.arange(POINTS) * 5, np.exp(3 * np.exp(-np.arange(POINTS) / 20) + 0.05 * noise)


def subject(hurst: float = 0.9, seed: int = 0, width: int = WIDTH, times=None) -> Subject:
    """A linear layer that makes units of equal variance at step 0, and at step 8 variances that fall as 1 / rank."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.standard_normal((width, width)))[0]
    states, model = {}, nn.Sequential(nn.Linear(width, width, bias=False), nn.Linear(width, 2))
    for step, scale in ((0, np.ones(width)), (8, np.arange(1, width + 1) ** -0.5)):
        weight = torch.from_numpy(turn @ np.diag(scale)).float()
        states[step] = {"0.weight": weight, "1.weight": torch.zeros(2, width), "1.bias": torch.zeros(2)}
    x = torch.from_numpy(rng.standard_normal((ROWS, width))).float()
    labels = torch.arange(ROWS) % 2
    return Subject(
        model,
        states,
        x,
        labels,
        2,
        ("test", seed),
        layers={"0": HIDDEN, "1": OUTPUT},
        curve=times or curve(hurst, seed),
    )


@functools.cache
def measured(hurst: float = 0.9, seed: int = 0):
    return measure(subject(hurst, seed), subject(hurst, seed))


def row(table: pd.DataFrame, quantity: str, step: int) -> pd.Series:
    return table[(table["quantity"] == quantity) & (table["step"] == step)].iloc[0]


def test_the_planted_law_and_the_planted_memory_are_found():
    table, maps = measured()
    assert list(table.columns) == list(COLUMNS)
    assert set(table["quantity"]) == quantity_names("repdyn.toolkit.fractals", "measure")
    law, flat = row(table, "variance_exponent", 8), row(table, "variance_exponent", 0)
    assert law["value"] == pytest.approx(1, abs=0.15) and abs(law["value"] - law["null_mean"]) > 5 * law["null_sd"]
    assert abs(flat["value"] - flat["null_mean"]) < 4 * flat["null_sd"] + 0.05
    memory = row(table, "loss_memory", 8)
    assert memory["value"] > 0.7 and (memory["value"] - memory["null_mean"]) / memory["null_sd"] > 2.5
    assert row(table, "loss_dimension", 8)["value"] == pytest.approx(1.1, abs=0.1)
    assert maps["scales"].shape == maps["fluctuations"].shape == maps["fluctuations_low"].shape
    assert maps["variances/0"].shape == (WIDTH,)


def test_increments_without_memory_have_none(monkeypatch):
    monkeypatch.setattr(module, "SHUFFLES", 50)
    z = []
    for seed in range(20):
        table, _ = measure(subject(0.5, seed), subject(0.5, seed))
        memory = row(table, "loss_memory", 8)
        z.append((memory["value"] - memory["null_mean"]) / memory["null_sd"])
    assert np.mean(np.abs(z) > 1.96) <= 0.2 and abs(np.mean(z)) < 1


@pytest.mark.parametrize(
    "times", [(np.arange(50), np.ones(50)), (np.arange(400), -np.ones(400)), (np.arange(400), np.ones(400))]
)
def test_a_curve_that_is_short_negative_or_constant_is_not_evaluable(times):
    table, maps = measure(subject(times=times), subject())
    assert np.isnan(row(table, "loss_memory", 8)["value"]) and "scales" not in maps


def test_few_dimensions_are_not_evaluable():
    table, _ = measure(subject(width=8), subject(width=8))
    assert table.loc[table["quantity"] == "variance_exponent", "value"].isna().all()


def runs(exponents, memories) -> pd.DataFrame:
    tables = []
    for number, (exponent, memory) in enumerate(zip(exponents, memories, strict=True)):
        entries = [entry(step, "a", "variance_exponent", value, 0.3, 0.02) for step, value in ((0, 0.3), (8, exponent))]
        entries += [entry(8, "", "loss_memory", memory, 0.5, 0.05), entry(8, "", "loss_dimension", 1.4, 1.5, 0.02)]
        tables.append(combine(entries).assign(experiment=f"e{number}", seed=0))
    return pd.concat(tables, ignore_index=True)


def test_what_is_said_is_what_was_planted():
    law, curves = found(runs([1.0, 1.1, 1.2, 0.9, 1.05, 1.15], [0.9, 0.9, 0.5, 0.2, 0.5, 0.5]))
    assert "units vary together" in law and "steeper, fewer directions" in law and "0.90 to 1.20" in law
    assert "rises in 2 and by falls in 1" in curves and "6 runs" in curves
    assert sentence(runs([1.0, 1.1, 1.2, 0.9, 1.05, 1.15], [0.9, 0.9, 0.5, 0.2, 0.5, 0.5])) == (
        "Training makes the variances of the last hidden layer fall more steeply by rank (in 6 of 6 runs); rises of the loss"
        " are followed by rises in 2 and by falls in 1 of 6 runs."
    )
    assert "does not show that a power law holds" in limits(runs([1.0], [0.5]))
    law, curves = found(runs([0.3, 0.28, 0.32, 0.31, 0.29, 0.3], [0.5] * 6))
    assert law.count("undecided") == 2 and "rises in 0 and by falls in 0" in curves
    nothing = runs([np.nan] * 2, [np.nan] * 2).assign(value=np.nan)
    assert sentence(nothing).count("not evaluable") == 2
    law, curves = found(nothing)
    assert "not evaluable in any of 2 runs" in law and "not evaluable in any of 2 runs" in curves


def test_the_figure_has_three_panels_per_experiment_and_says_what_is_missing():
    table, maps = measured()
    table = table.assign(experiment="e", seed=0)
    for arrays, said in ((maps, "slope"), ({}, "not evaluable")):
        figure = draw(table, {"e/0": arrays})
        FigureCanvasAgg(figure).draw()
        assert len(figure.axes) == 3
        assert any(said in text.get_text() for axes in figure.axes for text in axes.texts)
    assert not draw(table.iloc[:0], {}).axes
