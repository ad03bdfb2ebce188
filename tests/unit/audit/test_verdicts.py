"""Planted numbers give each of the two words, and every claim has a rule that fits the schema and can say yes and no."""

import copy
import json

import numpy as np
import pandas as pd
import pytest
import yaml

from dag.schema import check
from helpers.project import ROOT
from repdyn.audit.bounds import WORDS, bound, true_value
from repdyn.audit.columns import OURS
from repdyn.audit.deciding import asked
from repdyn.audit.ledger import AUDIT_COLUMNS, with_ours
from repdyn.audit.phases import FILTER_PHASES
from repdyn.audit.verdict_errors import COLUMNS
from repdyn.audit.verdicts import EVIDENCE, RULES, decide_all
from repdyn.errors import StudyError

CLAIMS = yaml.safe_load((ROOT / "config/claims.yaml").read_text())
NUMBERS = [
    "published", "as_published", "defect_mean", "defect_low", "defect_high", "repaired", "repaired_low",
    "repaired_high", "repaired_se", "repaired_df", "repaired_runs", "null_mean", "ours", "ours_low", "ours_high", "ours_se",
    "ours_df", "runs",
]  # fmt: skip
ABOVE = {"quantity": "x", "above": 5, "published": 10, "none": 0, "defect": "printed"}


def ours(value: float, runs: int = 20) -> dict:
    return {"ours": value, "ours_low": value - 2, "ours_high": value + 2, "ours_se": 1.0, "ours_df": 19.0, "runs": runs}


def logs(value: float) -> dict:
    found = {"repaired": value, "repaired_low": value - 2, "repaired_high": value + 2, "repaired_runs": 20}
    return found | {"repaired_se": 1.0, "repaired_df": 19.0}


def printed(value: float, without: float) -> dict:
    return {"as_published": value, "defect_mean": without, "defect_low": without - 9, "defect_high": without + 9}


def row(claim: str, quantity: str, numbers: dict) -> dict:
    return {"claim": claim, "quantity": quantity, "scale": "", **dict.fromkeys(NUMBERS, np.nan), **numbers}


def decided(conditions: list[dict] | dict, errors: pd.DataFrame | None = None, **quantities):
    """The verdict on one claim; numbers that are not given are NaN."""
    table = pd.DataFrame([row("C01", name, has) for name, has in quantities.items()])
    rule = conditions if isinstance(conditions, dict) else {"rule": "bounds", "conditions": conditions}
    return decide_all(table, [{"id": "C01", "verdict": rule}], errors)["C01"]


@pytest.mark.parametrize(
    ("own", "word", "reason"),
    [
        (ours(10), "holds", "x is 10 (8 to 12) in 20 runs of ours, above 5."),
        (ours(0), "does not hold", "x is 0 (-2 to 2) in 20 runs of ours, not above 5."),
        (ours(6), "undecided", "not clearly above 5"),
        (ours(10, runs=5), "not evaluable", "x rests on 5 runs of ours, 6 are needed."),
        (ours(10) | {"ours_se": np.nan}, "not evaluable", "x has no interval in 20 runs of ours."),
        ({}, "not evaluable", "x rests on 0 runs of ours"),
    ],
)
def test_the_interval_decides_whether_a_claim_holds(own, word, reason):
    found = decided([ABOVE], x=own)
    assert found.holds == word and reason in found.reason
    below = {"quantity": "x", "below": -5, "published": -10, "none": 0}
    mirrored = {name: value if name in ("ours_se", "ours_df", "runs") else -value for name, value in own.items()}
    assert decided([below], x=mirrored).holds == word


@pytest.mark.parametrize(
    ("repaired", "method", "word"),
    [
        (logs(10), printed(10, 30), "stands"),
        (logs(0), printed(10, 12), "artefact"),
        (logs(0), printed(10, 10), "artefact"),
        (logs(6), printed(10, 12), "artefact"),
        (logs(0), printed(10, 8), "not derivable"),  # not significant, but not what the method gives for nothing either
        (logs(0), {}, "not derivable"),
        ({}, printed(10, 12), "artefact"),
        ({}, {}, "not derivable"),
        (logs(10) | {"repaired_runs": 5}, {}, "not derivable"),
    ],
)
def test_the_published_method_decides_whether_the_evidence_is_an_artefact(repaired, method, word):
    found = decided([ABOVE], x=repaired | ours(10), printed=method)
    assert found.evidence == word and found.holds == "holds"


