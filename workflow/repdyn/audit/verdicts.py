"""Two words for each claim, from numbers alone, by its rule in config/claims.yaml.

Does the published evidence stand?
stands          the published logs, repaired, show what is claimed
artefact        they do not, and the published method gives a number as large where there is nothing to find
not derivable   they do not, or cannot tell, and where the published number comes from is not shown

Does the claim hold in our runs?
holds           our interval lies on the claimed side of each bound
does not hold   it lies on the other side of one
undecided       it holds a bound
not evaluable   too few runs or events, or a rule that would be wrong too often with this design (`verdict_errors`)

Every function takes rows of the ledger: quantity, published, as_published, repaired and ours with what TESTED names.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.audit.bounds import FAILS, HOLDS, NOT_EVALUABLE, POWER, UNDECIDED, bound, corrected, sides, word
from repdyn.errors import StudyError
from repdyn.wording.numbers import interval, plural, short

STANDS, ARTEFACT, NOT_DERIVABLE = "stands", "artefact", "not derivable"
EVIDENCE = (STANDS, ARTEFACT, NOT_DERIVABLE)
# All of six runs on one side have a chance of 1 in 32 (two-sided sign test); of five, 1 in 16.
MINIMUM_RUNS = 6
NOT_SHOWN = "that the published number comes from a defect is not shown"
SAYS = {1: HOLDS, -1: FAILS, 0: UNDECIDED}


class Drawn(NamedTuple):
    """How often the rule of a claim gives which word: `verdict_errors` of our design and of the published one."""

    ours: pd.DataFrame
    published: pd.DataFrame


class Verdict(NamedTuple):
    """evidence, holds: the two words; parts: (label, evidence, holds) of each part of the claim; reasons in sentences."""

    evidence: str
    holds: str
    parts: tuple[tuple[str, str, str], ...]
    evidence_reason: str
    reason: str


def decide_all(
    table: pd.DataFrame,
    claims: list[dict],
    errors: pd.DataFrame | None = None,
    published_errors: pd.DataFrame | None = None,
) -> dict[str, Verdict]:
    """The verdicts on all claims, corrected together: claim id -> Verdict.

    table: rows of the ledger. errors, published_errors: `verdict_errors` of the designs of our runs and of the
    published ones, or None: nothing was drawn. Raises StudyError for a rule that does not exist.
    """
    for claim in claims:
        if claim["verdict"]["rule"] not in RULES:
            raise StudyError(f"verdict rule {claim['verdict']['rule']!r} does not exist; there are {', '.join(RULES)}")
    rows = {claim["id"]: table[table["claim"] == claim["id"]].set_index("quantity") for claim in claims}
    said = {}
    for side in ("repaired", "ours"):
        tests = [
            (claim["id"], place, *_sides(rows[claim["id"]], condition, side))
            for claim in claims
            for place, condition in enumerate(claim["verdict"].get("conditions", ()))
        ]
        decided = corrected(*np.array([each[2:] for each in tests], dtype=np.float64).reshape(-1, 2).T)
        said |= {(side, *each[:2]): int(says) for each, says in zip(tests, decided, strict=True)}
    return {
        claim["id"]: RULES[claim["verdict"]["rule"]](
            rows[claim["id"]],
            claim["verdict"],
            {key[0::2]: says for key, says in said.items() if key[1] == claim["id"]},
            Drawn(_errors_of(errors, claim["id"]), _errors_of(published_errors, claim["id"])),
        )
        for claim in claims
    }


def bounds(rows: pd.DataFrame, rule: dict, said: dict, drawn: Drawn) -> Verdict:
    """Bounds on quantities; conditions of one `part` make a word of their own."""
    labels = list(dict.fromkeys(condition.get("part", "") for condition in rule["conditions"]))
    parts, evidence_told, told = [], [], []
    for label in labels:
        members = [(i, each) for i, each in enumerate(rule["conditions"]) if each.get("part", "") == label]
        evidence, why = _evidence(rows, members, said, _of_part(drawn.published, label))
        holds, because = _holds(rows, members, said, _of_part(drawn.ours, label))
        parts.append((label, evidence, holds))
        head = f"{label}: " if label else ""
        evidence_told.append(head + why)
        told.append(head + because)
    evidence = _first([each[1] for each in parts], (ARTEFACT, NOT_DERIVABLE, STANDS))
    holds = _first([each[2] for each in parts], (FAILS, NOT_EVALUABLE, UNDECIDED, HOLDS))
    return Verdict(evidence, holds, tuple(parts), _sentence("; ".join(evidence_told)), _sentence("; ".join(told)))


def construction(rows: pd.DataFrame, rule: dict, said: dict, drawn: Drawn) -> Verdict:
    """A number that its own definition fixes, within `tolerance` (a share): nothing that a run could hold."""
    row = number(rows, rule["quantity"])
    fixed = abs(row["repaired"] - row["null_mean"]) <= rule["tolerance"] * abs(row["null_mean"])
    if not fixed:
        return _single(NOT_DERIVABLE, NOT_EVALUABLE, f"{rule['quantity']} has no null that gives it", "no rule is left")
    told = f"the definition gives {short(row['null_mean'])} for any series of this length and number of layers"
    evidence = f"{rule['quantity']} is {short(row['repaired'])} in the repaired logs, and {told}"
    return _single(ARTEFACT, NOT_EVALUABLE, evidence, f"{_ours(row, rule['quantity'])}; the definition fixes it")


def equals(rows: pd.DataFrame, rule: dict, said: dict, drawn: Drawn) -> Verdict:
    """A whole number: `quantity` must be `value`; `defect` names what the published method gives for anything."""
    row, defect = number(rows, rule["quantity"]), number(rows, rule["defect"])
    own, logs = _of_part(drawn.ours, ""), _of_part(drawn.published, "")
    unable = _unable(logs, 1, 0.0) if row["repaired"] == rule["value"] else ""
    if row["repaired"] == rule["value"] and not unable:
        evidence, why = STANDS, f"the repaired logs give {short(row['repaired'])}"
    else:
        evidence, why = _of_defect(defect, {"above": rule["value"], "defect": rule["defect"]})
        gives = f"do not give {rule['quantity']}" if pd.isna(row["repaired"]) else f"give {short(row['repaired'])}"
        why = "; ".join(filter(None, (f"the repaired logs {gives}", unable, why)))
    if pd.isna(row["ours"]) or not row["runs"] >= MINIMUM_RUNS:
        few = [f"{_there(own)}{note}" for note in own.loc[own["right"].isna(), "note"] if note]
        return _single(evidence, NOT_EVALUABLE, why, few[0] if few else _too_few(rule["quantity"], row, own))
    says = 1 if row["ours"] == rule["value"] else -1
    told = f"{_ours(row, rule['quantity'])}, {short(rule['value'])} is claimed"
    if unable := _unable(own, says):
        return _single(evidence, NOT_EVALUABLE, why, f"{unable}; {told}")
    return _single(evidence, SAYS[says], why, told)


RULES = {"bounds": bounds, "construction": construction, "equals": equals}


def number(rows: pd.DataFrame, quantity: str) -> pd.Series:
    """The numbers of a quantity; all NaN where the claim has no such row."""
    if quantity not in rows.index:
        return pd.Series(np.nan, index=rows.columns, dtype=object)
    return rows.loc[quantity]


def _sides(rows: pd.DataFrame, condition: dict, side: str) -> tuple[float, float]:
    """One-sided p values of a condition in the repaired logs or in our runs; NaN without enough runs."""
    row = number(
        rows, condition.get("evidence", condition["quantity"]) if side == "repaired" else condition["quantity"]
    )
    value, se, df = (float(row[name]) for name in (side, f"{side}_se", f"{side}_df"))
    # Filters of one network are no runs; only the published checkpoints have them.
    if not row["runs" if side == "ours" else "repaired_runs"] >= MINIMUM_RUNS:
        return np.nan, np.nan
    return tuple(float(p) for p in sides(value, se, df, condition, row["scale"] == "log"))


def _evidence(rows: pd.DataFrame, members: list, said: dict, errors: pd.DataFrame) -> tuple[str, str]:
    says = int(word(np.array([said["repaired", i] for i, _ in members])))
    told = "; ".join(_told(rows, each, "repaired", said["repaired", i]) for i, each in members)
    # Filters of one network are not drawn.
    unable = "" if any("evidence" in each for _, each in members) else _unable(errors, 1, 0.0)
    if says == 1 and not unable:
        return STANDS, f"the repaired logs show it: {told}"
    for _, condition in members:
        if "defect" in condition:
            evidence, why = _of_defect(number(rows, condition["defect"]), condition)
            if evidence == ARTEFACT:
                return ARTEFACT, f"{told}; {why}"
    return NOT_DERIVABLE, "; ".join(filter(None, (told, unable if says == 1 else "", NOT_SHOWN)))


def _of_defect(row: pd.Series, condition: dict) -> tuple[str, str]:
    """Whether the published method typically gives as much where there is nothing to find.

    Typically, so that wide draws, in which next to anything is possible, show nothing.
    """
    low, high = row["defect_low"], row["defect_high"]
    further = row["as_published"] - row["defect_mean"]
    as_large = (further if "above" in condition else -further) <= 1e-9
    given = interval(row["defect_mean"], *((low, high) if low < high else (np.nan, np.nan)))
    told = f"the published method gives {given} for {condition['defect']} where there is no effect"
    if as_large:
        return ARTEFACT, f"{told}, and {short(row['as_published'])} was published"
    return NOT_DERIVABLE, NOT_SHOWN


def _holds(rows: pd.DataFrame, members: list, said: dict, errors: pd.DataFrame) -> tuple[str, str]:
    checked = [(i, each, number(rows, each["quantity"])) for i, each in members]
    for _, condition, row in checked:
        if pd.isna(row["runs"]) or row["runs"] < MINIMUM_RUNS or not np.isfinite(float(row["ours_se"])):
            return NOT_EVALUABLE, _too_few(condition["quantity"], row, errors)
    told = "; ".join(_told(rows, each, "ours", said["ours", i]) for i, each in members)
    says = int(word(np.array([said["ours", i] for i, _ in members])))
    if unable := _unable(errors, says):
        return NOT_EVALUABLE if errors["rests_on_jumps"].any() else UNDECIDED, f"{unable}; {told}"
    return SAYS[says], told


def _unable(errors: pd.DataFrame, says: int, power: float = POWER) -> str:
    """Why this design cannot say that word, or nothing. errors: rows of this claim or part, a row per truth.

    It can say one side where it is wrong in few enough drawn studies and right in enough of those in which the side is true,
    (power) and is undecided to some purpose where it can say that a claim holds that is true as published.
    """
    if errors.empty:
        return ""
    jumps = _there(errors)
    truth = "false" if says == -1 else "as published"
    right = float(errors.loc[errors["truth"] == truth, "right"].max())
    if np.isnan(right):
        return f"{jumps}too few to draw studies like this one"
    wrong = errors.loc[errors["wrong"].idxmax()]
    if wrong["wrong"] > wrong["allowed"]:
        return f"{jumps}this design gives a wrong word {_often(wrong['wrong'], wrong['truth'])}"
    if right < power:
        return f"{jumps}this design gives the right word {_often(right, truth)}"
    return ""


def _there(errors: pd.DataFrame) -> str:
    """How many jumps a claim rests on, where it does."""
    if errors.empty or not errors["rests_on_jumps"].any():
        return ""
    number = int(errors["jumps"].iloc[0])
    return f"there {'is' if number == 1 else 'are'} {plural(number, 'jump')}; "


def _often(share: float, truth: str) -> str:
    told = {"as published": "true as published", "half": "half true"}.get(truth, truth)
    return f"in {100 * share:.0f} % of drawn studies where the claim is {told}"


def _of_part(errors: pd.DataFrame, label: str) -> pd.DataFrame:
    return errors[errors["part"] == label]


def _too_few(quantity: str, row: pd.Series, errors: pd.DataFrame) -> str:
    there = _there(errors)
    runs = 0 if pd.isna(row["runs"]) else int(row["runs"])
    if runs >= MINIMUM_RUNS:
        return f"{there}{quantity} has no interval in {runs} runs of ours"
    return f"{there}{quantity} rests on {plural(runs, 'run')} of ours, {MINIMUM_RUNS} are needed"


def _told(rows: pd.DataFrame, condition: dict, side: str, says: int) -> str:
    quantity = condition.get("evidence", condition["quantity"]) if side == "repaired" else condition["quantity"]
    row = number(rows, quantity)
    side_of = "above" if "above" in condition else "below"
    sure = {1: "", -1: "not ", 0: "not clearly "}[says]
    where = f" in {row['runs']:.0f} runs of ours" if side == "ours" else ""
    value, low, high = (float(row[name]) for name in (side, f"{side}_low", f"{side}_high"))
    if np.isnan(value):
        return f"the published logs do not give {quantity}"
    told = f"{quantity} is {interval(value, low, high)}{where}, {sure}{side_of} {short(bound(condition))}"
    if side == "ours" and np.isfinite(low):
        down, up = short(low), short(high)
        told += f" (with a bound below {down} or above {up} the word would be clear)" if says == 0 else ""
    return told


def _ours(row: pd.Series, quantity: str) -> str:
    if pd.isna(row["ours"]) or pd.isna(row["runs"]):
        return f"our runs do not give {quantity}"
    told = interval(*(float(row[name]) for name in ("ours", "ours_low", "ours_high")))
    return f"{quantity} is {told} in {row['runs']:.0f} runs of ours"


def _single(evidence: str, holds: str, why: str, because: str) -> Verdict:
    return Verdict(evidence, holds, (("", evidence, holds),), _sentence(why), _sentence(because))


def _first(words: list[str], order: tuple[str, ...]) -> str:
    return next(each for each in order if each in words)


def _errors_of(errors: pd.DataFrame | None, claim: str) -> pd.DataFrame:
    if errors is None:
        return pd.DataFrame(
            columns=["claim", "part", "truth", "right", "wrong", "allowed", "jumps", "rests_on_jumps", "note"]
        )
    return errors[errors["claim"] == claim]


def _sentence(text: str) -> str:
    return f"{text}."
