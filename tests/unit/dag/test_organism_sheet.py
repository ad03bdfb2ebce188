"""The sheet of model organisms: what it holds is read, what is wrong is named before any job."""

import pytest

from dag.organisms import COLUMNS, TASKS, read_organisms
from helpers.project import ROOT
from repdyn.errors import StudyError
from repdyn.organisms.registry import TASKS as KNOWN_TASKS
from repdyn.organisms.registry import task_of

GOOD = ["mine", "addition", "100", "64", "0.01", "0", "3", "50"]


def written(tmp_path, *rows):
    path = tmp_path / "sheet.tsv"
    path.write_text("\n".join(["\t".join(["organism", *COLUMNS]), *("\t".join(row) for row in rows)]) + "\n")
    return path


def test_the_sheet_of_the_study_and_what_planning_knows_of_tasks():
    organisms = read_organisms(ROOT / "config/organisms.tsv")
    assert organisms["grokking"]["weight_decay"] == 1 and organisms["grokking"]["seeds"] == 3
    assert {row["task"] for row in organisms.values()} == set(TASKS)
    # Planning needs no torch, so the names stand there once more.
    assert tuple(KNOWN_TASKS) == TASKS
    with pytest.raises(StudyError, match="task 'division' is not known; one of addition"):
        task_of("division", ("mine", 0))


def test_a_row_is_read_as_its_columns_say(tmp_path):
    expected = dict(zip(COLUMNS, ["addition", 100, 64, 0.01, 0.0, 3, 50], strict=True))
    assert read_organisms(written(tmp_path, GOOD)) == {"mine": expected}


@pytest.mark.parametrize(
    ("place", "text", "expected"),
    [
        (1, "subtraction", "row 1: task is 'subtraction'; one of addition, "),
        (4, "0", "learning_rate is '0'; a number above 0"),
        (5, "-1", "weight_decay is '-1'; 0, or a number above 0, at most 10, is needed"),
        (5, "nan", "weight_decay is 'nan'"),
        (7, "", "checkpoint_every is ''"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, place, text, expected):
    row = [text if i == place else value for i, value in enumerate(GOOD)]
    with pytest.raises(StudyError, match=expected):
        read_organisms(written(tmp_path, row))


def test_an_organism_that_is_listed_twice_is_named(tmp_path):
    with pytest.raises(StudyError, match="organism 'mine' is listed twice"):
        read_organisms(written(tmp_path, GOOD, GOOD))