def test_parts_have_words_of_their_own():
    parts = [ABOVE | {"part": "early"}, ABOVE | {"quantity": "y", "part": "late"}]
    found = decided(parts, x=ours(10) | logs(10), y=ours(0) | logs(0))
    assert found.parts == (("early", "stands", "holds"), ("late", "not derivable", "does not hold"))
    assert (found.evidence, found.holds) == ("not derivable", "does not hold")
    assert found.reason.startswith("early: x is 10") and "; late: y is 0" in found.reason
    assert decided(parts, x=ours(10), y=ours(6)).holds == "undecided"
    assert decided(parts, x=ours(10), y={}).holds == "not evaluable"


def test_bounds_on_both_sides_are_one_claim():
    both = [ABOVE, {"quantity": "x", "below": 15, "published": 10, "none": 0}]
    assert [decided(both, x=ours(value)).holds for value in (0, 10, 20)] == ["does not hold", "holds", "does not hold"]


def drawn(right: float, wrong: float = 0.0, refuted: float = 1.0, jumps: int = 0) -> pd.DataFrame:
    """Errors of a rule: right where the claim is true as published and where it is false, wrong where it is half true."""
    rows = [("as published", right, 0.0), ("half", np.nan, wrong), ("false", refuted, 0.0)]
    table = pd.DataFrame(rows, columns=["truth", "right", "wrong"])
    return table.assign(claim="C01", part="", seeds=1, allowed=0.07, jumps=jumps, rests_on_jumps=bool(jumps)).reindex(
        columns=COLUMNS
    )


@pytest.mark.parametrize(
    ("errors", "value", "word"),
    [
        (drawn(0.9), 10, "holds"),
        (drawn(0.9), 6, "undecided"),
        (drawn(0.9, jumps=30), 6, "undecided"),
        (drawn(0.5), 10, "undecided"),
        (drawn(0.5), 0, "does not hold"),
        (drawn(0.9, refuted=0.5), 0, "undecided"),
        (drawn(0.9, wrong=0.2), 10, "undecided"),
        (drawn(0.5, jumps=7), 10, "not evaluable"),
        (drawn(0.5, jumps=7), 6, "not evaluable"),
        (drawn(0.9, wrong=0.2, jumps=7), 0, "not evaluable"),
        (drawn(np.nan, wrong=np.nan, jumps=1), 10, "not evaluable"),
    ],
)
def test_a_word_is_said_only_where_the_design_can_say_it(errors, value, word):
    found = decided([ABOVE], errors, x=ours(value))
    assert found.holds == word
    if errors["jumps"].iloc[0] and word == "not evaluable":
        assert found.reason.startswith(f"there {'is' if errors['jumps'].iloc[0] == 1 else 'are'} ")


def test_claims_are_corrected_together():
    """An interval that is just clear of its bound decides alone, and not among ten that are open."""
    near = ours(7.3)
    assert decided([ABOVE], x=near).holds == "holds"
    table = pd.DataFrame([row(f"C{i:02d}", "x", near if i == 1 else ours(5)) for i in range(1, 11)])
    rule = {"rule": "bounds", "conditions": [ABOVE]}
    found = decide_all(table, [{"id": f"C{i:02d}", "verdict": rule} for i in range(1, 11)])
    assert {verdict.holds for verdict in found.values()} == {"undecided"}


def test_construction():
    rule = {"rule": "construction", "quantity": "n", "tolerance": 0.01}
    fixed = decided(rule, n={"repaired": 40, "null_mean": 40.2} | ours(50))
    assert (fixed.evidence, fixed.holds) == ("artefact", "not evaluable") and "the definition fixes it" in fixed.reason
    assert decided(rule, n={"repaired": 40, "null_mean": 30} | ours(50)).evidence == "not derivable"


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"repaired": 5, "ours": 5, "runs": 20}, ("stands", "holds")),
        ({"repaired": 2, "ours": 2, "runs": 20}, ("artefact", "does not hold")),
        ({"repaired": 2, "ours": np.nan, "runs": 0}, ("artefact", "not evaluable")),
        ({"repaired": 2, "ours": 5, "runs": 5}, ("artefact", "not evaluable")),
    ],
)
def test_equals(numbers, words):
    rule = {"rule": "equals", "quantity": "k", "value": 5, "defect": "types"}
    found = decided(rule, k=numbers, types=printed(5, 5))
    assert (found.evidence, found.holds) == words


