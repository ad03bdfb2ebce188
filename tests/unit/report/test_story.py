"""The sentences at the top say what the tables say, and leave out what they do not know."""

import numpy as np
import pandas as pd

from helpers.integrated_cases import experiments, ledger
from repdyn.report.story import story

NOTHING = pd.DataFrame()


def told(runs: pd.DataFrame, claims: pd.DataFrame) -> str:
    return "\n".join(story(runs, claims, NOTHING))


def test_the_numbers_are_those_of_the_tables():
    claims = ledger()
    words = told(experiments(), claims)
    total = claims[(claims["claim"] == "C02") & (claims["quantity"] == "total")].iloc[0]
    assert (
        f"counts {total['as_published']:,.0f} jumps" in words and f"gives {total['repaired']:,.0f} and noise" in words
    )
    by_claim = claims.drop_duplicates("claim")
    for word, verb in (("holds", "hold"), ("does not hold", "do")):
        number = int(by_claim["holds"].eq(word).sum())
        assert f"{number} {verb}" in words
    assert f"{by_claim['holds'].eq('not evaluable').sum()} are not evaluable" in words
    assert f"stands for {by_claim['evidence'].eq('stands').sum()} (" in words
    # Two of the four learned; they have seven candidates and three jumps between them, or fewer.
    assert "In 2 networks of ours that learned, 6 changes between two measurements exceed" in words
    assert "looked at step by step, 4 of them happen within one training step." in words


def test_no_jumps_no_ledger_and_no_runs_are_said_or_left_out():
    none = told(experiments().assign(candidates=0, jumps=0), NOTHING)
    assert "0 changes between two measurements exceed" in none and "does not jump where it was measured" in none
    assert "published claim" not in none and "The published study" not in none
    assert "none of them happens within" in told(experiments().assign(jumps=0), NOTHING)
    without = experiments().assign(pattern=None, test_accuracy=np.nan)
    assert "settle" not in told(without, NOTHING) and "accuracy" not in told(without, NOTHING)


def test_one_seed_is_said_and_several_are_counted():
    runs = experiments()
    assert "with 1 seed each, so that nothing here says how another seed would differ." in told(runs, NOTHING)
    both = pd.concat([runs, runs.assign(seed=1)], ignore_index=True)
    assert told(both, NOTHING).endswith("with 2 seeds each.")


def test_further_questions_are_named_where_an_answer_is_shown():
    findings = pd.DataFrame(
        {
            "finding": ["early", "early", "gradients"],
            "subject": ["step 0", "step 200", "all families"],
            "word": ["not shown", "shown", "not evaluable"],
        }
    )
    words = story(experiments(), NOTHING, findings)
    assert "Of 3 answers to 2 further questions, 1 is shown: Is the final dimension set early? (step 200)." in words
    nothing = story(experiments(), NOTHING, findings.assign(word="not shown"))
    assert "Of 3 answers to 2 further questions, 0 are shown: none." in nothing
