"""Results have a folder of their own, whose name may be whatever a folder may be called."""

from pathlib import Path

import pytest

from dag.folders import PATHS, check_folders
from repdyn.errors import StudyError

GOOD = dict.fromkeys(PATHS, "somewhere/file") | {"data_dir": "data", "results": "results"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "results", ["results", "out put", "it's", "$(touch X)", "../elsewhere", "/tmp/a b", "configuration"]
)
def test_a_folder_of_its_own_is_taken(results):
    check_folders(GOOD | {"results": results})


@pytest.mark.parametrize(
    ("results", "why"),
    [
        ("/", "everything else lies there too"),
        (".", "everything else"),
        ("..", "everything else"),
        ("a/..", "everything else"),
        (str(Path.home()), "everything else"),
        ("config", "config holds files of the project"),
        ("./config/", "config holds"),
        ("config/mine", "config holds"),
        ("results/../workflow", "workflow holds"),
        (".snakemake", ".snakemake holds"),
        (".git/x", ".git holds"),
        ("data", "data_dir is the same"),
        ("file", "it is a file"),
    ],
)
def test_a_folder_of_others_is_refused(results, why):
    with pytest.raises(StudyError) as caught:
        check_folders(GOOD | {"results": results})
    assert f"key 'results' is {results!r}; a folder of its own is needed: {why}" in str(caught.value)


@pytest.mark.parametrize("key", PATHS)
@pytest.mark.parametrize("path", ["", " ", "-rf", "a\nb", "a\0b", "{seed}", "x/" * 501, "é" * 128, "a\udcff"])
def test_what_is_no_path_everywhere_is_refused(key, path):
    with pytest.raises(StudyError, match=f"key '{key}' is .*; a path is needed"):
        check_folders(GOOD | {key: path})


def test_a_link_to_a_folder_of_the_project_is_followed(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "linked").symlink_to("config")
    with pytest.raises(StudyError, match="config holds files of the project"):
        check_folders(GOOD | {"results": "linked"})
