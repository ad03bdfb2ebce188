"""Planted numbers give each verdict of each rule, and every claim has a rule that fits the schema."""

import copy

import numpy as np
import pandas as pd
import pytest
import yaml

from dag.schema import check
from helpers.project import ROOT
from repdyn.audit.ledger import AUDIT_COLUMNS, asked, with_ours
from repdyn.audit.phases import FILTER_PHASES
from repdyn.audit.verdicts import NUMBERS, RULES, VERDICTS, decide
from repdyn.errors import StudyError

CLAIMS = yaml.safe_load((ROOT / "config/claims.yaml").read_text())
HOLDS = {"ours": 3, "ours_low": 2, "ours_high": 4, "runs": 20}
FAILS = {"ours": -1, "ours_low": -2, "ours_high": -0.5, "runs": 20}
OPEN = {"ours": 1, "ours_low": -1, "ours_high": 3, "runs": 20}
FEW = {"ours": 3, "runs": 2}
BEYOND = {"repaired": 5, "null_mean": 0, "null_low": -1, "null_high": 1}
INSIDE = {"repaired": 0.5, "null_mean": 0, "null_low": -1, "null_high": 1}


def rows(**quantities) -> pd.DataFrame:
    """Rows of one claim; numbers that are not given are NaN."""
    return pd.DataFrame(
        [{"quantity": name, **dict.fromkeys(NUMBERS, np.nan), **has} for name, has in quantities.items()]
    )


ABOVE = {"rule": "conditions", "conditions": [{"quantity": "x_detected", "above": 0}]}


@pytest.mark.parametrize(
    ("numbers", "published", "verdict", "reason"),
    [
        (HOLDS | BEYOND, 2.5, "reproduced", "x_detected is 3 (2 to 4) in 20 runs of ours, above 0; 2.5 was published."),
        (HOLDS | INSIDE, 9, "supported", "above 0; 9 was published."),
        (HOLDS, np.nan, "supported", "above 0."),
        (FAILS | INSIDE, 9, "artefact", "the repaired logs give 0.5, no more than their null, 0 (-1 to 1)."),
        (OPEN | INSIDE, 9, "artefact", "not clearly above 0"),
        (FAILS | BEYOND, 9, "not supported", "is -1 (-2 to -0.5) in 20 runs of ours, not above 0."),
        (FAILS, 9, "not supported", "not above 0"),
        (OPEN | BEYOND, 9, "undecided", "not clearly above 0"),
        (OPEN, 9, "undecided", "not clearly above 0"),
        (FEW | INSIDE, 9, "undecided", "too few: x_detected rests on 2 of our runs, 6 are needed."),
        (HOLDS | BEYOND | {"runs": 5}, 9, "undecided", "rests on 5 of our runs, 6 are needed."),
        ({"ours": 3, "runs": 9}, 9, "undecided", "too few: x_detected has no interval in 9 runs of ours."),
        ({"runs": 0} | BEYOND, 9, "undecided", "too few"),
        (BEYOND, 9, "not evaluable", "no run of ours gives x_detected."),
    ],
)
def test_conditions(numbers, published, verdict, reason):
    found = decide(rows(x_detected=numbers, x={"published": published}), ABOVE)
    assert found.verdict == verdict
    assert reason in found.reason


def test_below_mirrors_above():
    def mirrored(numbers):
        swap = {"ours_low": "ours_high", "ours_high": "ours_low", "null_low": "null_high", "null_high": "null_low"}
        return {swap.get(name, name): value if name == "runs" else -value for name, value in numbers.items()}

    below = {"rule": "conditions", "conditions": [{"quantity": "x_detected", "below": 0}]}
    for numbers in (HOLDS | BEYOND, FAILS | INSIDE, FAILS | BEYOND, OPEN | BEYOND, FEW):
        up, down = rows(x_detected=numbers), rows(x_detected=mirrored(numbers))
        assert decide(up, ABOVE).verdict == decide(down, below).verdict


def test_a_claim_of_absence_is_not_asked_to_exceed_its_null():
    absence = {"rule": "conditions", "conditions": [{"quantity": "x", "below": 1, "absence": True}]}
    nothing = {"ours": 0.1, "ours_low": -1, "ours_high": 2, "runs": 20}
    assert decide(rows(x=nothing | INSIDE), absence).verdict == "undecided"
    assert decide(rows(x=nothing | {"ours_high": 0.9} | INSIDE), absence).verdict == "supported"
    assert decide(rows(x=HOLDS | BEYOND), absence).verdict == "artefact"


