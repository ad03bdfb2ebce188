"""Verdicts: a word and a sentence for each claim, from its numbers alone, by the rule in config/claims.yaml.

reproduced     our runs show what is claimed, and their interval holds the published number
supported      our runs show what is claimed, with another number
artefact       our runs do not show it, and the repaired published number is no more than its null gives
not supported  our runs contradict it, or their number is another
undecided      too few runs or events, or an interval that holds both answers
not evaluable  nobody measured what the rule asks for

Every function takes the rows of one claim: quantity, published, repaired, null_mean, null_low, null_high, ours,
ours_low, ours_high, runs. runs is NaN for a quantity that our runs do not give.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.errors import StudyError
from repdyn.wording.numbers import interval, short

REPRODUCED, SUPPORTED, ARTEFACT = "reproduced", "supported", "artefact"
NOT_SUPPORTED, UNDECIDED, NOT_EVALUABLE = "not supported", "undecided", "not evaluable"
VERDICTS = (REPRODUCED, SUPPORTED, ARTEFACT, NOT_SUPPORTED, UNDECIDED, NOT_EVALUABLE)
NUMBERS = ("published", "repaired", "null_mean", "null_low", "null_high", "ours", "ours_low", "ours_high", "runs")
# All of six runs on one side have a chance of 1 in 32 (two-sided sign test); of five, 1 in 16.
MINIMUM_RUNS = 6
# What one number says about one condition.
HOLDS, FAILS, OPEN, FEW, MISSING = "holds", "fails", "open", "few", "missing"


class Verdict(NamedTuple):
    verdict: str
    reason: str


def decide(rows: pd.DataFrame, rule: dict) -> Verdict:
    """The verdict on one claim. Raises StudyError for a rule that does not exist."""
    if rule["rule"] not in RULES:
        raise StudyError(f"verdict rule {rule['rule']!r} does not exist; there are {', '.join(RULES)}")
    return RULES[rule["rule"]](rows.set_index("quantity"), rule)


def conditions(rows: pd.DataFrame, rule: dict) -> Verdict:
    """All conditions must hold: {quantity, above or below: number}, and absence: true where the claim is that of a null.

    Ours holds where the whole interval lies on the claimed side, fails where it lies on the other. Repaired
    holds where the number lies on the claimed side and, unless the claim is one of absence, beyond the range of
    its null.
    """
    checked = [(condition, number(rows, condition["quantity"])) for condition in rule["conditions"]]
    ours = [ours_says(row, condition) for condition, row in checked]
    theirs = [repaired_says(row, condition) for condition, row in checked]
    if unknown := _unknown(ours, checked):
        return unknown
    told = "; ".join(_told(row, condition, says) for (condition, row), says in zip(checked, ours, strict=True))
    if all(says == HOLDS for says in ours):
        condition, row = checked[0]
        published = number(rows, condition["quantity"].removesuffix("_detected"))["published"]
        same = row["ours_low"] <= published <= row["ours_high"]
        tail = f"; {short(published)} was published" if np.isfinite(published) else ""
        return Verdict(REPRODUCED if same else SUPPORTED, _sentence(told + tail))
    if FAILS in theirs:
        condition, row = checked[theirs.index(FAILS)]
        of = f" for {condition['quantity']}" if len(checked) > 1 else ""
        return Verdict(ARTEFACT, _sentence(f"{told}; {_repaired_told(row, condition)}{of}"))
    return Verdict(NOT_SUPPORTED if FAILS in ours else UNDECIDED, _sentence(told))


def count(rows: pd.DataFrame, rule: dict) -> Verdict:
    """A number of events by a rule of detection, `quantity`, against our number by a detector of known error, `ours`."""
    own, theirs = number(rows, rule["ours"]), number(rows, rule["quantity"])
    condition = {"quantity": rule["ours"], "above": theirs["published"]}
    says = ours_says(own, condition)
    if unknown := _unknown([says], [(condition, own)]):
        return unknown
    found = f"{_ours(own, rule['ours'])}, {short(theirs['published'])} was published"
    if says == OPEN:
        return Verdict(REPRODUCED, _sentence(found))
    if theirs["repaired"] <= theirs["null_high"]:
        told = f"{rule['quantity']} is {short(theirs['repaired'])} in the repaired logs, {_null(theirs)}"
        return Verdict(ARTEFACT, _sentence(f"{told}; {found}"))
    return Verdict(NOT_SUPPORTED, _sentence(found))


def equals(rows: pd.DataFrame, rule: dict) -> Verdict:
    """A whole number that is estimated without an interval: `quantity` must be `value`."""
    row = number(rows, rule["quantity"])
    if np.isnan(row["runs"]):
        return Verdict(NOT_EVALUABLE, _sentence(f"no run of ours gives {rule['quantity']}"))
    if np.isnan(row["ours"]) or row["runs"] < MINIMUM_RUNS:
        return Verdict(UNDECIDED, _sentence(_too_few(f"the events for {rule['quantity']}", row["runs"])))
    told = _ours(row, rule["quantity"])
    if row["ours"] == rule["value"]:
        return Verdict(REPRODUCED, _sentence(f"{told}, as claimed"))
    told = f"{told}, {short(rule['value'])} is claimed"
    if np.isfinite(row["repaired"]) and row["repaired"] != rule["value"]:
        return Verdict(ARTEFACT, _sentence(f"{told}; the repaired logs give {short(row['repaired'])}"))
    return Verdict(NOT_SUPPORTED, _sentence(told))


def construction(rows: pd.DataFrame, rule: dict) -> Verdict:
    """A number that its own definition may fix: an artefact if the null alone gives it, within `tolerance` (a share)."""
    row = number(rows, rule["quantity"])
    if not np.isfinite(row[["repaired", "null_mean"]].astype(float)).all():
        return Verdict(NOT_EVALUABLE, _sentence(f"{rule['quantity']} has no repaired number or no null"))
    told = f"{rule['quantity']} is {short(row['repaired'])} in the repaired logs"
    if abs(row["repaired"] - row["null_mean"]) <= rule["tolerance"] * abs(row["null_mean"]):
        return Verdict(
            ARTEFACT, _sentence(f"{told}, and the definition gives {short(row['null_mean'])} for any series")
        )
    condition = {"quantity": rule["quantity"], "above": row["published"]}
    if unknown := _unknown([ours_says(row, condition)], [(condition, row)]):
        return unknown
    same = row["ours_low"] <= row["published"] <= row["ours_high"]
    return Verdict(REPRODUCED if same else NOT_SUPPORTED, _sentence(f"{told}; {_ours(row, rule['quantity'])}"))


RULES = {"conditions": conditions, "count": count, "equals": equals, "construction": construction}


def number(rows: pd.DataFrame, quantity: str) -> pd.Series:
    """The numbers of a quantity; all NaN where the claim has no such row."""
    if quantity not in rows.index:
        return pd.Series(np.nan, index=NUMBERS)
    return rows.loc[quantity, list(NUMBERS)].astype(np.float64)


def ours_says(row: pd.Series, condition: dict) -> str:
    """holds, fails or open, by where our interval lies; few without enough runs, missing without a measurement."""
    if np.isnan(row["runs"]):
        return MISSING
    if row["runs"] < MINIMUM_RUNS or not np.isfinite(row[["ours", "ours_low", "ours_high"]]).all():
        return FEW
    if "above" in condition:
        holds, fails = row["ours_low"] > condition["above"], row["ours_high"] <= condition["above"]
    else:
        holds, fails = row["ours_high"] < condition["below"], row["ours_low"] >= condition["below"]
    return HOLDS if holds else FAILS if fails else OPEN


def repaired_says(row: pd.Series, condition: dict) -> str:
    """holds or fails, by reference and null range; missing without a number."""
    if np.isnan(row["repaired"]):
        return MISSING
    low, high = (np.nan, np.nan) if condition.get("absence") else (row["null_low"], row["null_high"])
    if "above" in condition:
        return HOLDS if row["repaired"] > np.fmax(condition["above"], high) else FAILS
    return HOLDS if row["repaired"] < np.fmin(condition["below"], low) else FAILS


def _unknown(says: list[str], checked: list) -> Verdict | None:
    """Not evaluable, or undecided for want of runs; None where there is enough to decide."""
    names = [condition["quantity"] for condition, _ in checked]
    if MISSING in says:
        return Verdict(NOT_EVALUABLE, _sentence(f"no run of ours gives {names[says.index(MISSING)]}"))
    if FEW in says:
        at = says.index(FEW)
        return Verdict(UNDECIDED, _sentence(_too_few(names[at], checked[at][1]["runs"])))
    return None


def _too_few(quantity: str, runs: float) -> str:
    if runs >= MINIMUM_RUNS:
        return f"too few: {quantity} has no interval in {runs:.0f} runs of ours"
    return f"too few: {quantity} rests on {runs:.0f} of our runs, {MINIMUM_RUNS} are needed"


def _told(row: pd.Series, condition: dict, says: str) -> str:
    word = {HOLDS: "", FAILS: "not ", OPEN: "not clearly "}[says]
    return f"{_ours(row, condition['quantity'])}, {word}{_side(condition)}"


def _repaired_told(row: pd.Series, condition: dict) -> str:
    plain = repaired_says(row, condition | {"absence": True})
    if plain == FAILS:
        return f"the repaired logs give {short(row['repaired'])}, not {_side(condition)}"
    return f"the repaired logs give {short(row['repaired'])}, {_null(row)}"


def _side(condition: dict) -> str:
    side = "above" if "above" in condition else "below"
    return f"{side} {short(condition[side])}"


def _ours(row: pd.Series, quantity: str) -> str:
    told = interval(row["ours"], row["ours_low"], row["ours_high"])
    return f"{quantity} is {told} in {row['runs']:.0f} runs of ours"


def _null(row: pd.Series) -> str:
    ends = (row["null_low"], row["null_high"]) if row["null_low"] < row["null_high"] else (np.nan, np.nan)
    return f"no more than their null, {interval(row['null_mean'], *ends)}"


def _sentence(text: str) -> str:
    return f"{text}."
