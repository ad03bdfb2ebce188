"""The tables that say how one knows: claims and verdicts, statistics beside their nulls, detectors and their errors."""

import json
from collections.abc import Iterable

import numpy as np
import pandas as pd

from repdyn.audit.bounds import FAILS, HOLDS, NOT_EVALUABLE, TRUTHS, UNDECIDED, WORDS
from repdyn.audit.deciding import printed_beside, published_of
from repdyn.audit.verdicts import ARTEFACT, EVIDENCE, NOT_DERIVABLE, STANDS
from repdyn.wording.claim_quantities import quantity_name
from repdyn.wording.names import detector_name, family_name, metric_name
from repdyn.wording.numbers import MISSING, interval, plural, short

MEANINGS = {
    STANDS: "the published logs, repaired, show it",
    ARTEFACT: "they do not, and the published method gives as much where there is nothing to find",
    NOT_DERIVABLE: "they do not, or cannot tell",
    HOLDS: "our interval lies on the claimed side of each bound",
    FAILS: "it lies on the other side of one",
    UNDECIDED: "a bound lies within it",
    NOT_EVALUABLE: "too few runs or jumps, or fixed by its definition",
}
# By whether steps were planted: what is measured, and its columns in `validity.battery`.
DETECTOR_MEASURES = {
    True: {"recall": ["recall", "recall_low", "recall_high"]},
    False: {
        "false per 1,000 points": ["false_per_1000", "false_low", "false_high"],
        "share of series with a false jump": ["affected", "affected_low", "affected_high"],
    },
}
SETS = "single", "all_but_one"  # of seeds, as columns of `audit.seed_agreement.SUMMARY`


def claim_rows(ledger: pd.DataFrame, claims: Iterable[dict] = ()) -> list[dict]:
    """One entry per claim, in order: its two words, their reasons, the cells of a row per quantity, and which rows decide.

    ledger: claim, title, quantity, published, as_published, defect_mean, defect_low, defect_high, repaired, null,
    null_mean, null_low, null_high, ours, ours_low, ours_high, runs, decides, evidence, holds, parts, evidence_reason,
    reason, note; the words are the same in all rows of a claim. claims: those of config/claims.yaml.
    """
    claimed = {claim["id"]: claim["verdict"].get("value") for claim in claims}
    told = []
    for name, rows in ledger.groupby("claim", sort=False):
        first = rows.iloc[0]
        told.append(
            {
                "claim": name,
                "title": first["title"],
                "holds": first["holds"],
                "words": both_words(json.loads(first["parts"])),
                "reasons": [first[name].replace("_", " ") for name in ("evidence_reason", "reason")],
                "rows": [_claim_cells(row) for row in rows.itertuples()],
                "decides": rows["decides"].astype(bool).tolist(),
                "deciding": deciding_rows(rows, claimed.get(name)),
            }
        )
    return told


def deciding_rows(rows: pd.DataFrame, claimed: float | None = None) -> list[dict]:
    """What the word of a claim rests on: quantity, and as cells what was published of it, repaired, its null, and ours.

    The first quantity, without numbers of ours, where the rule's are not in the table. A published number of another
    quantity has its name. claimed: as for `published_of`.
    """
    printed = {row.quantity: row.published for row in rows.itertuples() if np.isfinite(row.published)}
    chosen = rows[rows["decides"].astype(bool)]
    chosen = chosen if len(chosen) else rows.head(1)
    beside = published_of(chosen["quantity"].tolist(), printed, claimed)
    return [
        {
            "quantity": quantity_name(row.claim, row.quantity.removesuffix("_detected")),
            "published": _published_cell(row.claim, row.quantity, beside[row.quantity]),
            "repaired": short(row.repaired),
            "null": interval(row.null_mean, row.null_low, row.null_high),
            "ours": interval(row.ours, row.ours_low, row.ours_high),
        }
        for row in chosen.itertuples()
    ]


def _published_cell(claim: str, quantity: str, numbers: dict[str, float]) -> str:
    own = printed_beside(quantity, {quantity: np.nan, **numbers})
    return (
        " and ".join(
            short(value) + ("" if name in own else f" ({quantity_name(claim, name)})")
            for name, value in numbers.items()
        )
        or MISSING
    )


def _claim_cells(row) -> list[str]:
    return [
        quantity_name(row.claim, row.quantity),
        short(row.published),
        short(row.as_published),
        interval(row.defect_mean, row.defect_low, row.defect_high),
        short(row.repaired),
        interval(row.null_mean, row.null_low, row.null_high),
        interval(row.ours, row.ours_low, row.ours_high),
        "; ".join(text for text in (row.null, row.note) if isinstance(text, str) and text),
    ]


def both_words(parts: list) -> tuple[str, str]:
    """Whether the published evidence stands, and whether the claim holds in our runs; of each part where they differ.

    parts: (label, evidence, holds) of each, as in the ledger.
    """
    return tuple(
        "; ".join(f"{part[0]}: {part[at]}" if part[0] else part[at] for part in parts)
        if len({part[at] for part in parts}) > 1
        else parts[0][at]
        for at in (1, 2)
    )


def verdict_counts(ledger: pd.DataFrame) -> str:
    """How many claims have which words, as sentences."""
    claims = ledger.drop_duplicates("claim")
    return counted(claims["evidence"], claims["holds"])


