"""The claims on one axis, from no effect to the published one: what the repaired published logs and our runs give."""

import json
import textwrap

import numpy as np
import pandas as pd

from repdyn.wording.claim_quantities import quantity_name
from repdyn.wording.numbers import interval

LOW, HIGH = -0.5, 1.5  # of the axis; what lies beyond is drawn at its end
LEFT, RIGHT = 370, 655  # of the axis, in units of the drawing
NUMBERS, WIDTH = 874, 1000  # where numbers and words end
LINE, TEXT_LINE, TOP = 22, 16, 46
LETTERS = 43  # of a line of text beside the axis
NOTHING: dict = {"bounds": [], "repaired": None, "ours": None, "number": ""}


def forest(ledger: pd.DataFrame, claims: list[dict]) -> dict:
    """What the template draws: width, height, marks of the axis, and `rows`.

    ledger: LEDGER_COLUMNS. claims: those of config/claims.yaml. A row per claim, and where several quantities decide, one
    below it for each: id, the lines of its text, word, number (ours, as written), y, height, bounds, and for `repaired` and
    `ours` None or {x, low, high, beyond}: places on the axis (low and high None without an interval; beyond: -1 or 1 where
    the number lies outside).
    """
    rows = []
    for claim in claims:
        told = ledger[ledger["claim"] == claim["id"]].set_index("quantity")
        if told.empty:
            continue
        words = {part: holds for part, _, holds in json.loads(told["parts"].iloc[0])}
        by_quantity: dict[str, list[dict]] = {}
        for condition in claim["verdict"].get("conditions", ()):
            by_quantity.setdefault(condition["quantity"], []).append(condition)
        lines = [_line(claim["id"], told, same, words) for same in by_quantity.values()]
        head = {"id": claim["id"], "claim": claim["id"], "text": claim["claim"], "word": told["holds"].iloc[0]}
        if len(lines) == 1:
            rows.append(lines[0] | head)
        elif not lines:
            rows.append(NOTHING | head | {"number": _number(told, claim["verdict"]["quantity"])})
        else:
            rows += [NOTHING | head, *({"id": "", "claim": claim["id"]} | line for line in lines)]
    below = TOP
    for row in rows:
        row["lines"] = textwrap.wrap(row.pop("text"), LETTERS)
        row["y"], row["height"] = below + LINE // 2, LINE + TEXT_LINE * (len(row["lines"]) - 1)
        below += row["height"]
    marks = [(place_of(0.0), "no effect"), (place_of(1.0), "as published")]
    return {"width": WIDTH, "height": below + 8, "top": TOP, "numbers": NUMBERS, "marks": marks, "rows": rows}


def _line(claim: str, told: pd.DataFrame, conditions: list[dict], words: dict[str, str]) -> dict:
    """A quantity between its bounds; its word where its part of the claim has one."""
    first = conditions[0]
    part = first.get("part", "")
    return {
        "text": part or quantity_name(claim, first["quantity"].removesuffix("_detected")),
        "word": words[part] if part else "",
        "bounds": [bound_at(each) for each in conditions],
        "number": _number(told, first["quantity"]),
        **{side: _mark(told, first, side) for side in ("repaired", "ours")},
    }


def _number(told: pd.DataFrame, quantity: str) -> str:
    """Ours, as the table of claims prints it; nothing where there is none."""
    if quantity not in told.index or pd.isna(told.loc[quantity, "ours"]):
        return ""
    return interval(*(told.loc[quantity, name] for name in ("ours", "ours_low", "ours_high")))


def share_of_effect(value: float, condition: dict) -> float:
    """0 for no effect, 1 for the published one, on the scale of the condition; a ratio of 0 lies at minus infinity."""
    none, published = condition["none"], condition["published"]
    if condition.get("scale") == "log":
        none, published = np.log(none), np.log(published)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.log(value)
    return float((value - none) / (published - none))


def place_of(share: float) -> float:
    """The place on the axis of a share of the effect, within its ends."""
    return round(LEFT + (RIGHT - LEFT) * (float(np.clip(share, LOW, HIGH)) - LOW) / (HIGH - LOW), 1)


def bound_at(condition: dict) -> float:
    return place_of(share_of_effect(condition.get("above", condition.get("below")), condition))


def _mark(told: pd.DataFrame, condition: dict, side: str) -> dict | None:
    name = condition.get("evidence", condition["quantity"]) if side == "repaired" else condition["quantity"]
    if name not in told.index or pd.isna(told.loc[name, side]):
        return None
    share = share_of_effect(float(told.loc[name, side]), condition)
    ends = sorted(share_of_effect(float(told.loc[name, f"{side}_{end}"]), condition) for end in ("low", "high"))
    known = not np.isnan(ends).any()
    return {
        "x": place_of(share),
        "low": place_of(ends[0]) if known else None,
        "high": place_of(ends[1]) if known else None,
        "beyond": -1 if share < LOW else 1 if share > HIGH else 0,
    }