def test_every_condition_counts():
    two = {"rule": "conditions", "conditions": [{"quantity": "x", "above": 0}, {"quantity": "y", "above": 0}]}
    assert decide(rows(x=HOLDS, y=HOLDS), two).verdict == "supported"
    assert decide(rows(x=HOLDS, y=FAILS), two).verdict == "not supported"
    assert decide(rows(x=HOLDS | BEYOND, y=OPEN | BEYOND), two).verdict == "undecided"
    assert decide(rows(x=HOLDS | BEYOND, y=FAILS | INSIDE), two).verdict == "artefact"
    assert decide(rows(x=HOLDS, y=FEW), two).verdict == "undecided"
    assert decide(rows(x=HOLDS), two).verdict == "not evaluable"


@pytest.mark.parametrize(
    ("theirs", "own", "verdict"),
    [
        ({"published": 3} | BEYOND, HOLDS, "reproduced"),
        ({"published": 100} | INSIDE, HOLDS, "artefact"),
        ({"published": 100} | BEYOND, HOLDS, "not supported"),
        ({"published": 100} | INSIDE, FEW, "undecided"),
        ({"published": 100} | INSIDE, {}, "not evaluable"),
    ],
)
def test_count(theirs, own, verdict):
    rule = {"rule": "count", "quantity": "total", "ours": "total_detected"}
    assert decide(rows(total=theirs, total_detected=own), rule).verdict == verdict


@pytest.mark.parametrize(
    ("numbers", "verdict"),
    [
        ({"ours": 5, "runs": 20, "repaired": 5}, "reproduced"),
        ({"ours": 2, "runs": 20, "repaired": 1}, "artefact"),
        ({"ours": 2, "runs": 20, "repaired": 5}, "not supported"),
        ({"ours": 2, "runs": 20}, "not supported"),
        ({"runs": 0, "repaired": 1}, "undecided"),
        ({"ours": 5, "runs": 5, "repaired": 1}, "undecided"),
        ({"repaired": 1}, "not evaluable"),
    ],
)
def test_equals(numbers, verdict):
    found = decide(rows(types=numbers), {"rule": "equals", "quantity": "types", "value": 5})
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("numbers", "verdict"),
    [
        ({"published": 3, "repaired": 40, "null_mean": 40} | HOLDS, "artefact"),
        ({"published": 3, "repaired": 80, "null_mean": 40} | HOLDS, "reproduced"),
        ({"published": 9, "repaired": 80, "null_mean": 40} | HOLDS, "not supported"),
        ({"published": 9, "repaired": 80, "null_mean": 40} | FEW, "undecided"),
        ({"published": 9} | HOLDS, "not evaluable"),
    ],
)
def test_construction(numbers, verdict):
    found = decide(rows(critical=numbers), {"rule": "construction", "quantity": "critical", "tolerance": 0.01})
    assert found.verdict == verdict


def test_an_unknown_rule_is_refused():
    with pytest.raises(StudyError, match="'guess' does not exist; there are conditions, count, equals, construction"):
        decide(rows(x=HOLDS), {"rule": "guess"})


def test_the_claims_fit_their_schema():
    check(CLAIMS, "claims", "config/claims.yaml")
    assert {claim["verdict"]["rule"] for claim in CLAIMS["claims"]} == set(RULES)
    for key, bad in (("rule", "guess"), ("conditions", [{"quantity": "x"}]), ("typed", "supported")):
        changed = copy.deepcopy(CLAIMS)
        changed["claims"][2]["verdict"][key] = bad
        with pytest.raises(StudyError, match="config/claims.yaml: "):
            check(changed, "claims", "config/claims.yaml")


def test_the_rules_ask_for_quantities_that_the_audit_gives():
    audited = pd.read_csv(ROOT / "data/published/ledger.csv")
    given = audited.groupby("claim")["quantity"].agg(set)
    for claim in CLAIMS["claims"]:
        ours = {f"{name}_all_cnn" for name in FILTER_PHASES} if claim["id"] == "C16" else set()
        assert asked(claim["verdict"]) <= given[claim["id"]] | ours


def test_without_runs_every_verdict_is_a_word_and_a_sentence():
    audited = pd.read_csv(ROOT / "data/published/ledger.csv")
    none = pd.DataFrame(columns=["claim", "quantity", "ours", "ours_low", "ours_high", "runs"])
    table = with_ours(audited, none, CLAIMS)
    assert len(table) == len(audited) and list(audited.columns) == AUDIT_COLUMNS
    assert table.groupby("claim")["verdict"].nunique().eq(1).all()
    assert set(table["verdict"]) <= set(VERDICTS)
    assert not set(table["verdict"]) & {"reproduced", "supported", "not supported"}
    assert table["reason"].str.fullmatch(r"\S.*\S\.").all()
