"""The guide: every tool, every method and every recipe is reached, and whatever a question names is there."""

from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from helpers.html_reader import Reader
from repdyn.calibration.registry import METHODS
from repdyn.calibration.table import COLUMNS
from repdyn.errors import StudyError
from repdyn.measures import table as measures
from repdyn.report import guide as page
from repdyn.report.guide import every_question, first_sentence, guide, null_of, questions_of
from repdyn.toolkit import ALL_TOOLS
from repdyn.toolkit.not_repeated import CLAIMS
from repdyn.toolkit.questions import GOALS, LEVELS, NETWORKS, RECIPES, Question

QUESTIONS = {name: (tool, question) for name, tool, question in every_question()}
SECONDS = dict.fromkeys(METHODS, 0.3)


def calibration(missed=()):
    rows = [
        {
            "tool": method.tool, "method": name, "system": f"system of {name}", "quantity": "q", "truth": 1.0,
            "tolerance": 0.1, "estimate": 1.05, "low": 1.0, "high": 1.1, "draws": 5, "null_system": f"null of {name}",
            "null_truth": 0.0, "null_tolerance": 0.1, "null": np.nan, "calibrated": name not in missed,
        }
        for name, method in METHODS.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def written(shown=tuple(ALL_TOOLS), missed=()) -> str:
    told = {name: (f'"""Recipe {name}? Yes.\n\nMore."""\n', f"{name} printed this\n") for name in RECIPES}
    return guide(calibration(missed), SECONDS, list(shown), told)


@pytest.fixture(scope="module")
def whole():
    return Reader(written())


def test_every_tool_says_which_questions_it_answers():
    assert {tool for tool, _ in QUESTIONS.values()} == {*ALL_TOOLS, ""}
    with pytest.raises(StudyError, match=r"does not know what the tool 'figures' is for: write .*figures/guide.py"):
        questions_of("figures")


def test_a_tool_without_questions_fails_with_a_sentence(monkeypatch):
    monkeypatch.setitem(page.ALL_TOOLS, "new_tool", ALL_TOOLS["geometry"])
    with pytest.raises(StudyError, match="write workflow/repdyn/toolkit/new_tool/guide.py with QUESTIONS"):
        written()


def test_every_method_is_named_by_a_question():
    named = {method for _, question in QUESTIONS.values() for method in question.methods}
    lost = [method for method in METHODS if method not in named]
    assert lost == [], (
        f"the guide never names {lost}: add each to a question in guide.py of its tool, or, if no tool applies it, to"
        " workflow/repdyn/toolkit/library.py"
    )


def test_every_goal_level_kind_of_network_and_recipe_is_asked_for():
    asked = [question for _, question in QUESTIONS.values()]
    assert {question.goal for question in asked} == set(GOALS)
    assert {question.level for question in asked} == set(LEVELS)
    assert {question.networks for question in asked} - {""} <= set(NETWORKS)
    assert sorted(question.recipe for question in asked if question.recipe) == sorted(RECIPES)
    assert len({question.asks for question in asked}) == len(asked)


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_a_question_names_is_there(name):
    tool, question = QUESTIONS[name]
    assert question.asks.endswith("?") and question.functions and question.methods
    for path in question.functions:
        module, _, function = path.rpartition(".")
        assert callable(getattr(import_module(f"repdyn.{module}"), function))
        assert len(first_sentence(path)) > 10
    assert set(question.methods) <= set(METHODS)
    assert bool(question.quantity) or len(question.cannot) > 40  # a tool says itself what its numbers do not
    null_of(tool, question)
    assert not null_of(tool, question).startswith(("as of", "as for"))


@pytest.mark.parametrize("tool", ALL_TOOLS)
def test_what_a_tool_cannot_say_is_known_without_runs(tool, whole):
    assert page.COLUMNS == measures.COLUMNS
    said = page.load(tool, "findings").limits(pd.DataFrame(columns=["experiment", "seed", *measures.COLUMNS]))
    assert len(said) > 40 and "nan" not in said.split()
    own = all(question.cannot for question in questions_of(tool).values())
    assert own or " ".join(said.split()) in whole.words()


def test_the_page_has_every_question_claim_and_recipe_and_its_links_lead_somewhere(whole):
    read, words = whole, whole.words()
    assert set(QUESTIONS) <= set(read.ids) and len(set(read.ids)) == len(read.ids)
    assert f"{len(QUESTIONS)} of {len(QUESTIONS)} questions" in words
    for _, question in QUESTIONS.values():
        assert question.asks in words and all(f"repdyn.{path}" in words for path in question.functions)
    assert len(CLAIMS) >= 4 and all(claim in words and why in words for claim, why in CLAIMS)
    assert all(f"{name} printed this" in words and f"Recipe {name}? Yes." in words for name in RECIPES)
    assert all(link[1:] in read.ids for link in read.links if link.startswith("#"))
    pages = {link for link in read.links if link.startswith("toolkit/")}
    sections = {f"toolkit/{tool.page}.html#{name}" for name, tool in ALL_TOOLS.items()}
    assert pages == sections | {f"{each}-{part}" for each in sections for part in ("figure", "quantities")}


def test_verdict_null_cost_and_tool_are_those_of_the_study():
    words = Reader(written(missed=["Ablation"])).words()
    assert "What is a unit, a head or a layer worth to the answer? (not calibrated here)" in words
    assert words.count("(not calibrated here)") == 1
    assert "Ablation : not calibrated here; q, 1.05 where the truth is 1 ± 0.1 (system of Ablation)" in words
    assert "not evaluable where there is nothing to find (null of Drift)" in words
    assert (
        "random signs over examples, exact (mean 0)" in words
    )  # the null of a quantity, also where another is "as of" it
    assert "null of Information bottleneck" in words and "0.3 CPU seconds for the trial of 1 method" in words
    only = Reader(written(shown=["geometry"]))
    assert {link.partition("#")[0] for link in only.links if link.startswith("toolkit/")} == {"toolkit/shape.html"}
    assert "Attractors of recurrent networks (not in this study)" in only.words()


def test_what_is_not_there_is_refused_with_a_sentence():
    def asking(**named):
        right = {"functions": ("dynamics.drift.drift",), "methods": ("Drift",), "cannot": "little"}
        question = Question("Why?", "causes", "unit", **(right | named))
        return page.entry("library-1", "", question, calibration(), SECONDS, [])

    assert asking()["asks"] == "Why?" and asking()["tool"] == ""
    for lost in ("dynamics.drift.drifted", "dynamics.nowhere.drift", "attribution.lrp._none"):
        with pytest.raises(StudyError, match=f"repdyn.{lost}, which is no public function"):
            asking(functions=(lost,))
    with pytest.raises(StudyError, match="'Why\\?' by 'Drifting', which is no method"):
        asking(methods=("Drift", "Drifting"))
    with pytest.raises(StudyError, match="'loss', which is no quantity that the tool 'geometry' measures"):
        null_of("geometry", Question("Why?", "causes", "unit", (), (), "loss"))
