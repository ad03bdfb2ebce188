"""The tool of biophysics: measured small, and told and drawn from tables whose answers are planted."""

import copy
import functools

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex

from helpers.figure_cases import assert_readable
from repdyn.biophysics.competition import Competition
from repdyn.biophysics.constraints import fit
from repdyn.biophysics.spectral_prior import Fit
from repdyn.figures.populations import EXCITES, INHIBITS
from repdyn.measures.table import COLUMNS, combine, entry
from repdyn.report.quantities import quantity_names
from repdyn.toolkit.biophysics import measure as module
from repdyn.toolkit.biophysics.edges import EDGES, by_edge
from repdyn.toolkit.biophysics.figure import draw
from repdyn.toolkit.biophysics.findings import found, limits, sentence


@pytest.fixture(scope="module")
def measured():
    """Few updates, weights by hand: competition and prior have tests of their own."""

    def competed(*arguments):
        weights = np.repeat([0.75, 0.25] if arguments[-1] is None else [0.5, 0.5], 500)
        return Competition(weights, np.full(20, 60.0))

    def quickly(network, data, seed):
        trained = copy.deepcopy(network)
        fit(trained, data["train"], seed, 3e-2, 30)
        return trained, 3e-2

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "compete", competed)
        patch.setattr(module, "best_fit", quickly)
        patch.setattr(module, "predicted", lambda condition, seed: Fit(len(condition) / 10, 0.9, 1.0))
        return [module.measure(seed) for seed in (0, 1)]


def value(table, quantity, layer, column="value"):
    rows = table[(table["quantity"] == quantity) & (table["layer"].astype(str) == layer)]
    return rows[column].iloc[0]


