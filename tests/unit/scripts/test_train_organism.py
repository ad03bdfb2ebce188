"""An organism's training, killed and continued, gives the bytes of one that was not; a changed run is refused."""

import json
import sys

import pytest
import torch

import look_into_organism
import train_organism
from common import by_task
from common.files import read_json, read_parquet
from common.unfinished import claim
from repdyn.errors import StudyError
from repdyn.measures.table import COLUMNS
from repdyn.toolkit import ORGANISMS

ROW = {
    "task": "addition", "steps": 30, "batch_size": 300, "learning_rate": 0.01, "weight_decay": 1.0, "seeds": 1,
    "checkpoint_every": 10,
}  # fmt: skip


def call(monkeypatch, step, folder, **changes):
    option = "--run" if step is look_into_organism else "--out"
    given = {"--organism": "mine", "--seed": "0", "--row": json.dumps(ROW | changes), option: str(folder)}
    monkeypatch.setattr(sys, "argv", ["step", *(part for pair in given.items() for part in pair)])
    step.main()


class Killed(Exception):
    pass


@pytest.mark.parametrize("task", ["addition"])
def test_a_killed_training_continues_to_the_same_bytes(task, tmp_path, monkeypatch):
    call(monkeypatch, train_organism, tmp_path / "whole", task=task)

    def update(progress, step, loss):
        if step == 25:
            raise Killed

    locks = []
    with monkeypatch.context() as patch:
        patch.setattr(by_task.Progress, "update", update)
        patch.setattr(by_task, "claim", lambda out: locks.append(claim(out)) or locks[-1])
        with pytest.raises(Killed):
            call(patch, train_organism, tmp_path / "killed", task=task)
    # A killed process holds nothing.
    locks[0].close()
    call(monkeypatch, train_organism, tmp_path / "killed", task=task)
    assert read_json(tmp_path / "killed/provenance.json")["resumed_at_step"] == 20
    for name in ("trajectory.parquet", "training.parquet", "checkpoints.json", "run.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    steps = list(map(int, read_json(tmp_path / "whole/checkpoints.json")))
    assert steps == [0, 1, 2, 4, 8, 10, 20, 30]
    training = read_parquet(tmp_path / "whole/training.parquet")
    assert training["loss"].iloc[-1] < training["loss"].iloc[0] and set(steps) <= set(training["step"])


def test_numbers_too_small_to_be_normal_are_0_while_it_trains_and_not_after(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(by_task.Progress, "update", lambda *_: seen.append((torch.tensor(1e-38) * 1e-3).item()))
    call(monkeypatch, train_organism, tmp_path / "run", steps=2, weight_decay=0.0)
    assert seen == [0.0] * 3 and (torch.tensor(1e-38) * 1e-3).item() > 0


def test_a_run_is_looked_into_and_one_that_was_changed_is_refused(tmp_path, monkeypatch):
    run = tmp_path / "run"
    call(monkeypatch, train_organism, run, steps=2, checkpoint_every=2)
    call(monkeypatch, look_into_organism, run, steps=2, checkpoint_every=2)
    tables = {tool: read_parquet(run / f"toolkit/{tool}.parquet") for tool in ORGANISMS}
    # It is of one tool only.
    assert [tool for tool, table in tables.items() if len(table)] == ["grokking"]
    table = tables["grokking"]
    assert list(table.columns) == ["experiment", "seed", *COLUMNS] and table["experiment"].unique().tolist() == ["mine"]
    with pytest.raises(StudyError, match="of another configuration: row"):
        call(monkeypatch, look_into_organism, run, steps=3, checkpoint_every=2)
    damaged = run / "checkpoints/step_000002.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-8] + b"12345678")
    with pytest.raises(StudyError, match="not the file that training wrote"):
        call(monkeypatch, look_into_organism, run, steps=2, checkpoint_every=2)
