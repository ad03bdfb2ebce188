"""Truncated files and flipped bits: nothing goes on from them, and the message says exactly what to do."""

import re
import shutil
import signal
from pathlib import Path

import pytest

from common.checkpoints import read_checkpoint
from common.files import read_json, write_json
from helpers.disturbed import (
    FULL,
    MLP,
    TRIALS,
    assert_finishes,
    assert_same,
    contents,
    copy,
    finished,
    say,
    seeded,
    study,
    text,
    train,
)
from repdyn.errors import StudyError


def flip(path: Path, chance) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def truncate(path: Path, chance) -> None:
    path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size)])


def remove(path: Path, chance) -> None:
    path.unlink()


DAMAGE = {"flipped": flip, "truncated": truncate, "missing": remove}


def test_every_flipped_bit_and_every_cut_of_a_checkpoint_is_refused(tmp_path, capfd):
    run = shutil.copytree(finished().folder / MLP, tmp_path / "run")
    listed = read_json(run / "checkpoints.json")
    count = 25 * TRIALS
    for trial in range(count):
        chance = seeded("checkpoint", trial)
        step = chance.choice(sorted(listed))
        path = run / "checkpoints" / listed[step]["file"]
        whole = path.read_bytes()
        chance.choice([flip, truncate])(path, chance)
        with pytest.raises(StudyError, match=f"{path} is not the file that training wrote.*delete {run} and run again"):
            read_checkpoint(run, int(step), listed)
        path.write_bytes(whole)
        read_checkpoint(run, int(step), listed)
    say(capfd, f"{count} of {count} damaged checkpoints refused")


@pytest.mark.parametrize("damage", DAMAGE if FULL else ["flipped"])
def test_phase_2_refuses_a_damaged_checkpoint_and_its_advice_finishes_the_study(tmp_path, damage):
    project = copy(tmp_path / "study")
    first = project.folder / MLP / "checkpoints/step_000000.safetensors"
    DAMAGE[damage](first, seeded(damage))
    done = study(project)
    assert done.returncode == 0 and "Nothing to be done" in text(done)
    (project.folder / MLP / "measurements.parquet").unlink()
    done = study(project)
    assert done.returncode == 1
    log = next((project.folder / "results/faults/logs/phase2").glob("mlp*.log")).read_text()
    assert "Traceback" not in log
    advice = re.search(r"Error: (\S+) is (missing|not the file that training wrote).*; delete (\S+) and run again", log)
    assert advice, log
    assert (advice[1], advice[2] == "missing") == (f"{MLP}/checkpoints/{first.name}", damage == "missing")
    shutil.rmtree(project.folder / advice[3])
    assert_finishes(project)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A training that was killed after its state of step 30."""
    out = tmp_path_factory.mktemp("killed") / "run"
    assert train(MLP, out, die_at="tables_000035").returncode == -signal.SIGKILL
    assert "tables_000030/training.parquet" in (out / "unfinished/saved.json").read_text()
    return out


def goes_on(killed, out: Path, expected: str) -> None:
    done = train(MLP, out)
    assert done.returncode == 0, done.stderr
    assert expected in done.stderr, done.stderr
    whole = contents(finished().folder / MLP)
    found = contents(out)
    assert {"trajectory.parquet", "training.parquet", "run.json", "checkpoints.json"} < found.keys()
    assert_same(found, {name: held for name, held in whole.items() if name in found or "checkpoints" in name})


@pytest.mark.parametrize(
    ("name", "damage", "expected"),
    [
        ("checkpoints/step_000030.safetensors", flip, "continuing at step 25"),
        ("tables_000030/trajectory.parquet", truncate, "continuing at step 25"),
        ("checkpoints/step_000001.safetensors", flip, "only what was saved before it is used"),
        ("saved.json", truncate, "is damaged; starting over"),
    ],
)
def test_a_damaged_state_of_a_killed_training_is_not_continued(killed, tmp_path, name, damage, expected):
    out = shutil.copytree(killed, tmp_path / "run")
    damage(out / "unfinished" / name, seeded(name))
    goes_on(killed, out, expected)


@pytest.mark.parametrize("trial", range(TRIALS if FULL else 1))
def test_any_damage_to_the_state_of_a_killed_training(killed, tmp_path, trial):
    chance = seeded("state", trial)
    out = shutil.copytree(killed, tmp_path / "run")
    path = chance.choice(sorted(path for path in (out / "unfinished").rglob("*") if path.is_file()))
    chance.choice(list(DAMAGE.values()))(path, chance)
    goes_on(killed, out, "")


def test_a_state_of_other_settings_is_not_continued(killed, tmp_path):
    out = shutil.copytree(killed, tmp_path / "run")
    manifest = out / "unfinished/saved.json"
    write_json(manifest, read_json(manifest) | {"signature": "0" * 64})
    goes_on(killed, out, "is of other settings, data or code; starting over")
