"""Any configuration, any sample sheet and any YAML are taken, or refused in a sentence."""

import copy
import shutil

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from dag.config import load_study
from dag.reading import parse_yaml
from dag.sheet import NAME, read_experiments
from helpers.generated import VALUES, cases, taken_or_refused
from helpers.project import ROOT

FILES = ("config", "architectures", "datasets", "downloads")
CONTENT = {name: yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8")) for name in FILES}
SHEET = (ROOT / "config/experiments.tsv").read_text(encoding="utf-8")


def places(content, path=()):
    """The path of every key."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield (*path, key)
            yield from places(value, (*path, key))


PLACES = [(name, path) for name in FILES for path in places(CONTENT[name])]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@cases(60)
@given(place=st.sampled_from(PLACES), value=VALUES, new=st.one_of(st.none(), st.text(max_size=12)))
def test_any_value_at_any_key(folder, place, value, new):
    """A value in the place of another, or beside it under a new key."""
    name, path = place
    content = copy.deepcopy(CONTENT)
    target = content[name]
    for key in path[:-1]:
        target = target[key]
    target[path[-1] if new is None else new] = value
    for other in FILES[1:]:
        (folder / f"config/{other}.yaml").write_text(
            yaml.safe_dump(content[other], allow_unicode=False), encoding="utf-8"
        )
    with taken_or_refused():
        load_study(content["config"])


LINES = st.text(st.characters(codec="utf-8"), max_size=60)


@cases(150)
@given(text=st.one_of(st.binary(max_size=200), LINES.map(str.encode)))
@example(b"\xef\xbb\xbfa: 1\n")
@example(b"a: 1\na: 2\n")
@example(b"a: [1, 2\n")
@example(b"a: \xff\n")
@example(b"&a [*a, *a]\n")
def test_any_yaml(folder, text):
    (folder / "any.yaml").write_bytes(text)
    with taken_or_refused():
        parse_yaml("any.yaml")


NAMES = ["mlp_narrow", "digits", "", "001", "nan", "a\tb", "x" * 101, "..", "-a"]
CELLS = st.one_of(st.text(max_size=20), st.sampled_from(NAMES))


@cases(150)
@given(
    text=st.one_of(
        st.binary(max_size=200),
        st.lists(st.lists(CELLS, max_size=4), max_size=5).map(
            lambda rows: ("experiment\tarchitecture\tdataset\n" + "\n".join(map("\t".join, rows))).encode()
        ),
    )
)
@example(b"experiment\tarchitecture\tdataset\n001\tmlp_narrow\tdigits\n")
@example(b"experiment\tarchitecture\tdataset\n" + b"x" * 200_000)
def test_any_sample_sheet(folder, text):
    """What is taken keeps its names as they stand there, and each can be a folder."""
    (folder / "any.tsv").write_bytes(text)
    with taken_or_refused():
        found = read_experiments("any.tsv")
        held = text.decode("utf-8-sig")
        assert all(NAME.fullmatch(name) and name in held for row in found.items() for name in (row[0], *row[1]))
