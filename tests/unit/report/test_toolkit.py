"""The toolkit's pages: a sentence per tool in the contents, and nothing of a tool whose method missed."""

import re

import pandas as pd
import pytest

from helpers.html_reader import Reader, webp
from repdyn.calibration.table import COLUMNS
from repdyn.measures.table import combine, entry
from repdyn.report.toolkit import contents, family, methods_of, not_calibrated
from repdyn.toolkit import PAGES, load

METHODS = {
    "Mutual information": "information", "Fixed points": "dynamical_systems", "Attractors": "dynamical_systems",
}  # fmt: skip
SECONDS = dict.fromkeys(METHODS, 1.5)


def calibration(missed=()):
    rows = [
        {
            "tool": tool, "method": name, "system": f"system of {name}", "quantity": "q", "truth": 1.0, "tolerance": 0.1,
            "estimate": 1.05, "low": 1.0, "high": 1.1, "draws": 5, "null_system": "noise", "null_truth": 0.0,
            "null_tolerance": 0.1, "null": 0.02, "calibrated": name not in missed,
        }
        for name, tool in METHODS.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


@pytest.fixture(scope="module")
def tables():
    recurrent = []
    for seed in range(3):
        rows = [entry(step, "", "accuracy", step / 10) for step in (0, 10)]
        rows += [
            entry(step, "no pulse", name, 1 + 7 * step / 10, 1.0, 0.0)
            for step in (0, 10)
            for name in ("attractors", "patterns")
        ]
        rows += [entry(step, "no pulse", "found", 1.0) for step in (0, 10)]
        rows += [entry(step, "", "exponent", -0.5, -0.2, 0.1) for step in (0, 10)]
        recurrent.append(combine(rows).assign(experiment="net", seed=seed))
    told = []
    for seed in range(3):
        rows = [
            entry(step, "hidden.0", "class_components", 0.1 + seed / 100 + step / 10, 0.0, 0.01) for step in (0, 10)
        ]
        rows += [entry(10, "hidden.0", "class_discriminants", 1.2), entry(10, "", "class_entropy", 2.0)]
        rows += [
            entry(10, "hidden.0", "probe_information", 1.5),
            entry(10, "hidden.0", "probe_accuracy", 0.9, 0.1, 0.01),
        ]
        told.append(combine(rows).assign(experiment="mlp-digits", seed=seed))
    return {
        "information": pd.concat(told, ignore_index=True),
        "dynamical_systems": pd.concat(recurrent, ignore_index=True),
    }


def test_contents_say_how_the_methods_did_and_a_sentence_per_tool(tables):
    page = Reader(contents(tables, calibration(), SECONDS))
    words = page.words()
    assert "3 of 3 methods found the truth" in words and "in 4 CPU seconds" in words and "Missed" not in words
    assert [row[0]["text"] for row in page.tables["calibration-table"][1:]] == list(METHODS)
    for name, table in tables.items():
        assert load(name, "findings").sentence(table) in words
    assert "net has the 8 attractors that its task needs after training in 3 of 3 seeds." in words
    assert (
        "Two coordinates of the last hidden layer tell more of the class than chance (in 3 of 3 runs); training raised"
        " that (in 3 of 3 runs)." in words
    )
    shown = {link for link in page.links if link.startswith("toolkit/")}
    assert shown == {
        "toolkit/information.html", "toolkit/information.html#information",
        "toolkit/recurrent.html", "toolkit/recurrent.html#dynamical_systems",
    }  # fmt: skip


def test_of_a_tool_whose_method_missed_nothing_is_told(tables):
    missed = calibration(["Attractors"])
    words = Reader(contents(tables, missed, SECONDS)).words()
    assert "2 of 3 methods found the truth" in words and "Missed by Attractors" in words
    assert "Not calibrated here: Attractors found 1.05 where the truth is 1" in words
    page = Reader(family("recurrent", tables, {"dynamical_systems": webp()}, 5, missed, SECONDS))
    for text in (Reader(contents(tables, missed, SECONDS)).words(), page.words()):
        assert "attractors that its task needs" not in text and "No finding of this tool is shown." in text
    assert "Held-out accuracy after training" not in page.words()
    assert "Calibration: 1 of 2 methods" in page.words()


def test_a_tool_that_borrows_a_method_that_missed_says_so():
    table = calibration(["Mutual information"])
    assert methods_of(table, "recurrent_states")["method"].tolist() == ["Mutual information"]
    assert len(not_calibrated(table, "recurrent_states")) == 1 and not_calibrated(table, "dynamical_systems") == []


def test_a_page_holds_the_sections_of_its_tools_and_no_other(tables):
    page = Reader(
        family("information", tables, {"information": webp(), "dynamical_systems": webp()}, 2, calibration(), SECONDS)
    )
    assert "information" in page.ids and "dynamical_systems" not in page.ids and len(page.images) == 1
    assert [row[0]["text"] for row in page.tables["information-calibration"][1:]] == ["Mutual information"]
    assert page.links.count("../runs/mlp-digits-seed0.html") == 1 and "../runs/mlp-digits-seed2.html" not in page.links
    assert {"../toolkit.html", "../index.html"} <= set(page.links)
    assert "What this cannot say: Two coordinates say less than the layer" in page.words()
    # What recurrent networks did is on no run page of the study.
    recurrent = Reader(family("recurrent", tables, {}, 5, calibration(), SECONDS))
    assert (
        not [link for link in recurrent.links if "runs/" in link] and "This figure was not made." in recurrent.words()
    )


# Of a section, what a reader meets first.
ORDER = ("<h2", "<p><strong>", "<summary>Calibration: ", "<figure", "<summary>What was found, in numbers")


@pytest.mark.parametrize("name", ["information", "dynamical_systems"])
def test_a_section_says_what_was_found_then_shows_it_then_what_it_cannot_say(tables, name):
    page = "recurrent" if name == "dynamical_systems" else name
    text = family(page, tables, {name: webp()}, 5, calibration(), SECONDS)
    section = text[text.index(f'<h2 id="{name}"') :]
    places = [section.index(each) for each in ORDER]
    # The last table is that of quantities, and nothing stands below what the tool cannot say.
    places += [section.index(f'<table id="{name}-table"'), section.index("<p>What this cannot say: ")]
    assert places == sorted(places)
    sentence = section[places[1] + len(ORDER[1]) : section.index("</strong>")]
    assert len(sentence.split()) <= 60 and sentence.endswith(".") and not re.search(r"\(-?[\d.]+ to ", sentence)
    assert "</p>" not in section[places[-1] : places[-1] + 30] and section.count("<p>What this cannot say: ") == 1


def test_a_name_that_looks_like_html_is_only_a_name(tables):
    odd = tables["information"].assign(experiment='<b>"x"</b>')
    for text in (
        family("information", {"information": odd}, {"information": webp()}, 5, calibration(), SECONDS),
        contents({"information": odd}, calibration(), SECONDS),
    ):
        assert "<b>" not in text
    assert "&lt;b&gt;" in family("information", {"information": odd}, {}, 5, calibration(), SECONDS)


def test_a_page_without_a_table_is_not_in_the_contents(tables):
    page = Reader(contents({"information": tables["information"]}, calibration(), SECONDS))
    assert not [link for link in page.links if "recurrent" in link] and "recurrent" in PAGES
