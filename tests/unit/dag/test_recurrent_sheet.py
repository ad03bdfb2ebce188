"""The sheet of recurrent networks: what it holds is read, what is wrong is named before any job."""

import pytest

from dag.recurrent import CELLS, COLUMNS, TASKS, check_row, read_recurrent
from helpers.project import ROOT
from repdyn.errors import StudyError
from repdyn.recurrent.networks import CELLS as KNOWN_CELLS
from repdyn.recurrent.tasks import TASKS as KNOWN_TASKS

HEADER = "\t".join(["network", *COLUMNS])
GOOD = ["mine", "flipflop", "gru", "24", "700", "64", "0.01", "3", "50"]


def written(tmp_path, *rows, header=HEADER):
    path = tmp_path / "sheet.tsv"
    path.write_text("\n".join([header, *("\t".join(row) for row in rows)]) + "\n")
    return path


def test_the_sheet_of_the_study_and_what_planning_knows_of_tasks_and_cells():
    networks = read_recurrent(ROOT / "config/recurrent.tsv")
    assert networks["flipflop_gru"]["hidden"] == 24 and networks["flipflop_gru"]["seeds"] == 3
    # Planning needs no torch, so the names stand there once more.
    assert tuple(KNOWN_TASKS) == TASKS and tuple(KNOWN_CELLS) == CELLS


def test_a_row_is_read_as_its_columns_say(tmp_path):
    assert read_recurrent(written(tmp_path, GOOD)) == {
        "mine": dict(zip(COLUMNS, ["flipflop", "gru", 24, 700, 64, 0.01, 3, 50], strict=True))
    }


@pytest.mark.parametrize(
    ("place", "text", "expected"),
    [
        (0, "a b", "make a name"),
        (1, "flip", "row 1: task is 'flip'; one of flipflop, context, connect4_moves, connect4_board is needed"),
        (2, "lstm", "cell is 'lstm'; one of gru, rnn is needed"),
        (3, "0", "hidden is '0'; a whole number from 2 to 512"),
        (3, "1", "hidden is '1'"),
        (3, "24.0", "hidden is '24.0'"),
        (3, "²", "hidden is '²'"),
        (4, "0", "steps is '0'"),
        (5, "-1", "batch_size is '-1'"),
        (6, "0", "learning_rate is '0'; a number above 0"),
        (6, "nan", "learning_rate is 'nan'"),
        (6, "inf", "learning_rate is 'inf'"),
        (7, "101", "seeds is '101'"),
        (8, "", "checkpoint_every is ''"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, place, text, expected):
    row = [text if i == place else value for i, value in enumerate(GOOD)]
    with pytest.raises(StudyError, match=expected):
        read_recurrent(written(tmp_path, row))


def test_sheets_that_are_none(tmp_path):
    with pytest.raises(StudyError, match="lists no networks"):
        read_recurrent(written(tmp_path))
    with pytest.raises(StudyError, match="the columns are"):
        read_recurrent(written(tmp_path, header="network\ttask"))
    with pytest.raises(StudyError, match="listed twice"):
        read_recurrent(written(tmp_path, GOOD, GOOD))
    with pytest.raises(StudyError, match="exactly 9 values"):
        read_recurrent(written(tmp_path, GOOD[:5]))
    with pytest.raises(StudyError, match="are needed"):
        check_row("JSON", {"task": "flipflop"})
