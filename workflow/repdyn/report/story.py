"""What was found, in a few sentences of plain words, each written from the tables by rule."""

import pandas as pd

from repdyn.audit.bounds import FAILS, HOLDS, NOT_EVALUABLE, UNDECIDED
from repdyn.audit.verdicts import STANDS
from repdyn.study.exclusion import excluded_runs
from repdyn.study.findings.answers import QUESTIONS, SHOWN
from repdyn.wording.numbers import plural, short, written

QUESTION = (
    "While a network learns, does the dimensionality of its representations jump, and does that tell anything about what it "
    "learns?"
)


def story(runs: pd.DataFrame, ledger: pd.DataFrame, findings: pd.DataFrame) -> list[str]:
    """Sentences, in order; one whose numbers are missing is left out.

    runs: the table of runs. ledger: LEDGER_COLUMNS, or empty. findings: of `study.findings`, or empty.
    """
    learned = runs[~excluded_runs(runs)]
    told = [_defect(ledger), _jumps(learned), *_claims(ledger), _order(learned), _further(findings), _seeds(learned)]
    return [sentence for sentence in told if sentence]


def _number(ledger: pd.DataFrame, claim: str, quantity: str, column: str) -> float:
    if ledger.empty:
        return float("nan")
    row = ledger[(ledger["claim"] == claim) & (ledger["quantity"] == quantity)]
    return float(row[column].iloc[0]) if len(row) else float("nan")


def _defect(ledger: pd.DataFrame) -> str:
    """The published jumps, those of the repaired metric, those of noise, and those that a test leaves."""
    columns = ("as_published", "repaired", "null_mean")
    printed, repaired, noise = (_number(ledger, "C02", "total", column) for column in columns)
    tested = _number(ledger, "C02", "total_detected", "repaired")
    if pd.isna([printed, repaired, noise, tested]).any():
        return ""
    return (
        f"The published study counts {short(printed)} jumps in a metric that a bug makes constant, so that it counts "
        f"rounding errors. By the same rule the repaired metric gives {short(repaired)} and noise of the same spectrum "
        f"{short(noise)}; a detector that is tested against noise leaves {short(tested)}."
    )


def _jumps(runs: pd.DataFrame) -> str:
    found, total = (int(runs[name].fillna(0).sum()) for name in ("candidates", "jumps"))
    changes = (
        f"In {plural(len(runs), 'network')} of ours that learned, {plural(found, 'change')} between two measurements"
    )
    verb = "exceeds" if found == 1 else "exceed"
    if found == 0:
        return f"{changes} exceed what smooth training gives: dimensionality does not jump where it was measured."
    steps = "none of them happens" if total == 0 else f"{total:,} of them {'happens' if total == 1 else 'happen'}"
    return f"{changes} {verb} what smooth training gives; looked at step by step, {steps} within one training step."


def _claims(ledger: pd.DataFrame) -> list[str]:
    if ledger.empty:
        return []
    claims = ledger.drop_duplicates("claim")
    stands = claims[claims["evidence"] == STANDS]
    by_word = {word: claims[claims["holds"] == word] for word in (HOLDS, FAILS, UNDECIDED, NOT_EVALUABLE)}
    rest = " and ".join(f"{len(by_word[word])} are {word}" for word in (UNDECIDED, NOT_EVALUABLE))
    return [
        f"Of {plural(len(claims), 'published claim')}, the published evidence stands for {len(stands)} ({_named(stands)}).",
        f"In our networks {_verb(by_word[HOLDS], 'holds', 'hold')} ({_named(by_word[HOLDS])}), "
        f"{_verb(by_word[FAILS], 'does not', 'do not')} ({_named(by_word[FAILS])}), {rest}.",
    ]


def _verb(claims: pd.DataFrame, one: str, several: str) -> str:
    return f"{len(claims)} {one if len(claims) == 1 else several}"


def _named(claims: pd.DataFrame) -> str:
    return "; ".join(f"{row.claim}, {row.title[0].lower()}{row.title[1:]}" for row in claims.itertuples()) or "none"


def _order(runs: pd.DataFrame) -> str:
    patterns = runs["pattern"].dropna().value_counts()
    known = patterns.drop("not evaluable", errors="ignore")
    if not known.sum():
        return ""
    ordered = int(known.get("bottom-up", 0)), int(known.get("top-down", 0))
    return (
        f"Layers settle in an order in a minority of runs: from the bottom up in {ordered[0]}, from the top down in "
        f"{ordered[1]}, of {known.sum()}."
        if sum(ordered) < known.sum() / 2
        else f"Layers settle from the bottom up in {ordered[0]} of {known.sum()} runs, from the top down in {ordered[1]}."
    )


def _further(findings: pd.DataFrame) -> str:
    """The further questions to which an answer is shown, and for what."""
    if findings.empty:
        return ""
    shown = findings[findings["word"] == SHOWN]
    questions = [
        f"{QUESTIONS[finding]} ({'; '.join(rows['subject'])})" for finding, rows in shown.groupby("finding", sort=False)
    ]
    asked = f"Of {plural(len(findings), 'answer')} to {plural(findings['finding'].nunique(), 'further question')}"
    return f"{asked}, {len(shown)} {'is' if len(shown) == 1 else 'are'} shown: {' '.join(questions) or 'none'}."


def _seeds(runs: pd.DataFrame) -> str:
    seeds = runs["seed"].nunique()
    if runs.empty:
        return ""
    accuracy = runs["test_accuracy"].median()
    known = f" (median test accuracy {written(accuracy, 'percent')})" if pd.notna(accuracy) else ""
    alone = ", so that nothing here says how another seed would differ" if seeds == 1 else ""
    return f"This rests on small networks{known}, trained for minutes, with {plural(seeds, 'seed')} each{alone}."