def test_a_whole_number_is_said_only_where_it_would_be_found():
    rule = {"rule": "equals", "quantity": "k", "value": 5, "defect": "types"}
    numbers = {"k": {"repaired": 5, "ours": 5, "runs": 20}, "types": printed(5, 5)}

    def said(errors):
        table = pd.DataFrame([row("C01", name, has) for name, has in numbers.items()])
        found = decide_all(table, [{"id": "C01", "verdict": rule}], errors, errors)["C01"]
        return found.evidence, found.holds, found.reason

    assert said(drawn(0.9, jumps=60))[:2] == ("stands", "holds")
    evidence, holds, why = said(drawn(0.9, wrong=0.2, jumps=60))
    assert (evidence, holds) == ("artefact", "not evaluable") and "wrong word in 20 %" in why
    # Rows of another number of jumps, or of other sizes, say nothing of these jumps.
    other = drawn(0.1, wrong=0.9).assign(part="2,991 jumps")
    assert said(pd.concat([drawn(0.9, jumps=60), other]))[:2] == ("stands", "holds")
    none = drawn(np.nan, np.nan, np.nan, jumps=7).assign(note="too few for a number")
    numbers["k"] = {"repaired": 5, "ours": np.nan, "runs": 0}
    assert said(none)[1:] == ("not evaluable", "there are 7 jumps; too few for a number.")


def test_an_unknown_rule_is_refused():
    with pytest.raises(StudyError, match="'guess' does not exist; there are bounds, construction, equals"):
        decided({"rule": "guess"}, x={})


def test_the_claims_fit_their_schema():
    check(CLAIMS, "claims", "config/claims.yaml")
    assert {claim["verdict"]["rule"] for claim in CLAIMS["claims"]} == set(RULES)
    for key, bad in (("rule", "guess"), ("conditions", [{"quantity": "x"}]), ("typed", "holds")):
        changed = copy.deepcopy(CLAIMS)
        changed["claims"][2]["verdict"][key] = bad
        with pytest.raises(StudyError, match="config/claims.yaml: "):
            check(changed, "claims", "config/claims.yaml")


CONDITIONS = [(claim["id"], each) for claim in CLAIMS["claims"] for each in claim["verdict"].get("conditions", ())]


@pytest.mark.parametrize(("claim", "condition"), CONDITIONS)
def test_every_bound_lies_between_the_published_effect_and_none(claim, condition):
    """So a claim that is true as published holds, and where there is no effect it does not."""
    side = 1 if "above" in condition else -1
    ends = [side * (true_value(condition, share) - bound(condition)) for share in (1, 0)]
    one_of_two = claim in ("C02", "C11") and ends[1] > 0  # the other bound of a claim of equality is crossed
    assert ends[0] > 0 and (ends[1] < 0 or one_of_two)


def test_the_rules_ask_for_quantities_that_the_audit_gives():
    audited = pd.read_csv(ROOT / "data/published/ledger.csv")
    given = audited.groupby("claim")["quantity"].agg(set)
    only_ours = {"C16": {f"{name}_all_cnn" for name in FILTER_PHASES}, "C15": {"escape", "acquisition"}}
    for claim in CLAIMS["claims"]:
        assert asked(claim["verdict"]) <= given[claim["id"]] | only_ours.get(claim["id"], set())


def test_without_runs_both_words_are_said_and_explained():
    audited = pd.read_csv(ROOT / "data/published/ledger.csv")
    table = with_ours(audited, pd.DataFrame(columns=OURS), CLAIMS)
    assert len(table) == len(audited) and list(audited.columns) == AUDIT_COLUMNS
    for column in ("evidence", "holds", "reason", "evidence_reason", "parts"):
        assert table.groupby("claim")[column].nunique().eq(1).all()
    assert set(table["evidence"]) == set(EVIDENCE) and set(table["holds"]) == {"not evaluable"} < set(WORDS)
    reasons = table[["reason", "evidence_reason"]].stack()
    assert reasons.str.fullmatch(r"\S.*\S\.").all() and not reasons.str.contains(r"\bnan\b|n/a").any()
    halves = table["parts"].map(json.loads).map(len) == 2
    assert set(table.loc[halves, "claim"]) == {"C03", "C11", "C13", "C15"}
