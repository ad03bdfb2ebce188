"""Roles of layers: what each helper picks, and that the library asks them where it used to read names."""

import ast

import pandas as pd
import pytest

from helpers.project import ROOT
from helpers.tiny_networks import ROLES
from repdyn import roles
from repdyn.errors import StudyError

LIBRARY = ROOT / "workflow/repdyn"
# Parts of the paths of our own layers. A comparison with one of them reads a role off a name.
NAMES = ("hidden", "blocks", "attention", "feedforward", "relu", "output", "embedding", "input")
# They word a path for the eye; in the last one "input" is an entry of the maps and no layer.
WORDING = ("wording/names.py", "toolkit/patching/figure.py", "toolkit/attribution/figure.py")
READING = ("startswith", "endswith", "removeprefix", "removesuffix", "isin", "match", "fullmatch")


def test_each_helper_picks_its_layers():
    mlp, cnn, transformer = (ROLES[family] for family in ("mlp", "cnn", "transformer"))
    assert roles.inner_layers(mlp) == roles.state_layers(mlp) == roles.unit_layers(mlp) == ["hidden.0", "hidden.1"]
    assert roles.state_layers(cnn) == roles.unit_layers(cnn) == ["blocks.0.relu", "blocks.1.relu"]
    assert roles.state_layers(transformer) == ["blocks.0", "blocks.1"]
    assert roles.unit_layers(transformer) == ["blocks.0.feedforward", "blocks.1.feedforward"]
    assert roles.inner_layers(transformer)[:3] == ["blocks.0.attention", "blocks.0.feedforward", "blocks.0"]
    assert len(roles.inner_layers(transformer)) == 6
    assert roles.layers_with(transformer, roles.EMBEDDING) == ["embedding"]
    assert {roles.output_layer(each) for each in ROLES.values()} == {"output"}


def test_a_network_without_one_output_and_a_role_that_there_is_not_are_refused():
    with pytest.raises(StudyError, match="this one declares none"):
        roles.output_layer({"a": roles.HIDDEN})
    with pytest.raises(StudyError, match=r"\['a', 'b'\]"):
        roles.output_layer({"a": roles.OUTPUT, "b": roles.OUTPUT})
    with pytest.raises(StudyError, match="The role of layer 'fc' is 'dense'; a role is one of input, embedding"):
        roles.check_roles({"fc": "dense"})


def test_tables_get_the_roles_of_their_layers():
    table = pd.DataFrame({"layer": ["", "input", "fc", "fc.heads", "fc"]}).astype({"layer": "category"})
    assert roles.with_roles(table, {"fc": roles.HIDDEN})["role"].tolist() == ["", "input", "hidden", "", "hidden"]


def name_readings(code: str) -> list[int]:
    """Lines in which a string that looks like a name of a layer is compared, searched for, or built into a path."""

    def named(node: ast.AST) -> bool:
        texts = [
            each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
        return any(part in NAMES for text in texts for part in text.split("."))

    found = []
    for node in ast.walk(ast.parse(code)):
        # The name of a class is none of a layer.
        classes = any(isinstance(each, ast.Attribute) and each.attr == "__name__" for each in ast.walk(node))
        if isinstance(node, ast.Compare) and not classes:
            found += [node.lineno] if any(named(side) for side in (node.left, *node.comparators)) else []
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            asked = node.func.attr in (
                "startswith",
                "endswith",
                "removeprefix",
                "removesuffix",
                "isin",
                "match",
                "fullmatch",
            )
            found += [node.lineno] if asked and any(named(each) for each in node.args) else []
    return found


def test_the_search_finds_what_it_looks_for():
    for code in (
        'x = layer == "output"', 'x = layer not in ("embedding", "output")', 'x = layer.endswith(".attention")',
        'x = layer.startswith("hidden.")', 't[~t["layer"].isin(["", "output"])]', 'x = layer.endswith((".relu", "y"))',
    ):  # fmt: skip
        assert name_readings(code), code
    assert not name_readings('x = model.output\ny = {"output": OUTPUT}\nz = role == OUTPUT\nf"blocks.{i}"')


def test_no_module_of_the_library_reads_a_role_off_a_name():
    found = {
        f"{path.relative_to(LIBRARY)}:{line}"
        for path in sorted(LIBRARY.rglob("*.py"))
        if path.relative_to(LIBRARY).as_posix() not in WORDING
        for line in name_readings(path.read_text(encoding="utf-8"))
    }
    assert not found


def test_steps_do_not_either():
    found = {
        f"{path.name}:{line}"
        for path in sorted((ROOT / "workflow/scripts").rglob("*.py"))
        for line in name_readings(path.read_text(encoding="utf-8"))
    }
    assert not found
