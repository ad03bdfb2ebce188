"""The questions that no published claim asks, as a table and sentences of the page."""

import pandas as pd

from repdyn.study.findings.answers import NOT_EVALUABLE, QUESTIONS, WORDS
from repdyn.wording.numbers import MISSING, interval, plural, short, two_decimals

HEADINGS = ["Question", "Of what", "Answer", "Estimate", "Unit", "Without the effect", "q", "Behind it"]


def finding_rows(findings: pd.DataFrame) -> list[list[str]]:
    """Cells per answer, by HEADINGS. findings: as `answers.judge` gives them."""
    return [
        [
            QUESTIONS[row.finding],
            row.subject,
            row.word,
            MISSING if pd.isna(row.value) else interval(row.value, row.low, row.high, two_decimals),
            row.unit,
            MISSING if pd.isna(row.null_mean) else interval(row.null_mean, row.null_low, row.null_high, two_decimals),
            short(row.q),
            behind(row),
        ]
        for row in findings.itertuples()
    ]


def behind(row) -> str:
    """How many layers, runs and experiments an answer rests on."""
    counts = [plural(int(row.number), row.things)]
    counts += [plural(int(row.runs), "run")] if row.things != "run" else []
    return ", ".join([*counts, plural(int(row.experiments), "experiment")])


def finding_sentences(findings: pd.DataFrame) -> list[tuple[str, list[str]]]:
    """(question, a sentence per answer), the word of each chosen by `answers.judge`."""
    return [
        (QUESTIONS[finding], [_sentence(row) for row in rows.itertuples()])
        for finding, rows in findings.groupby("finding", sort=False)
    ]


def _sentence(row) -> str:
    about = f"{row.word.capitalize()}, {row.subject}"
    if row.word == NOT_EVALUABLE:
        return f"{about}: {row.why}."
    null = interval(row.null_mean, row.null_low, row.null_high, two_decimals)
    estimate = interval(row.value, row.low, row.high, two_decimals)
    more = f" {row.more}" if row.more else ""
    return f"{about}: {row.says}: {estimate}; {null} by the null ({row.null}); q = {short(row.q)}, {behind(row)}.{more}"


def finding_summary(findings: pd.DataFrame) -> str:
    """How many answers have which word."""
    counts = findings["word"].value_counts()
    said = ", ".join(f"{counts[word]} {word}" for word in WORDS if word in counts)
    return f"{plural(len(findings), 'answer')} to {plural(findings['finding'].nunique(), 'question')}: {said}."
