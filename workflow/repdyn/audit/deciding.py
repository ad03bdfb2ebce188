"""Which quantities the rule of a claim in config/claims.yaml rests on, and what was printed of them."""

import re


def decided_by(rule: dict) -> list[str]:
    """The quantities of our runs that a verdict's rule looks at, in its order."""
    if "conditions" in rule:
        return list(dict.fromkeys(condition["quantity"] for condition in rule["conditions"]))
    return [rule["quantity"]]


def printed_beside(quantity: str, printed: dict[str, float]) -> dict[str, float]:
    """The printed numbers to compare a deciding quantity with: of the quantity, or the two of which it is the difference."""
    base = re.sub("_detected$|_all_cnn$", "", quantity)
    return {name: printed[name] for name in (quantity, *parts(base)) if name in printed}


def published_of(deciding: list[str], printed: dict[str, float], claimed: float | None = None) -> dict[str, dict]:
    """{deciding quantity: the published numbers that stand beside it}, the one source of tables and README.

    printed: in the order of the configuration, the most telling first. claimed: the number that the rule asks for, if it
    asks for one. Where nothing that decides was printed, the first printed number stands beside the first quantity.
    """
    if claimed is not None:
        return {name: {name: claimed} if name == deciding[0] else {} for name in deciding}
    beside = {name: printed_beside(name, printed) for name in deciding}
    if not any(beside.values()):
        beside[deciding[0]] = dict(list(printed.items())[:1])
    return beside


def parts(quantity: str) -> list[str]:
    """The two quantities of a difference (early_percent_cnn_minus_transformer, early_minus_mid_percent), else the one."""
    first, minus, other = quantity.partition("_minus_")
    if not minus:
        return [quantity]
    if other.endswith("_percent"):
        return [f"{first}_percent", other]
    return [first, f"{first.rpartition('_')[0]}_{other}"]


def asked(rule: dict) -> set[str]:
    """The quantities that a verdict's rule looks at."""
    return {
        part[key] for part in (rule, *rule.get("conditions", ())) for key in ("quantity", "evidence") if key in part
    }


def deciding_quantities(claims: dict) -> dict[str, set[str]]:
    """The quantities that the rule of each claim looks at."""
    return {claim["id"]: asked(claim["verdict"]) for claim in claims["claims"]}
