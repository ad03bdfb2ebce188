"""The documents: links resolve, paths and names are there, the README is short, and twelve questions have answers."""

import re
import subprocess
import tomllib
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
import yaml

from dag.listing import read_lock
from helpers.project import ROOT

LONGEST = 1200  # words of README.md, as `wc -w` counts them: verdicts, tables and code included
QUESTIONS = (
    "level of the jump detector", "add a measure", "add a tool", "add a study figure", "add a dataset", "add a claim",
    "decides a verdict", "null of C07", "`head_redundancy`", "track my model", "reruns if I edit", "killed training resume",
)  # fmt: skip
GLOSSARY = 15


@cache
def tracked() -> list[str]:
    """What git would commit."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


DOCUMENTS = [name for name in tracked() if name.endswith(".md")]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def links(text: str) -> list[str]:
    """The targets of links and images, but for those on the web."""
    found = re.findall(r"\]\(([^)\s]+)\)", without_code(text)) + re.findall(r'(?:src|href)="([^"]+)"', text)
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def lost_links(name: str, text: str) -> list[str]:
    """The links of a document that lead to no committed file, folder or heading."""
    lost = []
    for target in links(text):
        path, _, anchor = target.partition("#")
        place = (ROOT / name).parent.joinpath(path).resolve() if path else ROOT / name
        there = place.relative_to(ROOT).as_posix() if place.is_relative_to(ROOT) else "?"
        known = there in tracked() or any(each.startswith(f"{there}/") for each in tracked())
        if not known or (anchor and anchor not in anchors(place.read_text(encoding="utf-8"))):
            lost.append(target)
    return lost


def lost_paths(text: str) -> list[str]:
    """The paths between backticks that are none of the project's; `<name>` stands for any name.

    A path is what begins with a folder of the project or is named like one of its files at the top. What the workflow
    writes (below results/, .snakemake/) is not there before it has run.
    """
    tops = {name.partition("/")[0] for name in tracked()} - {"results", "data"}
    folders = {parent.as_posix() for name in tracked() for parent in Path(name).parents}
    lost = []
    for quoted in re.findall(r"`([^`\n]+)`", without_code(text)):
        for word in quoted.split():
            pattern = re.sub(r"<[^>]*>", "*", word).rstrip("/")
            if pattern.partition("/")[0] in tops and not any(fnmatch(name, pattern) for name in (*tracked(), *folders)):
                lost.append(word)
    return lost


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_and_every_path_is_there(name):
    assert lost_links(name, read(name)) == []
    assert lost_paths(read(name)) == []


def test_a_lost_link_or_path_is_found():
    assert lost_links("data/README.md", "[a](../README.md) [b](nowhere.md) [c](../README.md#cite) [d](#nothing)") == [
        "nowhere.md", "#nothing",
    ]  # fmt: skip
    assert links('<img src="data/readme/jumps.png"> [a](https://example.org)') == ["data/readme/jumps.png"]
    assert lost_paths("`tests/unit/<room>/` `workflow/nothing.py` `pytest tests/nowhere` `results/report/index.html`") == [
        "workflow/nothing.py", "tests/nowhere",
    ]  # fmt: skip


def test_the_readme_can_be_read_at_once():
    words = [each for each in read("README.md").split() if re.search(r"\w", each)]  # not the bars of tables
    assert len(words) <= LONGEST


def test_the_glossary_has_its_words():
    rows = read("CONTRIBUTING.md").split("| word | meaning |\n|---|---|\n")[1].split("\n\n")[0].splitlines()
    assert len({row.split("|")[1].strip() for row in rows}) == len(rows) == GLOSSARY


def answers() -> list[str]:
    text = read("CONTRIBUTING.md").split("\n## Twelve questions of a newcomer\n")[1].split("\n## ")[0]
    return re.findall(r"^\d+\. (.*?)(?=^\d+\. |\Z)", text, re.DOTALL | re.MULTILINE)


def test_every_question_is_asked():
    asked = [answer.partition("**")[2].partition("**")[0] for answer in answers()]
    assert len(asked) == len(QUESTIONS)
    for question, words in zip(asked, QUESTIONS, strict=True):
        assert words in question


@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_a_question_is_answered_by_three_files_at_most_that_hold_what_is_named(number):
    answer = answers()[number]
    files = sorted({target for target in links(answer)})
    assert 1 <= len(files) <= 3
    texts = [
        path.read_text(encoding="utf-8")
        for target in files
        for path in ([ROOT / target] if (ROOT / target).is_file() else sorted((ROOT / target).glob("*.py")))
    ]
    assert texts
    for name in re.findall(r"`([\w.]+)`", answer):
        assert any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts), f"{name} is in none of {files}"


def test_the_citation_agrees_with_the_package():
    """Keys as of the Citation File Format 1.2.0."""
    citation = yaml.safe_load(read("CITATION.cff"))
    package = tomllib.loads(read("pyproject.toml"))["project"]
    assert citation["cff-version"] == "1.2.0" and citation["message"] and citation["title"]
    assert [author["name"] for author in citation["authors"]] == re.findall(
        r"Copyright \(c\) \d+ (.*)", read("LICENSE")
    )
    assert (citation["version"], citation["license"]) == (package["version"], package["license"])
    source = yaml.safe_load(read("config/claims.yaml"))["source"]
    (published,) = citation["references"]
    assert (published["repository-code"], published["commit"]) == (source["repository"], source["commit"])


def test_the_changelog_names_the_version_and_what_is_not_released():
    heads = re.findall(r"^## \[(.+)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert heads[0] == "Unreleased"
    assert tomllib.loads(read("pyproject.toml"))["project"]["version"] in heads


def test_the_new_names_of_the_changelog_are_there():
    rows = re.findall(r"^  \| `repdyn.*\| (.*) \|$", read("CHANGELOG.md"), re.MULTILINE)
    names = [name.rstrip(".") for row in rows for name in re.findall(r"`(repdyn\.[^`]*)`", row)]
    assert len(names) > 10
    modules = {name.removeprefix("workflow/").removesuffix(".py") for name in tracked()}
    modules |= {parent.as_posix() for name in modules for parent in Path(name).parents}
    for name in names:
        path = re.sub(r"<[^>]*>", "*", name).replace(".", "/")
        assert any(fnmatch(module, path) for module in modules), f"{name} is no module"


def test_hooks_use_the_pinned_tools():
    hooks = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    pinned = read_lock(ROOT)
    assert [hook["name"] for hook in hooks] == ["ruff check", "ruff format", "snakefmt"]
    for hook in hooks:
        program, *_ = hook["entry"].split()
        assert hook["language"] == "system" and Path(program).parent == Path(".venv/bin")
        assert Path(program).name in pinned


def test_the_hosted_machine_runs_what_continuous_integration_runs():
    jobs = yaml.safe_load(read(".github/workflows/ci.yml"))["jobs"]
    steps = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert steps[-1] == ".ci/run"
    supported = tomllib.loads(read("pyproject.toml"))["project"]["requires-python"]
    lowest, highest = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", supported).groups()
    assert jobs["tests"]["strategy"]["matrix"]["python"] == [f"3.{lowest}", f"3.{int(highest) - 1}"]
