"""Landscapes of a recurrent network built by hand, eight basins for three bits; and told and drawn from planted tables."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from scipy.spatial.distance import pdist

from repdyn.calibration.energy import COUPLED, DT, diffused
from repdyn.calibration.players import flipflop_by_hand
from repdyn.measures.table import COLUMNS, combine, entry
from repdyn.recurrent.record import probe_batch
from repdyn.recurrent.subject import RecurrentSubject
from repdyn.recurrent.tasks import TASKS
from repdyn.report.quantities import quantity_names
from repdyn.toolkit.landscapes import measure as tool
from repdyn.toolkit.landscapes.figure import draw
from repdyn.toolkit.landscapes.findings import at_limit, found, limits, sentence


@pytest.fixture(scope="module")
def looked():
    """Step 0: a network that forgets; step 10: one that keeps three bits."""
    task = TASKS["flipflop"]
    states = {step: flipflop_by_hand(kept).state_dict() for step, kept in ((0, 0.1), (10, 2.0))}
    subject = RecurrentSubject(flipflop_by_hand(), states, task, probe_batch(task, "flipflop"), ("planted", 0))
    # States without noise repeat; the smallest bandwidth would be best.
    real = tool._states
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tool, "_states", lambda subject, step: noisy(real(subject, step)))
        return tool.measure(subject)


def noisy(states):
    return states + 0.1 * np.random.default_rng(0).standard_normal(states.shape)


def test_a_network_that_keeps_three_bits_has_eight_basins_and_nobody_is_seen_between(looked):
    table, maps = looked
    assert list(table.columns) == list(COLUMNS)
    assert set(table["quantity"]) == quantity_names("repdyn.toolkit.landscapes", "measure")
    state = table.set_index(["quantity", "step"])
    assert state.loc[("answers", 0), "value"] == 8 == state.loc[("basins", 10), "value"]
    assert state.loc[("basins", 10), "null_mean"] == 1 and state.loc[("barrier", 10), "null_mean"] == 0
    assert state.loc[("barrier", 10), "value"] == state.loc[("most_barrier", 10), "value"] > 2
    # The corners of a cube: as many pairs a side, of 2 / sqrt 3 root mean squares, apart as there are edges, and so on.
    expected = 2 / np.sqrt(3) * np.sqrt([1] * 12 + [2] * 12 + [3] * 4)
    assert np.sort(pdist(maps["basins"])) == pytest.approx(expected, abs=0.2)
    assert np.linalg.norm(np.diff(maps["path"][[0, -1]], axis=0)) == pytest.approx(2 / np.sqrt(3), abs=0.15)
    assert maps["energies"][:, 0] == pytest.approx([0, 0], abs=1e-6) and maps["picture"].shape == (
        tool.PIXELS,
        tool.PIXELS,
    )
    left, right, bottom, top = maps["extent"]
    row, column = np.unravel_index(maps["picture"].argmin(), maps["picture"].shape)
    lowest = [np.linspace(left, right, tool.PIXELS)[column], np.linspace(bottom, top, tool.PIXELS)[row]]
    assert np.linalg.norm(maps["basins"][:, :2] - lowest, axis=1).min() < 0.2


def test_rows_that_make_a_landscape_choose_its_bandwidth_and_descend_are_of_other_sequences(monkeypatch):
    task = TASKS["flipflop"]
    state = {0: flipflop_by_hand().state_dict()}
    subject = RecurrentSubject(flipflop_by_hand(), state, task, probe_batch(task, "flipflop"), ("planted", 0))
    given = []
    monkeypatch.setattr(tool, "_states", lambda *_: np.broadcast_to(np.arange(200)[:, None, None], (200, 40, 3)) + 0.0)
    monkeypatch.setattr(
        tool, "_landscape", lambda parts, rng: given.append(parts) or (dict.fromkeys(tool.QUANTITIES, 0), {})
    )
    tool.measure(subject)
    sequences = [set(part[:, 0]) for part in given[0]]
    assert len(set.union(*sequences)) == sum(map(len, sequences)) > 180 and min(map(len, sequences)) > 55
    # Only time steps at which all bits were set.
    assert sum(map(len, given[0])) == subject.probe.counted.numpy().all(2).sum() < 200 * 40


def test_states_that_do_not_vary_are_not_evaluable():
    rng = np.random.default_rng(0)
    for rows in (np.zeros((100, 3)), rng.standard_normal((100, 2))):
        numbers, maps = tool._landscape([rows] * 3, rng)
        assert all(np.isnan(value) for value in numbers.values()) and maps == {}


def test_entropy_production_stands_out_and_sequences_turned_by_chance_have_none():
    rng = np.random.default_rng(0)
    hot, mild = (diffused(COUPLED, np.diag(kind), rng) for kind in ([1.0, 8], [1.0, 1]))
    for series, produces in ((hot, True), (mild, False)):
        rate = tool._irreversible(series, 3, rng)[0]
        assert rate["quantity"][0] == "entropy_production" and rate["step"][0] == 3
        assert abs(rate["null_mean"][0]) < 0.004
        assert (rate["value"][0] - rate["null_mean"][0] > 3 * rate["null_sd"][0]) == produces
    assert tool._irreversible(hot, 0, rng)[0]["value"][0] * 1 / DT == pytest.approx(49 / 24, rel=0.25)
    turned = tool._turned(hot, np.random.default_rng(1))
    forwards, backwards = ((turned == each).all((1, 2)) for each in (hot, hot[:, ::-1]))
    assert (forwards ^ backwards).all() and 60 < forwards.sum() < 140
    assert np.isnan(tool._irreversible(np.zeros((9, 9, 2)), 0, rng)[0]["value"][0])


def planted(basins, barriers, most, produced) -> pd.DataFrame:
    tables = []
    for seed, (count, barrier, limit, rate) in enumerate(zip(basins, barriers, most, produced, strict=True)):
        entries = [entry(0, "", "answers", 8)]
        for step, k, height in ((0, 1, 0.0), (700, count, barrier)):
            limited = np.nan if k == 1 else limit
            entries += [entry(step, "", "bandwidth", 0.05, 0.2), entry(step, "", "basins", k, 1)]
            entries += [entry(step, "", "barrier", height, 0), entry(step, "", "straight_barrier", height, 0)]
            entries += [entry(step, "", "most_barrier", limited)]
            entries += [entry(step, "", name, rate, 0.0, 0.01) for name in ("entropy_production", "entropy_bound")]
        tables.append(combine(entries).assign(experiment="net", seed=seed))
    return pd.concat(tables, ignore_index=True)


def test_what_is_said_is_what_was_planted():
    table = planted([8, 7, 8], [4, 1.5, 3], [4, 3.5, 3], [0.5, 0.031, np.nan])
    assert at_limit(table).tolist() == [True, False, True]
    assert sentence(table) == (
        "Basins of the states after training: net 8, 7, 8 (before it 1, normal points 1, answers 8). From the basin of most"
        " states to the one nearest to it no state was seen on the way in 2 of 3 runs with two basins or more."
    )
    (text,) = found(table)
    assert "Basins: 1 before training, 8, 7, 8 after (normal points: 1), with a bandwidth of 0.05" in text
    assert "Barrier, nats: 0 before, 4, 1.5, 3 after" in text and "a lower bound in 2 of 3 seeds" in text
    assert (
        "0.5, 0.031 nats per time step (sequences backwards with chance 1/2: 0), beyond 3 deviations of them in 2 of 2"
        in text
    )
    assert "Jarzynski" in limits(table)


def test_what_is_said_of_one_basin_and_of_nothing():
    quiet = planted([1, 1], [0, 0], [np.nan] * 2, [0.029, -0.2])
    assert "net 1 (before it 1, normal points 1, answers 8)" in sentence(quiet) and "in 0 of 0 runs" in sentence(quiet)
    assert "beyond 3 deviations of them in 0 of 2 seeds" in found(quiet)[0]
    none = planted([2, 2], [1, 1], [3, 3], [np.nan] * 2)
    assert "not evaluable in any seed" in found(none)[0]
    assert sentence(none[:0]) == "No recurrent network was trained." == found(none[:0])[0]


def test_the_figure_draws_what_was_measured(looked):
    table, maps = looked
    table = table.assign(experiment="hand", seed=0)
    figure = draw(table, {"hand/0": maps})
    FigureCanvasAgg(figure).draw()
    panels = {axes.get_title(loc="left"): axes for axes in figure.axes}
    assert panels["basins"].lines[1].get_ydata().tolist() == table[table["quantity"] == "basins"]["value"].tolist()
    drawn = panels["along the path, nats"].lines[1].get_ydata()
    most = table.loc[(table["quantity"] == "most_barrier") & (table["step"] == 10), "value"].iloc[0]
    assert drawn.max() == most < maps["energies"].max()
    bare = draw(planted([1], [0], [np.nan], [np.nan]), {})
    FigureCanvasAgg(bare).draw()
    told = [text.get_text() for axes in bare.axes for text in axes.texts]
    assert told == ["not evaluable", "one basin", "not evaluable"] and not draw(table[:0], {}).axes
