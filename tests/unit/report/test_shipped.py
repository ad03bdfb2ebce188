"""A study says of how many claims it gives the words of the one in README.md, and names the others."""

import pytest

from repdyn.report.shipped import compared

SHIPPED = {
    "runs": 275,
    "experiments": 55,
    "seeds": 5,
    "claims": [{"id": "C01", "holds": "does not hold"}, {"id": "C02", "holds": "holds"}],
}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"C01": "does not hold", "C02": "holds"}, "says the same of 2 of 2 claims."),
        (
            {"C01": "undecided", "C02": "holds"},
            "says the same of 1 of 2 claims; other words: C01 (here undecided, there does not hold).",
        ),
        ({"C02": "holds", "C99": "holds"}, "says the same of 1 of 1 claim."),
    ],
)
def test_words_are_compared(words, told):
    study = "The study that README.md reports (275 runs, 5 seeds of 55 experiments)"
    assert compared(words, SHIPPED) == f"{study} {told}"


def test_nothing_in_common_says_nothing():
    assert compared({"C99": "holds"}, SHIPPED) == ""
