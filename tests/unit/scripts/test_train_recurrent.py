"""A recurrent network's training, killed and continued, gives the bytes of one that was not; a changed run is refused."""

import json
import sys

import numpy as np
import pytest

import look_into_recurrent
import train_recurrent
from common import by_task
from common.files import read_arrays, read_json, read_parquet
from common.unfinished import claim
from repdyn.errors import StudyError
from repdyn.measures.table import COLUMNS

ROW = {
    "task": "flipflop", "cell": "gru", "hidden": 6, "steps": 30, "batch_size": 8, "learning_rate": 0.01, "seeds": 1,
    "checkpoint_every": 10,
}  # fmt: skip


def call(monkeypatch, step, folder, **changes):
    option = "--run" if step is look_into_recurrent else "--out"
    given = {"--network": "mine", "--seed": "0", "--row": json.dumps(ROW | changes), option: str(folder)}
    monkeypatch.setattr(sys, "argv", ["step", *(part for pair in given.items() for part in pair)])
    step.main()


class Killed(Exception):
    pass


@pytest.mark.parametrize("task", ["flipflop", "connect4_board"])
def test_a_killed_training_continues_to_the_same_bytes(task, tmp_path, monkeypatch):
    call(monkeypatch, train_recurrent, tmp_path / "whole", task=task)

    def update(progress, step, loss):
        if step == 25:
            raise Killed

    locks = []
    with monkeypatch.context() as patch:
        patch.setattr(by_task.Progress, "update", update)
        patch.setattr(by_task, "claim", lambda out: locks.append(claim(out)) or locks[-1])
        with pytest.raises(Killed):
            call(patch, train_recurrent, tmp_path / "killed", task=task)
    # A killed process holds nothing.
    locks[0].close()
    assert (tmp_path / "killed/unfinished/tables_000020").is_dir()
    call(monkeypatch, train_recurrent, tmp_path / "killed", task=task)
    assert read_json(tmp_path / "killed/provenance.json")["resumed_at_step"] == 20
    for name in ("trajectory.parquet", "training.parquet", "checkpoints.json", "run.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    steps = list(map(int, read_json(tmp_path / "whole/checkpoints.json")))
    assert steps == [0, 1, 2, 4, 8, 10, 20, 30]
    training = read_parquet(tmp_path / "whole/training.parquet")
    assert training["probe_loss"].iloc[-1] < training["probe_loss"].iloc[0] and set(steps) <= set(training["step"])


def test_a_run_is_looked_into_and_one_that_was_changed_is_refused(tmp_path, monkeypatch):
    run = tmp_path / "run"
    monkeypatch.setattr(look_into_recurrent, "RECURRENT", ("dynamical_systems", "connect_four"))
    call(monkeypatch, train_recurrent, run, steps=2, checkpoint_every=2)
    call(monkeypatch, look_into_recurrent, run, steps=2, checkpoint_every=2)
    table = read_parquet(run / "toolkit/dynamical_systems.parquet")
    assert list(table.columns) == ["experiment", "seed", *COLUMNS]
    # It is no game.
    assert read_parquet(run / "toolkit/connect_four.parquet").empty
    counts = table[table["quantity"] == "attractors"]
    assert counts["step"].tolist() == [0, 1, 2] and (counts["value"] == 1).all() and (counts["null_mean"] == 1).all()
    assert (table.loc[table["quantity"] == "found", "value"] == 1).all()
    maps, _ = read_arrays(run / "toolkit/dynamical_systems.safetensors")
    assert maps["points_0"].shape == (1, 3) and maps["unstable_0"].tolist() == [0] and maps["states"].shape == (400, 3)
    assert np.isfinite(table.loc[table["quantity"] == "exponent", "value"]).all()
    with pytest.raises(StudyError, match="of another configuration: row"):
        call(monkeypatch, look_into_recurrent, run, steps=3, checkpoint_every=2)
    damaged = run / "checkpoints/step_000002.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-8] + b"12345678")
    with pytest.raises(StudyError, match="not the file that training wrote"):
        call(monkeypatch, look_into_recurrent, run, steps=2, checkpoint_every=2)
