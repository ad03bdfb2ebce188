"""What a step is given by hand is taken or refused in a sentence, as the workflow does before any job."""

import argparse
import ast
import json

import pytest

from common.arguments import between, to_path, whole
from common.described import mapping, network, own_dataset, section, to_name
from helpers.project import ROOT

REFUSED = [
    (whole(1), ["0", "-1", "1.0", "", "nan", "1e3", "x", "9" * 30], "a whole number of at least 1"),
    (between(0, 0.5), ["-1", "0.6", "nan", "inf", "", "x"], "a number from 0 to 0.5"),
    (between(0), ["-1e-9", "1e400", "-inf"], "a number of at least 0"),
    (to_path, ["", "a\x00b", "a\nb"], "a path is needed"),
    (to_name, ["", "..", "-a", "a/b", "$(touch X)", "é", "a" * 101, "a%b"], "letters, digits"),
    (mapping, ["", "[]", "1", "null", "{", "[" * 100_000], "JSON"),
    (own_dataset, ["{}", "[]", "1", '{"file": 1}', "x"], "JSON"),
    (
        section("training"),
        ['{"steps": 1}', '{"steps": 1.0, "batch_size": 1, "learning_rate": 1}', "NaN"],
        "needed|JSON",
    ),
    (section("training"), ['{"steps": 5, "batch_size": 0, "learning_rate": 1}'], "'batch_size' is 0; .* at least 1"),
    (section("phase2", "jumps"), ["{}", "[]", '{"early": -1, "middle": 0, "late": 0}'], "needed"),
    (network, ["{}", "null", '{"family": "rnn"}', '{"family": "mlp"}', '{"family": "mlp", "hidden": [8.0]}'], "needed"),
    (network, ['{"family": "mlp", "hidden": [8], "witdh": 3}'], "unknown key 'witdh'"),
]


@pytest.mark.parametrize(
    ("sort", "text", "expected"), [(sort, text, expected) for sort, texts, expected in REFUSED for text in texts]
)
def test_an_argument_is_refused_in_a_sentence_that_says_what_would_do(sort, text, expected, capsys):
    parser = argparse.ArgumentParser()
    parser.add_argument("--given", type=sort)
    with pytest.raises(SystemExit) as left:
        parser.parse_args([f"--given={text}"])
    said = capsys.readouterr().err
    assert left.value.code == 2 and "Traceback" not in said and "invalid" not in said.split("error:")[0]
    with pytest.raises(argparse.ArgumentTypeError, match=expected):
        sort(text)


def test_arguments_that_fit_are_taken():
    training = {"steps": 5, "batch_size": 2, "learning_rate": 0.1}
    assert section("training")(json.dumps(training)) == training
    assert network('{"family": "mlp", "hidden": [8]}') == {"family": "mlp", "hidden": [8]}
    assert (whole(1)("7"), between(0, 1)("0.5"), str(to_path("a b")), to_name("mlp_narrow-digits")) == (
        7,
        0.5,
        "a b",
        "mlp_narrow-digits",
    )
    assert own_dataset("null") is None and mapping('{"a": 1}') == {"a": 1}


def test_no_step_takes_an_argument_unchecked():
    unchecked = {"int", "float", "Path", "json.loads"}
    found = [
        f"{path.name}: {ast.unparse(node)}"
        for path in sorted((ROOT / "workflow/scripts").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "type" and ast.unparse(node.value) in unchecked
    ]
    assert found == []
