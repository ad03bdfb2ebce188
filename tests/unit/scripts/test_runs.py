"""A whole file with a right checksum in the folder of another run is noticed."""

import shutil

import pandas as pd
import pytest

from common.files import require_held, write_json, write_parquet
from common.runs import require_own, run_folders
from repdyn.errors import StudyError


@pytest.fixture
def runs(tmp_path):
    (tmp_path / "sheet.tsv").write_text("experiment\tarchitecture\tdataset\na\tmlp\tdigits\nb\tmlp\tdigits\n")
    folders = run_folders(tmp_path / "runs", tmp_path / "sheet.tsv", 2)
    for number, folder in enumerate(folders):
        write_json(
            folder / "run.json", {"experiment": folder.parent.name, "seed": int(folder.name.removeprefix("seed"))}
        )
        write_parquet(folder / "trajectory.parquet", pd.DataFrame({"step": [0], "stable_rank": [1.0 + number]}))
    return folders


def test_runs_in_their_own_folders_are_taken(runs):
    assert len(runs) == 4
    require_own(runs)


@pytest.mark.parametrize("source", [1, 2], ids=["another seed", "another experiment"])
def test_the_description_of_another_run_is_named(runs, source):
    shutil.copy2(runs[source] / "run.json", runs[0] / "run.json")
    with pytest.raises(StudyError, match=r"a/seed0/run.json is that of [ab], seed [01]: it was copied here. Delete"):
        require_own(runs)


def test_the_trajectory_of_another_run_is_named(runs):
    shutil.copy2(runs[3] / "trajectory.parquet", runs[1] / "trajectory.parquet")
    with pytest.raises(
        StudyError, match=r"b/seed1/trajectory.parquet and .*a/seed1/trajectory.parquet are the same file"
    ):
        require_own(runs)


def test_a_file_of_another_content_is_named(runs):
    write_json(runs[0] / "run.json", {"seed": 0})
    with pytest.raises(
        StudyError, match=r"a/seed0/run.json lacks experiment: another version wrote it, or it is another"
    ):
        require_own(runs)
    require_held(runs[0], pd.DataFrame({"step": [0]}), ["step"])
    with pytest.raises(StudyError, match="lacks layer"):
        require_held(runs[0], pd.DataFrame({"step": [0]}), ["step", "layer"])
