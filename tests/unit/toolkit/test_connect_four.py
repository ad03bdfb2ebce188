"""Play beside a teacher as it is measured, told and drawn: on players whose answers are known."""

import numpy as np
import pandas as pd
import pytest
import torch

from repdyn.measures.table import combine, entry
from repdyn.recurrent.connect_four import PLIES
from repdyn.recurrent.losses import entropy
from repdyn.recurrent.networks import initialise
from repdyn.recurrent.play import taken_at_random
from repdyn.recurrent.record import probe_batch
from repdyn.recurrent.subject import RecurrentSubject
from repdyn.recurrent.tasks import TASKS
from repdyn.report.quantities import described, is_described
from repdyn.toolkit.connect_four.figure import draw
from repdyn.toolkit.connect_four.findings import found, limits, sentence
from repdyn.toolkit.connect_four.measure import measure


def test_a_network_whose_answers_are_known_by_hand():
    """At step 0 all columns are alike to it; at step 5 it knows that the middle is no worse than the edge."""
    task = TASKS["connect4_board"]
    network = initialise("gru", task.inputs, 8, task.outputs, ("by hand", 0))
    even = {name: torch.zeros_like(value) for name, value in network.state_dict().items()}
    middle = even | {"readout.bias": torch.tensor([0.0, 0, 0, 50, 0, 0, 0])}
    probe = probe_batch(task, "connect4_board")
    table, maps = measure(RecurrentSubject(network, {0: even, 5: middle}, task, probe, ("by hand", 0)))
    assert maps == {}
    known = described("repdyn.toolkit.connect_four", "measure").quantities
    assert [name for name in table["quantity"].unique() if not is_described(name, known)] == []
    rows = table[table["unit"].isna()].set_index(["quantity", "step"])
    floor = rows.loc[("floor", 0), "value"]
    assert floor == pytest.approx(entropy(probe)) and rows.loc[("hidden", 0), "value"] == 8
    assert rows.loc[("excess", 0), "value"] == pytest.approx(np.log(7) - floor, abs=1e-5)
    assert rows.loc[("excess", 0), "null_mean"] == pytest.approx(np.log(7) - floor)
    assert rows.loc[("excess", 5), "value"] > 20
    games = probe.games
    on = games.moves >= 0
    full = 1 - rows.loc[("legal", 5), "value"]
    assert full == pytest.approx(((games.mine | games.theirs)[on] >> np.uint64(3 * 7 + 5) & np.uint64(1)).mean())
    assert rows.loc[("teachers_move", 5), "value"] == pytest.approx(games.best[on][:, 3].mean())
    assert rows.loc[("blocks_made", 0), "null_mean"] == pytest.approx(taken_at_random(games)["blocks_made"])
    by_ply = table[table["quantity"] == "ply_excess"]
    assert len(by_ply) == PLIES and by_ply["step"].unique().tolist() == [5]
    # At the first move all columns are the teacher's.
    assert by_ply["null_mean"].iloc[0] == pytest.approx(0, abs=1e-9) and np.isnan(by_ply["value"].iloc[-1])


def rows_of(inputs, hidden, end, wins):
    entries = [entry(0, "", "inputs", inputs), entry(0, "", "hidden", hidden), entry(0, "", "floor", 1.5)]
    for step, excess, share in ((0, 0.45, 0.1), (100, end, wins)):
        entries.append(entry(step, "", "excess", excess, 0.4459))
        entries += [entry(step, "", kind, share, 0.3) for kind in ("wins_taken", "blocks_made", "safe_kept")]
        entries.append(entry(step, "", "legal", 0.99, 0.9))
    late = np.linspace(0.1, 0.5, PLIES) if inputs == 7 else np.full(PLIES, 0.1)
    return combine([*entries, entry(100, "", "ply_excess", late, 0.4)])


@pytest.fixture
def table():
    made = {("moves_8", 0): (7, 8, 0.3, 0.4), ("moves_8", 1): (7, 8, 0.32, 0.4), ("board_8", 0): (84, 8, 0.2, 0.7)}
    return pd.concat(
        [rows_of(*values).assign(experiment=name, seed=seed) for (name, seed), values in made.items()],
        ignore_index=True,
    )


def test_findings_say_the_numbers_of_the_table(table):
    floor, moves, board, remembered = found(table)
    assert "entropy of 1.5 (games shown as the moves), 1.5 (games shown as the board) nats" in floor
    assert moves.startswith("moves_8 (2 seeds, 8 units, reads the moves). Above the floor: 0.45 nats before training")
    assert "0.3, 0.32 after it" in moves and "wins taken 0.4 (random legal moves: 0.3)" in moves
    assert "reads the board" in board and "wins taken 0.7" in board
    assert "with the moves as input 0.134 and 0.29 nats; with the board as input 0.1 and 0.1 nats" in remembered
    assert "reading the moves, 30.5 %; reading the board, 55.1 %" in sentence(table) and limits(table)
    assert found(table.iloc[:0]) == ["No network was trained to play."] == [sentence(table.iloc[:0])]


def test_the_figure_has_a_row_per_input_and_draws_every_seed_and_its_null(table):
    figure = draw(table, {})
    assert len(figure.axes) == 10
    excess = [line.get_ydata().tolist() for line in figure.axes[0].lines]
    assert excess.count([0.4459, 0.4459]) == 2 and [0.45, 0.3] in excess and [0.45, 0.32] in excess
    assert len(figure.axes[5].lines) == 2 and len(figure.axes[4].lines) == 2
    assert draw(table.iloc[:0], {}).texts[0].get_text() == "No network was trained to play."
