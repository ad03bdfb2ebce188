"""Whatever a file of the configuration holds, it is read as written or refused in one sentence that names file and line."""

import copy
import datetime
import os
import random
import shutil
from pathlib import Path

import pytest
import yaml

from dag.config import load_study, read_named
from dag.reading import parse_yaml
from helpers.project import ROOT
from repdyn.errors import StudyError

# How many times as many cases are generated.
CASES = int(os.environ.get("REPDYN_CASES", "1"))
FILES = ("config", "architectures", "datasets", "downloads", "hypotheses", "claims", "published")


def refused(path: Path, content: bytes | str) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(StudyError) as caught:
        parse_yaml(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and len(message) < 600
    return message


@pytest.mark.parametrize("name", FILES)
def test_files_of_the_project_read_as_with_the_plain_loader(name):
    path = ROOT / f"config/{name}.yaml"
    assert parse_yaml(path) == yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "name", ["001", "1e5", "NA", "null", "nan", "True", ".nan", "0x10", "~", "1_000", "2024-01-01", ""]
)
def test_keys_are_text(tmp_path, name):
    path = tmp_path / "a.yaml"
    path.write_text((name or '""') + ": {family: mlp}\n")
    assert parse_yaml(path) == {name: {"family": "mlp"}}


def test_a_key_that_stands_twice_is_named_with_its_line_wherever_it_is_put(tmp_path):
    rng = random.Random(0)
    for _ in range(60):
        lines = [f"key{i}: {{a: 1, b: [1, {{c: 2}}]}}" for i in range(rng.randint(1, 20))]
        again = rng.randrange(len(lines))
        at = rng.randint(again + 1, len(lines))
        lines.insert(at, f"'key{again}': 3")
        message = refused(tmp_path / "a.yaml", "\n".join(lines))
        assert f"line {at + 1}: key 'key{again}' stands twice" in message
    assert "line 2: key 'b' stands twice" in refused(tmp_path / "a.yaml", "a:\n  - {b: 1, b: 1}\n")


def test_defaults_of_a_merged_mapping_are_no_second_key(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: &base {family: mlp, hidden: [3]}\nb: {<<: *base, hidden: [4]}\n")
    assert parse_yaml(path)["b"] == {"family": "mlp", "hidden": [4]}


def test_a_byte_order_mark_is_no_content(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert parse_yaml(path) == {"a": 1}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: 1\nb: \xff\n", "line 2: byte 0xff is not UTF-8; save the file as UTF-8"),
        ("a: 1\nb: 2\n".encode("utf-16"), "line 1: byte 0xff is not UTF-8"),
        (b"a: 1\nb: [1\nc: 3\n", "is not valid YAML: line 3: "),
        (b"a: 1\n\tb: 2\n", "is not valid YAML: line 2: "),
        (b"a: 1\nb: \x07\n", "is not valid YAML: line 2: "),
        (b"a: 1\n? [1, 2]\n: 3\n", "line 2: a key is not text"),
        (b"a: *nothing\n", "is not valid YAML: line 1: "),
        (b"a: !!python/object/apply:os.system [ls]\n", "is not valid YAML: line 1: could not determine a constructor"),
        (b"a: 2024-99-99\n", "is not valid YAML: "),
        (b"a: " + b"9" * 5000, "is not valid YAML: "),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(tmp_path, content, expected):
    assert expected in refused(tmp_path / "a.yaml", content)


@pytest.mark.parametrize(
    "content",
    [
        "a: " + "[" * 500 + "]" * 500,
        "a: &a [*a]",
        "a: &a {b: *a}",
        "a: &a [x, x, x, x]\n"
        + "\n".join(f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]" for i in range(9)),
    ],
    ids=["deep", "endless list", "endless mapping", "billions of values"],
)
def test_content_without_an_end_is_refused(tmp_path, content):
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(StudyError, match="nested|recursive"):
        read_named(str(tmp_path / "a.yaml"), "architectures")


def test_damaged_files_are_read_or_refused_and_nothing_else(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load(Path("config/config.yaml").read_text(encoding="utf-8"))
    rng = random.Random(1)
    outcomes = {"read": 0, "refused": 0}
    for _ in range(60 * CASES):
        path = Path("config", rng.choice(["architectures.yaml", "datasets.yaml", "downloads.yaml", "experiments.tsv"]))
        whole = path.read_bytes()
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 2)):
            at = rng.randrange(len(damaged))
            damaged[at : at + rng.randint(0, 3)] = rng.choice(
                [bytes([rng.randrange(256)]), b"", b"\n", b"{", b"- ", b".nan"]
            )
        path.write_bytes(damaged)
        try:
            load_study(config)
            outcomes["read"] += 1
        except StudyError as error:
            assert str(path) in str(error) or "config/" in str(error) or "the datasets" in str(error), str(error)
            outcomes["refused"] += 1
        path.write_bytes(whole)
    assert min(outcomes.values()) > 5, outcomes


VALUES = [
    None, "", "text", [], {}, True, -1, 0, 1, 10**30, 1e308, -0.5, float("nan"), [[]], [None], {"a": 1}, {None: 1},
    datetime.date(2024, 1, 1), "x" * 3000, "\udcff", "a\0b", ["a", 1, None], "../..", "/dev/zero", b"bytes", {1, 2},
]  # fmt: skip


def places(value, path=()):
    """The path of everything in a content, mappings and lists too."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, key)
            yield from places(inner, (*path, key))


def put(whole, path, value):
    """A copy of a content with another value at a place."""
    made = copy.deepcopy(whole)
    target = made
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return made


def test_any_value_at_any_place_is_taken_or_refused_in_a_sentence(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    shutil.copytree(ROOT / "examples/own", tmp_path / "examples/own")
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load(Path("config/config.yaml").read_text(encoding="utf-8"))
    own = config | {key: f"examples/own/{key}.yaml" for key in ("architectures", "datasets")}
    own |= {"experiments": "examples/own/experiments.tsv"}
    load_study(own)
    rng = random.Random(2)
    tries = [(None, config, path) for path in places(config)]
    for name, study in (
        ("config/architectures.yaml", config), ("config/datasets.yaml", config), ("config/downloads.yaml", config),
        ("config/hypotheses.yaml", config), ("config/claims.yaml", config), (own["architectures"], own),
        (own["datasets"], own),
    ):  # fmt: skip
        tries += [(name, study, path) for path in rng.sample(list(places(parse_yaml(name))), 8)]
    outcomes = {"taken": 0, "refused": 0}
    for name, study, path in tries:
        for value in rng.sample(VALUES, min(len(VALUES), CASES)):
            if name:
                kept = Path(name).read_bytes()
                Path(name).write_text(yaml.dump(put(parse_yaml(name), path, value)), encoding="utf-8")
            try:
                load_study(study if name else put(config, path, value))
                outcomes["taken"] += 1
            except StudyError as error:
                assert len(str(error)) < 4000 and "\n" not in str(error), str(error)
                outcomes["refused"] += 1
            if name:
                Path(name).write_bytes(kept)
    assert min(outcomes.values()) > 5 and outcomes["refused"] > 75, outcomes
