"""Files appear whole or not at all; errors are sentences; progress is readable in a log."""

import errno
import os
import subprocess

import numpy as np
import pytest

from common.files import atomic, read_arrays, read_json, readable_errors, sha256, write_arrays, write_json
from common.progress import Progress
from repdyn.errors import StudyError


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "folder/table.txt"
    with atomic(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    with pytest.raises(KeyboardInterrupt), atomic(path) as temporary:
        temporary.write_text("other")
        raise KeyboardInterrupt
    assert path.read_text() == "half"
    assert [file.name for file in path.parent.iterdir()] == ["table.txt"]


def test_what_a_killed_process_left_is_removed_and_what_another_writes_is_not(tmp_path):
    path = tmp_path / "a.json"
    ended = subprocess.Popen(["true"])
    ended.wait()
    names = {pid: f".a.json.{pid}.part" for pid in (ended.pid, os.getppid())}
    for name in (*names.values(), f".b.json.{ended.pid}.part"):
        (tmp_path / name).write_text("half")
    write_json(path, {})
    assert {file.name for file in tmp_path.iterdir()} == {"a.json", names[os.getppid()], f".b.json.{ended.pid}.part"}


def test_no_link_is_followed(tmp_path):
    """Neither one in the place of the file or of its temporary file, nor one in the place of its folder."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.json").write_text("of somebody else")
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a.json", f".a.json.{os.getpid()}.part"):
        (folder / name).symlink_to(other / "a.json")
    write_json(folder / "a.json", {"a": 1})
    assert read_json(folder / "a.json") == {"a": 1} and not (folder / "a.json").is_symlink()
    (tmp_path / "linked").symlink_to(other)
    with pytest.raises(StudyError, match="linked is a symbolic link, .* Remove the link"):
        write_json(tmp_path / "linked/a.json", {})
    assert (other / "a.json").read_text() == "of somebody else" and len([*other.iterdir()]) == 1


def test_json_has_no_numbers_that_json_does_not_know(tmp_path):
    write_json(tmp_path / "a.json", {"a": np.float64("nan"), "b": [np.int64(3), float("inf")], "c": {1: np.True_}})
    assert read_json(tmp_path / "a.json") == {"a": None, "b": [3, None], "c": {"1": True}}


def test_arrays_come_back_and_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    arrays = {"x": np.arange(6, dtype=np.float32).reshape(2, 3)}
    write_arrays(path, arrays, {"name": "a", "words": ["ä"]})
    checksum = sha256(path)
    stored, metadata = read_arrays(path)
    assert metadata == {"name": "a", "words": ["ä"]}
    assert stored["x"].tolist() == arrays["x"].tolist()
    write_arrays(path, arrays, {"name": "a", "words": ["ä"]})
    assert sha256(path) == checksum
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(StudyError, match="its checksum differs"):
        read_arrays(path)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (StudyError("steps is 0; 1 would do"), "Error: steps is 0; 1 would do"),
        (
            OSError(errno.ENOSPC, "No space left on device", "a.txt"),
            "No space left on device: a.txt. Nothing half-written",
        ),
        (FileNotFoundError('No such file or directory: "a.txt"'), 'Error: No such file or directory: "a.txt". Nothing'),
    ],
)
def test_errors_for_people_are_sentences(error, expected):
    with pytest.raises(SystemExit) as left, readable_errors():
        raise error
    assert expected in left.value.code


def test_progress_in_a_log_is_lines_with_step_loss_rate_and_time_left(monkeypatch, capsys):
    clock = iter([0.0, 4.0, 11.0, 20.0])
    monkeypatch.setattr("common.progress.time.monotonic", lambda: next(clock))
    progress = Progress("a", total=40, start=20)
    for step, loss in ((24, 2.0), (31, 1.5), (40, 1.25)):
        progress.update(step, loss)
    assert capsys.readouterr().err.splitlines() == [
        "a: step 31/40, loss 1.5000, 1 steps/s, 9 s left",
        "a: step 40/40, loss 1.2500, 1 steps/s, 0 s left",
    ]


def test_what_a_file_should_hold_and_does_not_is_named_with_the_file(tmp_path):
    path = tmp_path / "run.json"
    write_json(path, {"experiment": "a", "roles": {"hidden": "hidden"}})
    content = read_json(path)
    assert content == {"experiment": "a", "roles": {"hidden": "hidden"}} and content.get("seed") is None
    for part, key in ((content, "seed"), (content["roles"], "output")):
        with pytest.raises(StudyError, match=f"run.json lacks '{key}': it is not what its name says"):
            part[key]


def test_arrays_that_do_not_lie_in_c_order_are_written_as_they_are(tmp_path):
    square = np.arange(6.0).reshape(2, 3)
    arrays = {
        "turned": square.T,
        "column": square[:, 1],
        "repeated": np.broadcast_to(square[0], (2, 3)),
        "one": square[0, 0],
    }
    write_arrays(tmp_path / "a.safetensors", arrays, {})
    for name, values in read_arrays(tmp_path / "a.safetensors")[0].items():
        np.testing.assert_array_equal(values, arrays[name])