def test_every_quantity_is_described_and_cells_stand_with_the_first_seed(measured):
    (table, maps), (later, fewer) = measured
    one = table.assign(experiment="biophysics", seed=0)
    assert list(table.columns) == list(COLUMNS)
    assert set(table["quantity"]) == quantity_names("repdyn.toolkit.biophysics", "measure")
    assert set(table["quantity"]) - set(later["quantity"]) == {"cell_rate", "step_error", "irregularity"}
    assert maps["leaky_rates"] == pytest.approx(maps["leaky_formula"], rel=0.003) and "traces" not in fewer
    for kind in ("depressing", "facilitating"):
        assert maps[f"released/{kind}"] == pytest.approx(maps[f"formula/{kind}"], rel=1e-6)
    assert value(table, "step_error", "fast spiking") == pytest.approx(-14.7, abs=0.3)
    assert value(table, "irregularity", "chattering") > 1.3 > 0.1 > value(table, "irregularity", "regular spiking")
    assert value(table, "favoured", "") == 0.5 and value(table, "favoured", "", "null_mean") == 0
    assert value(table, "one_sign", "dale") == 1 and value(table, "one_sign", "dale", "null_mean") < 0.1
    for layer in EDGES:
        assert np.sign(by_edge(one, "edge", layer)).iloc[0].tolist() == [1, -1] * (len(EDGES[layer]) // 2)
        assert (by_edge(one, "edge", layer, "null_mean") > 0).all(axis=None)
        assert not np.array_equal(by_edge(one, "edge", layer), by_edge(one, "edge_before", layer))
    for name in ("free", "spiking", "dale", "recurrent"):
        assert value(table, "accuracy", name) > 0.5 > 0.3 > value(table, "accuracy", name, "null_mean")
    assert maps["by_time"][-1] == pytest.approx(value(table, "accuracy", "spiking"))
    assert 0 < value(table, "spikes", "spiking") < 1 and maps["raster"].max() == 1
    assert value(table, "error", "spectral") == 0.8 and value(table, "error", "none", "null_mean") == 0.9


def edges_of(seed) -> list:
    """The recurrent network at its null; inhibition of units that excite 50 % stronger than before, the rest as before."""
    signed = {
        "recurrent": [1.0, -1.0, 1.0, -1.0],
        "pixels to units": [0.2, -0.3, 0.2, -0.2],
        "units to answers": [1.0, -1.0],
    }
    entries = []
    for layer, medians in signed.items():
        before = np.array(medians) * ([1, 2 / 3, 1, 1][: len(medians)] if layer == "pixels to units" else 1)
        null = medians if layer == "recurrent" else np.zeros(len(medians))
        entries.append(entry(300, layer, "edge", np.array(medians), null, 0.01))
        entries.append(entry(300, layer, "edge_before", before * (1 + 1e-3 * (seed - 2))))
    return entries


def runs(spiking, dale, spectral) -> pd.DataFrame:
    tables = []
    for seed, gains in enumerate(zip(spiking, dale, spectral, strict=True)):
        entries = [entry(300, "free", "accuracy", 0.9, 0.1)]
        entries += [
            entry(300, name, "accuracy", 0.9 + gain, 0.1)
            for name, gain in zip(("spiking", "dale"), gains, strict=False)
        ]
        entries += [
            entry(150, name, "error", error, 0.4)
            for name, error in (("none", 0.2), ("norm", 0.2), ("spectral", gains[2]))
        ]
        entries += [entry(150, name, "states_exponent", 1.0) for name in ("none", "norm", "spectral")]
        entries += [entry(300, "spiking", name, 0.3, 0.1) for name in ("spikes", "silent", "reordered_accuracy")]
        entries += [entry(300, "dale", "one_sign", 1, 0), entry(0, "", "favoured", 0.5, 0)]
        entries += edges_of(seed)
        tables.append(combine(entries).assign(experiment="biophysics", seed=seed))
    return pd.concat(tables, ignore_index=True)


@functools.cache
def planted() -> pd.DataFrame:
    return runs([0.02, 0.03, 0.025, 0.02, 0.03], [-0.01, 0.01, 0, 0.02, -0.02], [0.22, 0.21, 0.22, 0.23, 0.22])


def test_what_is_said_is_what_was_planted():
    assert sentence(planted()) == (
        "Cells that spike make a network right more often (in 5 of 5 runs); whether Dale's law makes it right more often is"
        " undecided (it is so in 2 of 5 runs), and 30 of 50 median weights between its cells that excite and that inhibit"
        " are beyond shuffled signs, and training makes 1 of 10 stronger or weaker; states drawn to a spectrum of 1/f"
        " predict worse than under a matched penalty (in 5 of 5 runs)."
    )
    cells, synapses, digits, circuits, spikes, prior = found(planted())
    assert "of the recurrent network E to E 1, I to E -1, E to I 1, I to I -1; of the perceptron pixels E" in circuits
    assert "units I to answers -1. 3 deviations or more from shuffled signs: 30 of 50" in circuits
    assert "Training makes stronger: pixels I to units E by 50 %; weaker: none;" in circuits
    without = planted()[~planted()["quantity"].isin(["edge", "edge_before"])]
    assert found(without)[3] == "Circuits under Dale's law are not evaluable." and "signs is not evaluable" in sentence(
        without
    )
    assert cells.startswith("Cells were not simulated")
    assert "by 0.50 (0.50 to 0.50; 5 runs)" in synapses and "by 0.00" in synapses
    assert "cells that spike 2.50 (1.88 to 3.12; 5 runs), above 0 in 5 of 5 seeds" in digits
    assert "p = 0.0625; no less than 0.0625" in digits and "100.00 % under the law, 0.00 % without" in digits
    assert "above 0 in 2 of 4 seeds that differ (sign test: p = 1; no less than 0.125" in digits
    assert "10.00 (5.61 to 14.39; 5 runs), above 0 in 5 of 5 seeds" in prior and "never do" in spikes
    assert "Nothing here was compared with a brain" in limits(planted())


def test_without_a_difference_nothing_is_claimed_and_of_one_seed_no_interval():
    none = runs([0.0] * 5, [0.0] * 5, [0.2] * 5)
    assert sentence(none).count("undecided") == 3 and "0.00 (0.00 to 0.00; 5 runs)" in found(none)[2]
    single = runs([0.05], [0.05], [0.1])
    assert sentence(single).count("undecided") == 3 and "too few for an interval" in found(single)[2]
    assert found(planted().iloc[:0]) == ["No cell and no network was made."] == [sentence(planted().iloc[:0])]


def test_the_figure_draws_what_there_is_and_says_what_is_missing(measured):
    table = pd.concat(
        [each.assign(experiment="biophysics", seed=seed) for seed, (each, _) in enumerate(measured)], ignore_index=True
    )
    figure = draw(table, {f"biophysics/{seed}": maps for seed, (_, maps) in enumerate(measured)})
    FigureCanvasAgg(figure).draw()
    assert_readable(figure)
    assert len(figure.axes) == 12 and len(figure.axes[0].lines) == 4
    told = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert "not evaluable" not in told and "chattering" in told
    empty = draw(planted(), {"biophysics/0": {}})
    FigureCanvasAgg(empty).draw()
    assert [text.get_text() for axes in empty.axes for text in axes.texts].count("not evaluable") == 6
    assert {"E", "I", "-1", "+1"} == {text.get_text() for text in empty.axes[8].texts if text.get_text()}
    ring, other = empty.axes[8].patches[:2]
    assert [to_hex(each.get_edgecolor()) for each in (ring, other)] == [EXCITES.lower(), INHIBITS.lower()]
    assert not draw(table.iloc[:0], {}).axes