def counted(evidence: Iterable[str], holds: Iterable[str]) -> str:
    """How many claims have which words, as sentences; evidence, holds: of each claim."""
    evidence, holds = list(evidence), list(holds)
    told = [
        ", ".join(f"{word} {words.count(word)}" for word in known)
        for words, known in ((evidence, EVIDENCE), (holds, WORDS))
    ]
    claims = plural(len(holds), "published claim")
    return f"Of {claims}, the published evidence: {told[0]}. The claim, in our runs: {told[1]}."


def of_metric(tables: dict[str, pd.DataFrame], experiments: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The tables with the errors of verdicts only of the metric of the ledger, which is that of the table of runs."""
    if "verdict_errors" not in tables or experiments.empty:
        return tables
    errors = tables["verdict_errors"]
    return {**tables, "verdict_errors": errors[errors["metric"] == experiments["metric"].iloc[0]]}


def error_rows(errors: pd.DataFrame) -> list[list[str]]:
    """Cells per claim, part and design: how often the rule says what under each truth, and whether it can decide.

    errors: `audit.verdict_errors`, of one metric. In percent: holds / does not hold / undecided. Whether it can decide has
    its note, if it has one.
    """
    rows = []
    for (claim, part, seeds), drawn in errors.groupby(["claim", "part", "seeds"], sort=False):
        by_truth = drawn.set_index("truth")
        said = []
        for truth in TRUTHS:
            known = truth in by_truth.index and np.isfinite(by_truth.loc[truth, "holds"])
            shares = by_truth.loc[truth, ["holds", "does_not_hold", "undecided"]] if known else []
            said.append(" / ".join(f"{100 * share:.0f}" for share in shares) or MISSING)
        first = drawn.iloc[0]
        wrong = f"{100 * drawn['wrong'].max():.0f}" if drawn["wrong"].notna().any() else MISSING
        covered = f"{100 * drawn['coverage'].min():.0f}" if drawn["coverage"].notna().any() else MISSING
        jumps = short(int(first["jumps"])) if first["rests_on_jumps"] else ""
        can = ("yes" if first["decides"] else "no") + (f" ({first['note']})" if first.get("note") else "")
        rows.append([f"{claim} {part}".strip(), short(seeds), *said, wrong, covered, jumps, can])
    return rows


def seed_rows(agreement: pd.DataFrame) -> list[list[str]]:
    """Cells per claim: our word, what single seeds and sets of all but one seed say, and whether the word is firm.

    agreement: `audit.seed_agreement.summarise`; no rows where there is one seed.
    """
    if agreement.empty or not agreement["single"].any():
        return []
    rows = []
    for row in agreement.itertuples():
        sets = [(getattr(row, f"{name}_same"), getattr(row, f"{name}_opposite"), getattr(row, name)) for name in SETS]
        firm = MISSING if pd.isna(row.firm) else "yes" if row.firm else "no"
        rows.append([row.claim, row.holds, *(told_of_sets(*each) for each in sets), firm])
    return rows


def told_of_sets(same: int, opposite: int, number: int) -> str:
    """How many sets of seeds give the word of all, and how many the opposite one."""
    return f"{same} of {number}{f', {opposite} the opposite' if opposite else ''}" if number else MISSING


def statistic_rows(statistics: pd.DataFrame) -> list[list[str]]:
    """Cells per statistic, metric and family: the three names, value, null, share significant, runs, excluded."""
    return [
        [
            str(row.statistic).replace("_", " "),
            metric_name(row.metric),
            "all" if row.family == "all" else family_name(row.family),
            interval(row.value, row.low, row.high),
            interval(row.null_mean, row.null_low, row.null_high),
            short(row.significant),
            short(row.runs),
            short(row.excluded),
        ]
        for row in statistics.itertuples()
    ]


def detector_rows(validity: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Headings, detectors and the bound, and cells: what was asked, what was measured, answers with intervals, the bound.

    validity: `validity.battery`. Scenarios with planted steps have a row, recall, and the bound on it where it is known;
    the others two, false positives per 1,000 points and per series.
    """
    names = list(dict.fromkeys(validity["detector"]))
    rows = []
    for (scenario, size), part in validity.groupby(["scenario", "size"], sort=False, dropna=False):
        part = part.set_index("detector")
        asked = scenario if np.isnan(size) else f"{scenario}, {size:g} sd"
        for measured, columns in DETECTOR_MEASURES[bool(part["recall"].notna().any())].items():
            cells = [interval(*part.loc[name, columns]) if name in part.index else MISSING for name in names]
            rows.append([asked, measured, *cells, short(part["bound"].max()) if measured == "recall" else ""])
    return [*names, "likelihood-ratio bound"], rows


def agreement_rows(agreement: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """Detectors, and a row of cells per detector; agreement: columns first, second, phi."""
    names = list(dict.fromkeys([*agreement["first"], *agreement["second"]]))
    known = {frozenset(pair): phi for *pair, phi in agreement[["first", "second", "phi"]].itertuples(index=False)}
    rows = [
        [detector_name(name), *("" if name == other else short(known.get(frozenset((name, other)))) for other in names)]
        for name in names
    ]
    return [detector_name(name) for name in names], rows
