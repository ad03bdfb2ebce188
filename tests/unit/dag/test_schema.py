"""Every number of the configuration is finite, whole where it counts something, and within limits: tried one by one."""

import copy
import math

import pytest
import yaml

from dag.schema import check
from helpers.project import ROOT
from repdyn.errors import StudyError

FILES = ("config", "architectures", "datasets", "downloads", "hypotheses", "claims")


def content(name: str) -> dict:
    return yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8"))


def leaves(value, path=()):
    """(path, value) of everything that is not a mapping or a list."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path, value


def changed(whole: dict, path: tuple, value):
    made = copy.deepcopy(whole)
    target = made
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return made


def refused(name: str, made: dict) -> str:
    with pytest.raises(StudyError) as caught:
        check(made, name, "the file")
    message = str(caught.value)
    assert message.startswith("the file: ") and "\n" not in message and len(message) < 800
    return message


@pytest.mark.parametrize("name", FILES)
def test_the_files_of_the_project_fit(name):
    check(content(name), name, "the file")


@pytest.mark.parametrize("name", ["config", "architectures", "datasets", "downloads", "hypotheses", "claims"])
def test_no_value_may_be_infinite_or_not_a_number(name):
    whole = content(name)
    tried = list(leaves(whole))[:: 1 if name == "config" else 7]
    assert tried
    for path, _ in tried:
        for value in (math.nan, math.inf, -math.inf):
            key = ".".join(map(str, path))
            assert refused(name, changed(whole, path, value)) == (
                f"the file: key {key!r} is {value}; a finite number is needed"
            )


def test_options_of_a_users_own_files_are_finite_too():
    own = {"mine": {"family": "module", "file": "a.py", "function": "f", "options": {"scale": [1.0, {"x": math.nan}]}}}
    assert "key 'mine.options.scale.1.x' is nan" in refused("architectures", own)


@pytest.mark.parametrize("name", ["config", "architectures", "datasets", "claims"])
def test_whole_numbers_are_written_whole_and_have_limits(name):
    """Every integer of the file as a float, as a truth value, below and above anything sane."""
    whole = content(name)
    # Training fractions and thresholds of claims may be written as whole numbers; they have limits as well.
    lists, fractions = {"grid", "phases"}, {"above", "below", "published", "none", "value", "tolerance"}
    integers = [(path, value) for path, value in leaves(whole) if type(value) is int and not {*path} & lists]
    tried = [(path, value) for path, value in integers if path[-1] not in fractions]
    assert len(tried) > 15
    # Of the claims, which are many and alike, every third.
    for path, value in tried[:: 3 if name == "claims" else 1]:
        for wrong in (float(value), True, -1, 10**12):
            assert ".".join(map(str, path)) in refused(name, changed(whole, path, wrong))


def test_a_long_value_is_shortened():
    assert "(200,002 characters)" in refused("config", content("config") | {"device": "x" * 200_000})
    assert "(200,002 characters)" in refused("config", content("config") | {"x" * 200_000: 1})


@pytest.mark.parametrize("made", [None, [], "text", 3])
def test_content_that_is_no_mapping_is_refused(made):
    assert "its content is" in refused("architectures", made)


def test_claims_are_checked():
    claims = content("claims")
    claims["claims"][0]["verdict"] = {"rule": "conditons"}
    assert "key 'claims.0.verdict.rule' is 'conditons'; one of bounds, construction, equals" in refused(
        "claims", claims
    )
