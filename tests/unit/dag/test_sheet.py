"""Names of the sample sheet are text, whatever they look like, and the same in planning and in the steps."""

import random
import string

import pytest
import yaml

from common.runs import run_folders
from dag.config import load_study
from dag.sheet import NAME, check_name, read_experiments
from helpers.project import ROOT
from repdyn.errors import StudyError

HEADER = "experiment\tarchitecture\tdataset\n"
SEEMING = [
    "001",
    "1e5",
    "NA",
    "null",
    "nan",
    "True",
    "0x10",
    "1_000",
    "-1"[1:],
    "inf",
    "None",
    "N",
    "3.0",
    "2024-01-01",
]


def test_names_that_look_like_something_else_stay_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").symlink_to(ROOT / "config")
    (tmp_path / "sheet.tsv").write_text(HEADER + "".join(f"{name}\t{name}\tdigits\n" for name in SEEMING))
    (tmp_path / "networks.yaml").write_text("".join(f"{name}: {{family: mlp, hidden: [3]}}\n" for name in SEEMING))
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    study = load_study(config | {"experiments": "sheet.tsv", "architectures": "networks.yaml"})
    assert list(study.experiments) == SEEMING and list(study.architectures) == SEEMING
    folders = run_folders(tmp_path / "runs", tmp_path / "sheet.tsv", 2)
    assert folders == [tmp_path / "runs" / name / f"seed{seed}" for name in SEEMING for seed in range(2)]


def test_random_names_are_taken_or_refused_by_the_pattern(tmp_path):
    rng = random.Random(0)
    safe = string.ascii_letters + string.digits + "_-."
    for _ in range(400):
        name = "".join(rng.choices(safe, k=rng.randint(1, 105)))
        good = len(name) <= 100 and name[0] not in "-." and ".." not in name
        assert bool(NAME.fullmatch(name)) == good, name
    for letter in [chr(code) for code in range(256)] + ["\u2028", "é", "名", "\u202e"]:
        assert bool(NAME.fullmatch(f"a{letter}b")) == (letter in safe), letter
        assert not NAME.fullmatch(f"a{letter}") or letter in safe


@pytest.mark.parametrize(
    "name",
    ["$(touch X)", "`touch X`", "a b", "it's", "-rf", ".hidden", "a..b", "..", "a/b", "a\\b", "a;b", "x" * 101, "{a}"],
)
@pytest.mark.parametrize("column", range(3))
def test_an_unsafe_name_is_refused_in_every_column(tmp_path, name, column):
    row = ["a", "b", "c"]
    row[column] = name
    (tmp_path / "sheet.tsv").write_text(HEADER + "\t".join(row) + "\n")
    with pytest.raises(StudyError, match=r"sheet.tsv, row 1: .*letters, digits, '_', '-' and '.' make a name"):
        read_experiments(tmp_path / "sheet.tsv")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"experiment\tarchitecture\tdataset\na\tb\t\xe9\n", "sheet.tsv, line 2: byte 0xe9 is not UTF-8"),
        (
            HEADER.encode() + b"a" * 200_000 + b"\tb\tc\n",
            "sheet.tsv is not a table of tab-separated values: field larger",
        ),
        (HEADER.encode() + b"a" * 1000 + b"\tb\tc\n", "(1,002 characters): letters, digits"),
        (HEADER.encode() + b'"a\nb"\tb\tc\n', "row 1: '\"a' needs exactly three values"),
        (HEADER.encode() + b"a\x00\tb\tc\n", "row 1: 'a\\x00': letters, digits"),
        (b"", "the columns are []"),
        (HEADER.encode(), "lists no experiments"),
        (HEADER.encode() + b"".join(b"a%d\tb\tc\n" % i for i in range(10_001)), "lists 10,001 experiments; at most"),
    ],
)
def test_a_sheet_that_cannot_be_read_is_named(tmp_path, content, expected):
    (tmp_path / "sheet.tsv").write_bytes(content)
    with pytest.raises(StudyError) as caught:
        read_experiments(tmp_path / "sheet.tsv")
    assert expected in str(caught.value) and len(str(caught.value)) < 500


def test_what_editors_do_to_a_sheet_changes_nothing(tmp_path):
    path = tmp_path / "sheet.tsv"
    path.write_bytes(b"\xef\xbb\xbf# comment\r\n" + HEADER.replace("\n", "\r\n").encode() + b"a\tb\tc\r\n\r\n")
    assert read_experiments(path) == {"a": ("b", "c")}


def test_a_name_of_an_architecture_is_checked():
    with pytest.raises(StudyError, match="letters, digits"):
        check_name("architectures.yaml", "n$(touch X)")
