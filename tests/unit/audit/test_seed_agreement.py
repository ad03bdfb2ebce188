"""Words of single seeds and of all but one are counted against that of all, and a word is firm only where they agree."""

import pandas as pd
import pytest

from repdyn.audit.seed_agreement import COLUMNS, named, subsets, summarise


@pytest.mark.parametrize(("seeds", "expected"), [(1, []), (2, ["0", "1"]), (3, ["0", "1", "2", "1 2", "0 2", "0 1"])])
def test_parts_of_the_seeds(seeds, expected):
    assert [named(each) for each in subsets(seeds)] == expected


def summary(words: list[str], whole: str, seeds: int = 3) -> pd.Series:
    rows = [("C01", named(each), len(each), word) for each, word in zip(subsets(seeds), words, strict=True)]
    return summarise(pd.DataFrame(rows, columns=COLUMNS), {"C01": whole}).iloc[0]


@pytest.mark.parametrize(
    ("words", "whole", "same", "opposite", "firm"),
    [
        (["holds"] * 6, "holds", (3, 3), (0, 0), True),
        # A seed that cannot decide takes nothing away, one that says the opposite does.
        (["holds", "undecided", "not evaluable"] + ["holds"] * 3, "holds", (1, 3), (0, 0), True),
        (["holds", "does not hold", "holds"] + ["holds"] * 3, "holds", (2, 3), (1, 0), False),
        (["holds"] * 3 + ["holds", "undecided", "holds"], "holds", (3, 2), (0, 0), False),
        (["does not hold"] * 3 + ["does not hold", "does not hold", "holds"], "does not hold", (3, 2), (0, 1), False),
        # Nothing is the opposite of no decision, but another word is not the same.
        (["holds"] + ["undecided"] * 5, "undecided", (2, 3), (0, 0), True),
    ],
)
def test_a_word_is_firm_where_the_seeds_agree(words, whole, same, opposite, firm):
    found = summary(words, whole)
    assert (found["single"], found["all_but_one"]) == (3, 3)
    assert (found["single_same"], found["all_but_one_same"]) == same
    assert (found["single_opposite"], found["all_but_one_opposite"]) == opposite
    assert found["firm"] == firm


def test_too_few_seeds_are_not_firm():
    two = summary(["holds", "holds"], "holds", 2)
    assert (two["single_same"], two["all_but_one"]) == (2, 0) and pd.isna(two["firm"])
    one = summarise(pd.DataFrame(columns=COLUMNS), {"C01": "holds"}).iloc[0]
    assert one["single"] == 0 and pd.isna(one["firm"])
