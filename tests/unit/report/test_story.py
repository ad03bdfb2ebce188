"""The sentences at the top say what the tables say, and leave out what they do not know."""

import numpy as np
import pandas as pd

from helpers.integrated_cases import experiments, ledger, verdict_errors
from repdyn.report.story import story

NOTHING = pd.DataFrame()


def told(runs: pd.DataFrame, claims: pd.DataFrame, **tables) -> str:
    return "\n".join(points(runs, claims, **tables).values())


def points(runs: pd.DataFrame, claims: pd.DataFrame, **tables) -> dict[str, str]:
    return story({"experiments": runs, "ledger": claims, **tables}, "A study, 2025")


def test_the_numbers_are_those_of_the_tables():
    claims = ledger()
    words = told(experiments(), claims)
    total = claims[(claims["claim"] == "C02") & (claims["quantity"] == "total")].iloc[0]
    assert (
        f"its {total['as_published']:,.0f} jumps are" in words
        and f"gives {total['repaired']:,.0f}, and series" in words
    )
    by_claim = claims.drop_duplicates("claim")
    for word, verb in (("holds", "claim"), ("does not hold", "do")):
        number = int(by_claim["holds"].eq(word).sum())
        assert f"{number} {verb}" in words
    assert f"{by_claim['holds'].eq('not evaluable').sum()} not evaluable" in words
    assert f"stands for {by_claim['evidence'].eq('stands').sum()} (" in words
    # Two of the four learned; they have seven candidates and three jumps between them, or fewer.
    assert "In 2 networks of ours that learned, 6 changes between two measurements exceed" in words
    assert "looked at step by step, 4 of them happen within one training step." in words


def test_no_jumps_no_ledger_and_no_runs_are_said_or_left_out():
    none = told(experiments().assign(candidates=0, jumps=0), NOTHING)
    assert "0 changes between two measurements exceed" in none and "does not jump where it was measured" in none
    assert "claim" not in none and "published metric" not in none
    assert "none of them happens within" in told(experiments().assign(jumps=0), NOTHING)
    without = experiments().assign(pattern=None, test_accuracy=np.nan)
    assert "settle" not in told(without, NOTHING) and "accuracy" not in told(without, NOTHING)


def test_whether_dimension_tells_of_learning_follows_from_the_verdict_of_the_loss():
    claims = ledger()
    coupled = claims["claim"] == "C08"
    claims.loc[coupled & (claims["quantity"] == "excess"), ["ours", "ours_low", "ours_high"]] = 0.02, -0.01, 0.05
    answers = {
        "holds": "so the dimension tells of learning",
        "does not hold": "so the dimension does not tell of learning",
        "undecided": "which leaves undecided whether the dimension tells of learning",
    }
    for word, answer in answers.items():
        claims.loc[coupled, "holds"] = word
        seen = points(experiments(), claims)["What we see"]
        assert (
            f"the loss falls 2 (-1 to 5) percentage points more often than at the same steps of other runs, {answer}."
            in seen
        )
    claims.loc[coupled, "holds"] = "not evaluable"
    assert "percentage points more often" not in points(experiments(), claims)["What we see"]
    assert "tells of learning" not in told(experiments(), NOTHING)


def test_one_seed_is_said_and_several_are_counted():
    runs = experiments()
    assert "with 1 seed each; nothing here says how another seed would differ." in told(runs, NOTHING)
    assert "2 of which diverged or ended at chance and count nowhere" in told(runs, NOTHING)
    both = pd.concat([runs, runs.assign(seed=1)], ignore_index=True)
    assert points(both, NOTHING)["How sure"].endswith("with 2 seeds each.")


def test_words_that_hang_on_a_seed_are_named():
    three = pd.concat([experiments().assign(seed=seed) for seed in range(3)], ignore_index=True)
    words = pd.DataFrame(
        {"claim": ["C01", "C07"], "single": 3, "single_same": [3, 1], "firm": pd.array([True, False], "boolean")}
    )
    assert points(three, NOTHING, seed_agreement=words)["How sure"].endswith(
        "with 3 seeds each. Whichever seed is left out, the verdict is the same for 1 of 2 claims; it is not firm for C07,"
        " which 1 of 3 seeds alone say."
    )
    firm = points(three, NOTHING, seed_agreement=words[:1])["How sure"]
    assert firm.endswith("the verdict is the same for 1 of 1 claim.")
    few = words.assign(firm=pd.array([pd.NA, pd.NA], "boolean"))
    assert points(three, NOTHING, seed_agreement=few)["How sure"].endswith("with 3 seeds each.")


def test_where_jumps_lie_and_how_many_are_missed_is_said():
    # Three of the four jumps of runs that learned are those of mlp_wide.
    assert "75 % of 4 jumps lie in mlp_wide; 0 of 2 architectures never jump." in told(experiments(), NOTHING)
    tried = pd.DataFrame(
        {"detector": ["a", "a", "b"], "scenario": ["step", "step in real trajectories", "step"], "size": [5.0, 10, 5],
         "recall": [1.0, 0.375, 0.9]}
    )  # fmt: skip
    words = told(experiments(), NOTHING, validity=tried)
    assert "of steps of 10 standard deviations planted in measured series, the default detector finds 37.5 %" in words


def test_the_fall_and_rise_of_the_dimension_is_said():
    layers = pd.DataFrame({"start": [10.0, 20, 10], "minimum": [5.0, 5, 1], "end": [8.0, 16, 9]})
    words = told(experiments(), NOTHING, finding_layers=layers)
    assert "falls to 25 % of its first value and ends at 80 % of it, in the median of 3 layers" in words


def test_a_study_without_runs_says_so():
    assert told(experiments()[:0], ledger()) == "The study has no finished run, so nothing can be said."


def test_a_new_reader_is_told_what_was_claimed_what_is_wrong_what_holds_and_how_sure_in_this_order():
    told_of = points(experiments(), ledger(), verdict_errors=verdict_errors())
    assert list(told_of) == ["Claimed", "What is wrong", "What holds", "How sure", "What we see"]
    claims = ledger().drop_duplicates("claim").set_index("claim")
    assert told_of["Claimed"].startswith(
        "A study, 2025, makes 17 claims, among them: C01, layers are stable from step 0"
    )
    # A claim is told in words once, and by its id after that.
    for claim, title in claims["title"].items():
        assert " ".join(told_of.values()).lower().count(title.partition(" (")[0].lower()) <= 1, claim
    held = claims.index[claims["holds"].isin(["holds", "does not hold"]) | claims["evidence"].eq("stands")]
    assert len(held) and all(claim in told_of["What holds"] for claim in held)
    open_ones = claims.index[claims["holds"] == "not evaluable"]
    assert f"{len(open_ones)} not evaluable, 2 of these because they rest on jumps" in told_of["What holds"]
    assert "C03" in open_ones and "C10" in open_ones and "it rest" not in told_of["What holds"]
    words = sum(len(text.split()) for about, text in told_of.items() if about != "What we see")
    assert words <= 240, "more than a minute to read"
    assert "none hold" not in told_of["What holds"] and "()" not in told_of["What holds"]
    assert list(points(experiments(), NOTHING)) == ["How sure", "What we see"]
