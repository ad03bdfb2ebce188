"""The published logs are obtained whole and verified, or the reason is one sentence."""

import gzip
import hashlib

import pytest
import yaml

from audit_logs import address, locate, obtain, read_log
from helpers.project import ROOT
from repdyn.errors import StudyError

CONTENT = {"a.json": b'{"a": 1}', "b.json": b'{"b": 2}'}
CHECKSUMS = {name: hashlib.sha256(data).hexdigest() for name, data in CONTENT.items()}


@pytest.fixture
def source(tmp_path) -> str:
    """The address of a folder that holds both logs."""
    (tmp_path / "source").mkdir()
    for name, data in CONTENT.items():
        (tmp_path / "source" / name).write_bytes(data)
    return (tmp_path / "source").as_uri()


def test_what_is_missing_is_fetched_once(tmp_path, source):
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.json").write_bytes(CONTENT["a.json"])
    assert obtain(folder, CHECKSUMS, source) == 1
    assert obtain(folder, CHECKSUMS, source) == 0
    assert {path.name for path in folder.iterdir()} == {"a.json", "b.json.gz"}
    assert {name: read_log(folder, name, digest) for name, digest in CHECKSUMS.items()} == CONTENT


def test_files_placed_by_hand_need_no_network(tmp_path):
    (tmp_path / "trajectories").mkdir()
    for name, data in CONTENT.items():
        (tmp_path / "trajectories" / f"{name}.gz").write_bytes(gzip.compress(data))
    assert obtain(tmp_path, CHECKSUMS, "https://nowhere.invalid") == 0


@pytest.mark.parametrize("base", ["https://nowhere.invalid/logs", "file:///nowhere"])
def test_without_a_source_one_sentence_names_the_folder(tmp_path, base):
    folder = tmp_path / "logs"
    with pytest.raises(StudyError) as caught:
        obtain(folder, CHECKSUMS, base)
    message = str(caught.value)
    assert message.startswith("2 published logs are not in") and f"in {folder} by hand." in message
    assert "\n" not in message
    assert not folder.exists() or not list(folder.iterdir())


def test_a_changed_source_leaves_nothing(tmp_path, source):
    (tmp_path / "source/b.json").write_bytes(CONTENT["b.json"][:-1])
    with pytest.raises(StudyError, match=r"b.json: checksum .* changed or cut off"):
        obtain(tmp_path / "logs", CHECKSUMS, source)
    assert [path.name for path in (tmp_path / "logs").iterdir()] == ["a.json.gz"]


def test_a_changed_or_truncated_file_is_named(tmp_path):
    whole = gzip.compress(CONTENT["a.json"])
    for bad, expected in (
        (whole[: len(whole) // 2], "is not a whole gzip file"),
        (b"no gzip", "is not a whole gzip file"),
        (gzip.compress(CONTENT["b.json"]), "changed or cut off"),
    ):
        (tmp_path / "a.json.gz").write_bytes(bad)
        with pytest.raises(StudyError, match=expected) as caught:
            read_log(tmp_path, "a.json", CHECKSUMS["a.json"])
        assert "a.json.gz" in str(caught.value)
    with pytest.raises(StudyError, match=r"holds no b.json or b.json.gz"):
        read_log(tmp_path, "b.json", CHECKSUMS["b.json"])
    assert locate(tmp_path, "b.json") is None


def test_the_source_is_the_named_commit():
    source = yaml.safe_load((ROOT / "config/claims.yaml").read_text())["source"]
    assert address(source) == (
        "https://raw.githubusercontent.com/Javihaus/ndt/c0e4d120fc6cd15358b172a1d08ccf419d2fbd07/"
        "experiments/new/results/phase1_full"
    )
