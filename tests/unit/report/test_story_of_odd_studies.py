"""Studies that are no default one: no jumps, one family, a part of it, names like HTML; the page says what it cannot."""

import re

import numpy as np
import pandas as pd
import pytest

from helpers.html_reader import Reader
from helpers.integrated_cases import CLAIMS, experiments, ledger, tables
from repdyn.figures.registry import STUDY, figures_of
from repdyn.report.downloads import as_csv, of_claim
from repdyn.report.explorer import POINTS, QUANTITIES, chosen, curves_of, explorer
from repdyn.report.headlines import SENTENCES, headlines
from repdyn.report.index import render
from repdyn.report.integrated import document, markdown

NAME = '<b>"x"</b>'


def runs() -> pd.DataFrame:
    return experiments().assign(parameters=10, level=0.05)


def curves_for(names: pd.DataFrame, points: int = 3) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"experiment": run.experiment, "seed": run.seed, "step": np.arange(points) * 5})
        for run in names.itertuples()
    ]
    return pd.concat(parts, ignore_index=True).assign(**{name: 0.123456 for name in QUANTITIES})


def page(frame: pd.DataFrame, **evidence) -> str:
    origins = pd.DataFrame(columns=["experiment", "seed"])
    inside = {name: tables()[name] for name in ("hypotheses", "measurements")}
    return render(frame, {}, origins, 5, {**tables(), **evidence}, inside, declared=CLAIMS)


def test_every_figure_has_a_sentence_and_every_claim_a_figure():
    assert list(SENTENCES) and set(SENTENCES) == set(STUDY)
    assert all(figures_of(claim["id"]) for claim in CLAIMS["claims"])


def test_a_name_that_looks_like_html_is_only_a_name():
    frame = runs()
    frame.loc[0, ["experiment", "architecture"]] = NAME
    text = page(frame, curves=curves_for(frame))
    assert "<b>" not in text and "&lt;b&gt;&#34;x&#34;&lt;/b&gt;" in text
    # In the data of the explorer it can end no script.
    (data,) = re.findall(r'<script type="application/json" id="curves">(.*?)</script>', text)
    assert "<" not in data and "\\u003cb\\u003e" in data


@pytest.mark.parametrize("family", ["mlp", "transformer"])
def test_one_family_alone_is_told_of(family):
    frame = runs()[lambda table: table["family"] == family]
    words = Reader(page(frame)).words()
    assert "of ours that learned" in words and "This rests on" in words


def test_a_study_in_which_nothing_learned_says_so():
    frame = runs().assign(at_chance=True)
    words = Reader(page(frame)).words()
    assert "No network of ours learned, so that nothing can be said of" in words


def test_a_study_without_jumps_says_what_cannot_be_said():
    frame = runs().assign(candidates=0, jumps=0, early=0, middle=0, late=0)
    steps = pd.DataFrame(columns=["experiment", "seed", "layer", "step", "jump"])
    words = Reader(page(frame, single_steps=steps)).words()
    assert "0 changes between two measurements exceed what smooth training gives: dimensionality does not jump" in words
    assert "No layer of 2 architectures jumps, so there is no place of jumps to show." in words
    assert "No layer changes more between two measurements than its null does." in words
    assert not re.search(r"\bnan\b", words)


def test_the_document_of_odd_studies_can_be_read():
    frame = runs()
    frame.loc[0, "experiment"] = NAME
    text = markdown(document(frame, tables(), None, CLAIMS, [], [(NAME, 0)]))
    assert "<b>" not in text.replace(r"\<b\>", "") and not re.search(r"\bnan\b", text)


def test_a_part_of_a_study_says_what_it_lacks():
    text = render(runs(), {}, pd.DataFrame(columns=["experiment", "seed"]), 5, unfinished=["cnn_deep-glyphs"])
    words = Reader(text).words()
    assert "did not finish" in words and "cnn_deep-glyphs" in words
    # Without its tables a figure has its name for a title, and not a sentence that nothing supports.
    assert f"{STUDY['coupling'].title}." in words and "times as often as by chance" not in words


def test_sentences_without_tables_are_left_out():
    said = headlines({"experiments": runs()[:0]})
    assert said == {}
    assert set(headlines({"experiments": runs()})) <= set(STUDY)


def test_sentences_are_the_numbers_of_the_tables():
    told = headlines({"experiments": runs(), **tables()})
    claims = ledger().set_index(["claim", "quantity"])
    assert f"the {claims.loc[('C02', 'total'), 'as_published']:,.0f} jumps counted in it" in told["repaired"]
    assert told["loss_curves"] == "2 of 4 runs learn; 1 end at chance, 1 diverge."
    assert told["deep_dive"] == "75 % of 4 jumps lie in mlp_wide; 0 of 2 architectures never jump."
    assert told["validity"].endswith("the default detector finds 97.5 % and misses 2.5 %.")
    assert "supported 1, not enough jumps 1" in told["hypotheses"]
    coupled = ledger()
    for quantity, numbers in (("coincidence_ratio", (1.72, 1.3, 2.1)), ("excess", (-0.017, -0.03, 0.01))):
        coupled.loc[coupled["quantity"] == quantity, ["ours", "ours_low", "ours_high"]] = numbers
    said = headlines({"experiments": runs(), "ledger": coupled})["coupling"]
    assert "1.72 (1.3 to 2.1) times as often" in said and "1.7 (-1 to 3) percentage points less often" in said


def test_few_points_of_a_curve_stand_for_all():
    assert chosen(5).tolist() == [0, 1, 2, 3, 4]
    places = chosen(401)
    assert len(places) == POINTS and places[0] == 0 and places[-1] == 400 and (np.diff(places) > 0).all()
    frame = runs()
    drawn = explorer(curves_for(frame, 401), frame, 5)
    assert [run["name"] for run in drawn["runs"]] == frame["experiment"].tolist()
    assert drawn["runs"][0]["loss"][0] == 0.1235 and drawn["runs"][1]["excluded"]
    assert explorer(curves_for(frame), frame, 0)["runs"] == [] and explorer(pd.DataFrame(), frame, 5) == {}


def test_curves_are_means_of_thirds_without_the_logits():
    trajectory = pd.DataFrame(
        {"step": [0] * 4, "layer": ["a", "b", "c", "output"], "depth": range(4), "pr": [2.0, 4.0, np.nan, 100.0]}
    )
    training = pd.DataFrame({"step": [0], "probe_loss": [0.5], "probe_accuracy": [0.25]})
    roles = {"a": "hidden", "b": "hidden", "c": "hidden", "output": "output"}
    (row,) = curves_of(trajectory, training, roles, "pr").to_dict("records")
    assert [row[name] for name in ("step", "loss", "accuracy", "first", "middle")] == [0, 0.5, 0.25, 2.0, 4.0]
    assert np.isnan(row["last"])


def test_a_claim_leads_to_its_rows_rule_and_code():
    lead = of_claim("C07", ledger(), CLAIMS)
    assert lead["path"].endswith("c07.py") and "coincidence_ratio" in lead["rule"] and lead["figures"] == ["coupling"]
    assert as_csv(pd.DataFrame()) == "" and as_csv({"a": 1}) == ""
    assert as_csv({"a": [{"x": 1}], "b": [{"y": 2}]}) == "section,x,y\na,1.0,\nb,,2.0\n"
