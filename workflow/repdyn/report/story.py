"""What was found, in five points of plain words, each written from the tables by rule."""

import pandas as pd

from repdyn.audit.bounds import FAILS, HOLDS, NOT_EVALUABLE, UNDECIDED
from repdyn.audit.verdicts import STANDS
from repdyn.report.lookup import Tables, number, table
from repdyn.report.seen_in_series import deep_dive, dimension_curves, settled, validity
from repdyn.study.exclusion import learned
from repdyn.wording.numbers import plural, short, written

QUESTION = (
    "While a network learns, does the dimensionality of its representations jump, and does that tell anything about what it "
    "learns?"
)


def story(tables: Tables) -> list[str]:
    """Points, in order; one whose numbers are missing is left out.

    tables: by the names of their files; `experiments` is the table of runs.
    """
    runs = tables["experiments"]
    if runs.empty:
        return ["The study has no finished run, so nothing can be said."]
    points = [
        [defect(tables)],
        [jumps(tables), placed(tables), missed(tables)],
        claims(table(tables, "ledger")),
        [settled(tables), dimension_curves(tables)],
        [seeds(runs), firm(table(tables, "seed_agreement"))],
    ]
    return [" ".join(f"{sentence}." for sentence in point if sentence) for point in points if any(point)]


def defect(tables: Tables) -> str:
    """The published jumps, those of the repaired metric, those of noise, and those that a test leaves."""
    columns = ("as_published", "repaired", "null_mean")
    printed, repaired, noise = (number(tables, "C02", "total", column) for column in columns)
    tested = number(tables, "C02", "total_detected", "repaired")
    if pd.isna([printed, repaired, noise, tested]).any():
        return ""
    return (
        f"The published study counts {short(printed)} jumps in a metric that a bug makes constant, so that it counts "
        f"rounding errors. By the same rule the repaired metric gives {short(repaired)}, and series without jumps give "
        f"{short(noise)}; a detector that is tested against such series leaves {short(tested)}"
    )


def jumps(tables: Tables) -> str:
    runs = learned(tables["experiments"])
    found, total = (int(runs[name].fillna(0).sum()) for name in ("candidates", "jumps"))
    if runs.empty:
        return "No network of ours learned, so that nothing can be said of jumps"
    changes = (
        f"In {plural(len(runs), 'network')} of ours that learned, {plural(found, 'change')} between two measurements"
    )
    if found == 0:
        return f"{changes} exceed what smooth training gives: dimensionality does not jump where it was measured"
    verb = "exceeds" if found == 1 else "exceed"
    steps = "none of them happens" if total == 0 else f"{total:,} of them {'happens' if total == 1 else 'happen'}"
    return f"{changes} {verb} what smooth training gives; looked at step by step, {steps} within one training step"


def placed(tables: Tables) -> str:
    """Where jumps lie, if there are any."""
    return deep_dive(tables) if learned(tables["experiments"])["jumps"].fillna(0).sum() else ""


def missed(tables: Tables) -> str:
    said = validity(tables)
    return f"Jumps may be missed: {said[0].lower()}{said[1:]}" if said else ""


def claims(ledger: pd.DataFrame) -> list[str]:
    if ledger.empty:
        return []
    told = ledger.drop_duplicates("claim")
    stands = told[told["evidence"] == STANDS]
    by_word = {word: told[told["holds"] == word] for word in (HOLDS, FAILS, UNDECIDED, NOT_EVALUABLE)}
    rest = " and ".join(f"{len(by_word[word])} are {word}" for word in (UNDECIDED, NOT_EVALUABLE))
    known = set(stands["claim"])
    return [
        f"Of {plural(len(told), 'published claim')}, the published evidence stands for {len(stands)} ({_named(stands)})",
        f"In our networks {_verb(by_word[HOLDS], 'holds', 'hold')} ({_named(by_word[HOLDS], known)}), "
        f"{_verb(by_word[FAILS], 'does not', 'do not')} ({_named(by_word[FAILS], known)}), {rest}",
    ]


def _verb(told: pd.DataFrame, one: str, several: str) -> str:
    return f"{len(told)} {one if len(told) == 1 else several}"


def _named(told: pd.DataFrame, known: set[str] = frozenset()) -> str:
    """Claims by id and title, those that are known by their ids."""
    names = [
        row.claim if row.claim in known else f"{row.claim}, {row.title[0].lower()}{row.title[1:]}"
        for row in told.itertuples()
    ]
    return "; ".join(names) or "none"


def firm(agreement: pd.DataFrame) -> str:
    """How many words every set of seeds without one gives too, and which are not firm; nothing for fewer than three."""
    known = agreement.dropna(subset=["firm"]) if len(agreement) else agreement
    if known.empty:
        return ""
    loose = known[~known["firm"].astype(bool)]
    said = f"Whichever seed is left out, the word is the same for {len(known) - len(loose)} of {plural(len(known), 'claim')}"
    names = [f"{row.claim}, which {row.single_same} of {row.single} seeds alone say" for row in loose.itertuples()]
    return f"{said}; it is not firm for {'; '.join(names)}" if names else said


def seeds(runs: pd.DataFrame) -> str:
    number_of, kept = runs["seed"].nunique(), learned(runs)
    accuracy = kept["test_accuracy"].median()
    known = f" (median test accuracy {written(accuracy, 'percent')})" if pd.notna(accuracy) else ""
    apart = (
        f", {len(runs) - len(kept)} of which diverged or ended at chance and count nowhere"
        if len(runs) > len(kept)
        else ""
    )
    alone = "; nothing here says how another seed would differ" if number_of == 1 else ""
    return (
        f"This rests on {plural(len(runs), 'run')} of small networks{known}{apart}, trained for minutes, with "
        f"{plural(number_of, 'seed')} each{alone}"
    )
