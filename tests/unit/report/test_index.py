"""The report page as a whole: what it loads and leads to, and what it says whatever is missing."""

import hashlib
import re
from base64 import b64encode

import numpy as np
import pandas as pd
import pytest

from helpers.html_reader import Reader
from helpers.page_cases import evidence, inside, page_of, study
from repdyn.figures.registry import STUDY
from repdyn.report.index import render


def test_every_registered_figure_is_shown_once():
    reader = Reader(page_of(study(), inside=inside()))
    for name, figure in STUDY.items():
        assert reader.ids.count(name) == 1, f"the page does not show {name}"
        assert [image["alt"] for image in reader.images].count(f"{figure.alt}.") == 1


def test_images_have_alternatives_and_sizes():
    reader = Reader(page_of(study(), inside=inside()))
    assert len(reader.images) == len(STUDY)
    assert all(image["alt"].strip() for image in reader.images)
    assert {(image["width"], image["height"]) for image in reader.images} == {("30", "20")}


def test_page_loads_nothing_from_outside():
    page = page_of(study())
    assert all(source.startswith("data:") for source in Reader(page).loads)
    assert "http://" not in page and "https://" not in page
    assert not re.search(r"@import|url\(", page)


def test_the_policy_names_the_style_and_the_script_of_the_page_and_allows_no_others():
    page = page_of(study(), inside=inside())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)[1]
    for name in ("style", "script"):
        (text,) = re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)
        digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert not re.search(r"<[^>]+ (style|on\w+)=", page)


def test_links_lead_to_places_on_the_page_or_to_the_page_of_a_run():
    reader = Reader(page_of(study(), evidence=evidence(), inside=inside()))
    assert len(reader.ids) == len(set(reader.ids))
    here = {link.removeprefix("#") for link in reader.links if link.startswith("#")}
    assert here <= set(reader.ids) and "about-inside" in here
    others = {link for link in reader.links if not link.startswith(("#", "data:", "../study/"))}
    assert others == {f"runs/{experiment}-seed0.html" for experiment in study()["experiment"]}


def test_missing_records_and_pictures_are_said():
    experiments = study()
    page = render(experiments, {}, pd.DataFrame(columns=["experiment", "seed"]), 5)
    words = Reader(page).words()
    assert words.count("This figure was not made.") == len(STUDY)
    assert "5 runs without a provenance record." in words
    assert "without a provenance record" not in Reader(page_of(experiments)).words()


@pytest.mark.parametrize("family", ["mlp", "cnn", "transformer"])
def test_one_family_alone(family):
    experiments = study()[lambda frame: frame["family"] == family]
    reader = Reader(page_of(experiments))
    assert len(reader.tables["run-table"]) == len(experiments) + 1
    assert len(reader.tables["family-table"]) == 2


def test_no_runs_at_all():
    words = Reader(render(study().iloc[:0], {}, pd.DataFrame(), 5)).words()
    assert "The study has no finished run, so nothing can be said." in words and "No run has finished." in words


def test_no_jumps():
    """As the default study is: nothing that would show jumps is left empty."""
    experiments = study().assign(candidates=0, jumps=0, early=0, middle=0, late=0)
    words = Reader(page_of(experiments)).words()
    assert "0 changes between two measurements exceed what smooth training gives" in words
    assert "No layer of 3 architectures jumps, so there is no place of jumps to show." in words
    experiments["candidates"] = [3, 0, 0, 0, 0]
    answer = "none of them happens within one training step, so dimensionality does not jump where it was measured."
    assert f"looked at step by step, {answer}" in Reader(page_of(experiments)).words()


@pytest.mark.parametrize("missing", [None, np.nan])
def test_nothing_evaluable(missing):
    unknown = ["test_accuracy", "final_participation_ratio", "final_stable_rank", "jumps", "candidates"]
    experiments = study().assign(**dict.fromkeys(unknown, missing), pattern=None)
    words = Reader(page_of(experiments)).words()
    assert "nan" not in words.lower().split() and "None" not in words.split()


def test_without_evidence_the_page_has_no_empty_sections():
    page = Reader(page_of(study()))
    assert not {"table-C01", "statistic-table", "detector-table", "hypothesis-table"} & set(page.tables)


def test_text_is_escaped():
    page = page_of(study().assign(flags="<b>loss & more</b>"))
    assert "<b>loss" not in page and "&lt;b&gt;loss &amp; more" in page


def test_equal_input_gives_an_equal_page():
    assert page_of(study()) == page_of(study())


def test_both_colour_schemes_and_paper_define_the_same_variables():
    page = page_of(study())
    light, dark, printed = re.findall(r":root \{([^}]*)\}", page)
    variables = [set(re.findall(r"--\w+(?=:)", scheme)) for scheme in (light, dark, printed)]
    assert variables[0] == variables[1] == variables[2] and len(variables[0]) >= 6
    used = set(re.findall(r"var\((--\w+)\)", page))
    assert used == variables[0]
