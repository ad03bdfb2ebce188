"""Claims lie on the axis where their numbers put them, cut at its ends, and those without a bound have a row too."""

import json

import numpy as np
import pandas as pd
import pytest

from helpers.integrated_cases import CLAIMS, ledger
from repdyn.report.forest import LEFT, LETTERS, LINE, RIGHT, TEXT_LINE, bound_at, forest, place_of, share_of_effect

MIDDLE = (LEFT + RIGHT) / 2


@pytest.mark.parametrize(
    ("value", "condition", "expected"),
    [
        (0.0, {"none": 0, "published": 30}, 0.0),
        (30.0, {"none": 0, "published": 30}, 1.0),
        (-15.0, {"none": 0, "published": 30}, -0.5),
        # An effect downwards: half of it lies half way too.
        (25.0, {"none": 50, "published": 0}, 0.5),
        (200.0, {"none": 20, "published": 2000, "scale": "log"}, 0.5),
        (0.0, {"none": 20, "published": 2000, "scale": "log"}, -np.inf),
    ],
)
def test_shares_of_the_effect(value, condition, expected):
    assert share_of_effect(value, condition) == pytest.approx(expected)


def test_the_axis_has_no_effect_left_and_the_published_one_right_of_its_middle():
    assert place_of(0.5) == MIDDLE and place_of(-9) == LEFT and place_of(np.inf) == RIGHT
    assert LEFT < place_of(0.0) < MIDDLE < place_of(1.0) < RIGHT
    assert bound_at({"above": 15, "none": 0, "published": 30}) == MIDDLE


def table(ours: float, low: float, high: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "claim": ["C01"], "quantity": ["x"], "parts": [json.dumps([["", "stands", "holds"]])], "holds": ["holds"],
            "repaired": [0.0],
            "repaired_low": [np.nan], "repaired_high": [np.nan], "ours": [ours], "ours_low": [low], "ours_high": [high],
        }
    )  # fmt: skip


RULE = {"rule": "bounds", "conditions": [{"quantity": "x", "above": 50, "none": 0, "published": 100}]}


def test_a_number_with_its_interval_and_one_beyond_the_axis():
    claims = [{"id": "C01", "claim": "A claim", "verdict": RULE}]
    (row,) = forest(table(50, 25, 75), claims)["rows"]
    assert row["ours"] == {"x": MIDDLE, "low": place_of(0.25), "high": place_of(0.75), "beyond": 0}
    assert row["repaired"]["x"] == place_of(0) and row["repaired"]["low"] is None
    assert (row["id"], row["lines"], row["word"], row["bounds"]) == ("C01", ["A claim"], "holds", [MIDDLE])
    assert row["number"] == "50 (25 to 75)"
    (row,) = forest(table(500, 400, 600), claims)["rows"]
    assert row["ours"]["x"] == RIGHT and row["ours"]["beyond"] == 1
    (row,) = forest(table(np.nan, np.nan, np.nan), claims)["rows"]
    assert row["ours"] is None and row["number"] == ""


def test_parts_have_rows_and_words_of_their_own_and_two_bounds_of_a_quantity_share_one():
    parts = [["early", "stands", "holds"], ["late", "stands", "undecided"]]
    told = table(50, 25, 75).assign(parts=json.dumps(parts), holds="undecided")
    between = [
        {"quantity": "x", "none": 0, "published": 100, "part": "early", **at} for at in ({"above": 40}, {"below": 90})
    ]
    late = {"quantity": "y", "none": 0, "published": 100, "part": "late", "above": 50}
    rule = {"rule": "bounds", "conditions": [*between, late]}
    head, early, other = forest(told, [{"id": "C01", "claim": "A claim", "verdict": rule}])["rows"]
    assert (head["id"], head["word"], head["ours"]) == ("C01", "undecided", None)
    assert (early["lines"], early["word"], early["bounds"]) == (["early"], "holds", [place_of(0.4), place_of(0.9)])
    assert (other["lines"], other["word"], other["ours"]) == (["late"], "undecided", None)


def test_every_claim_has_a_row_and_every_row_lies_in_the_drawing():
    drawn = forest(ledger(), CLAIMS["claims"])
    assert [row["id"] for row in drawn["rows"] if row["id"]] == [claim["id"] for claim in CLAIMS["claims"]]
    places = [row["y"] for row in drawn["rows"]]
    assert drawn["top"] < places[0] and places[-1] < drawn["height"]
    # No word of a title is cut, and no line lies on that of the next row.
    for row, nearest in zip(drawn["rows"], np.diff([*places, drawn["height"]]), strict=True):
        assert len(row["lines"]) * TEXT_LINE <= row["height"] and nearest >= min(row["height"], LINE)
        assert max(map(len, row["lines"])) <= LETTERS
    titles = [" ".join(row["lines"]) for row in drawn["rows"] if row["id"]]
    assert titles == [claim["claim"] for claim in CLAIMS["claims"]] and max(map(len, titles)) > LETTERS
    every = [row[side] for row in drawn["rows"] for side in ("repaired", "ours") if row[side]]
    assert len(every) > 12 and all(LEFT <= mark["x"] <= RIGHT for mark in every)
