"""The study in five points of plain words, written from the tables by rule: claimed, wrong, what holds, how sure, seen."""

import pandas as pd

from repdyn.audit.bounds import FAILS, HOLDS, NOT_EVALUABLE, UNDECIDED
from repdyn.audit.verdicts import STANDS
from repdyn.report.lookup import Tables, number, table
from repdyn.report.seen_in_series import deep_dive, dimension_curves, points_of_loss, settled, validity
from repdyn.study.exclusion import learned
from repdyn.wording.numbers import plural, short, written

QUESTION = (
    "While a network learns, does the dimensionality of its representations jump, and does that tell anything about what it "
    "learns?"
)


TELLS = {
    HOLDS: "so the dimension tells of learning",
    FAILS: "so the dimension does not tell of learning",
    UNDECIDED: "which leaves undecided whether the dimension tells of learning",
}
CLAIMED = 3  # claims that are told in words at the top


def story(tables: Tables, study: str = "the published study") -> dict[str, str]:
    """{what it is about: sentences}, in order; a point whose numbers are missing is left out.

    tables: by the names of their files; `experiments` is the table of runs. study: the name of the published study.
    """
    runs, ledger = tables["experiments"], table(tables, "ledger")
    if runs.empty:
        return {"What was found": "The study has no finished run, so nothing can be said."}
    points = {
        "Claimed": [claimed(ledger, study)],
        "What is wrong": [defect(tables)],
        "What holds": holding(tables),
        "How sure": [seeds(runs), firm(table(tables, "seed_agreement")), missed(tables)],
        "What we see": [
            jumps(tables),
            placed(tables),
            tells_of_learning(tables),
            settled(tables),
            dimension_curves(tables),
        ],
    }
    return {
        about: " ".join(f"{sentence}." for sentence in point if sentence)
        for about, point in points.items()
        if any(point)
    }


def study_of(claims: dict) -> str:
    """The name of the published study in config/claims.yaml."""
    return claims.get("source", {}).get("study", "the published study")


def claimed(ledger: pd.DataFrame, study: str) -> str:
    """How many claims there are, and the first ones in words."""
    if ledger.empty:
        return ""
    told = ledger.drop_duplicates("claim")
    more = ", among them" if len(told) > CLAIMED else ""
    name = f"{study[0].upper()}{study[1:]}{',' if ',' in study else ''}"
    return f"{name} makes {plural(len(told), 'claim')}{more}: {_named(told[:CLAIMED])}"


def defect(tables: Tables) -> str:
    """The published jumps, those of the repaired metric, those of noise, and those that a test leaves."""
    columns = ("as_published", "repaired", "null_mean")
    printed, repaired, noise = (number(tables, "C02", "total", column) for column in columns)
    tested = number(tables, "C02", "total_detected", "repaired")
    if pd.isna([printed, repaired, noise, tested]).any():
        return ""
    return (
        f"A bug makes the published metric constant, so that its {short(printed)} jumps are rounding errors. By the same "
        f"rule the repaired metric gives {short(repaired)}, and series without jumps give {short(noise)}; a detector that "
        f"is tested against such series leaves {short(tested)}"
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
    so = ", so dimensionality does not jump where it was measured" if total == 0 else ""
    return f"{changes} {verb} what smooth training gives; looked at step by step, {steps} within one training step{so}"


def tells_of_learning(tables: Tables) -> str:
    """What the loss does where layers change fastest, and what follows, by the rule of C08."""
    ledger = table(tables, "ledger")
    words = ledger.loc[ledger["claim"] == "C08", "holds"] if len(ledger) else ledger
    told = points_of_loss(tables)
    if words.empty or not told or words.iloc[0] not in TELLS:
        return ""
    return f"Where layers change fastest, the loss falls {told} than at the same steps of other runs, {TELLS[words.iloc[0]]}"


def placed(tables: Tables) -> str:
    """Where jumps lie, if there are any."""
    return deep_dive(tables) if learned(tables["experiments"])["jumps"].fillna(0).sum() else ""


def missed(tables: Tables) -> str:
    said = validity(tables)
    return f"Jumps may be missed: {said[0].lower()}{said[1:]}" if said else ""


def holding(tables: Tables) -> list[str]:
    """How many claims have which words, by name, and how many cannot be judged because they rest on jumps."""
    ledger = table(tables, "ledger")
    if ledger.empty:
        return []
    claims = ledger.drop_duplicates("claim")
    stands = claims[claims["evidence"] == STANDS]
    by_word = {word: claims[claims["holds"] == word] for word in (HOLDS, FAILS, UNDECIDED, NOT_EVALUABLE)}
    known = set(claims["claim"][:CLAIMED])
    holds, fails = (_named(by_word[word], known) for word in (HOLDS, FAILS))
    open_ones = by_word[NOT_EVALUABLE]["claim"]
    errors = table(tables, "verdict_errors")
    on_jumps = set(errors.loc[errors["rests_on_jumps"].astype(bool), "claim"]) if len(errors) else set()
    number_on_jumps = int(open_ones.isin(on_jumps).sum())
    because = (
        f", {number_on_jumps} of these because they rest on jumps, of which there are too few"
        if number_on_jumps
        else ""
    )
    return [
        f"In our networks {_verb(by_word[HOLDS], 'claim holds', 'claims hold')}{_colon(holds)}; "
        f"{_verb(by_word[FAILS], 'does not', 'do not')}{_colon(fails)}",
        f"{_verb(by_word[UNDECIDED], 'is', 'are')} undecided, {len(open_ones)} not evaluable{because}",
        f"The published evidence stands for {len(stands)}{_colon(_named(stands, known | set(by_word[HOLDS]['claim'])))}",
    ]


def _colon(names: str) -> str:
    return f" ({names})" if names else ""


def _verb(told: pd.DataFrame, one: str, several: str) -> str:
    return f"{len(told)} {one if len(told) == 1 else several}"


def _named(told: pd.DataFrame, known: set[str] = frozenset()) -> str:
    """Claims by id and title, those that are known by their ids."""
    names = [
        row.claim if row.claim in known else f"{row.claim}, {row.title[0].lower()}{row.title[1:]}".partition(" (")[0]
        for row in told.itertuples()
    ]
    return "; ".join(names)


def firm(agreement: pd.DataFrame) -> str:
    """How many verdicts every set of seeds without one gives too, and which are not firm; nothing for fewer than three."""
    known = agreement.dropna(subset=["firm"]) if len(agreement) else agreement
    if known.empty:
        return ""
    loose = known[~known["firm"].astype(bool)]
    same = f"{len(known) - len(loose)} of {plural(len(known), 'claim')}"
    said = f"Whichever seed is left out, the verdict is the same for {same}"
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
