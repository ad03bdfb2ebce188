"""Numbers and intervals as people read them: one notation."""

import numpy as np
import pytest

from repdyn.wording.numbers import interval, over_runs, plural, short, two_decimals


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"), (1234.0, "1,234"), (1234.5, "1,234"), (0.12345, "0.123"), (999.4, "999"), (999.6, "1,000"),
        (1e-5, "1e-05"), (-0.0, "0"), (1e-15, "0"), (np.nan, "n/a"), (None, "n/a"), ("a word", "a word"), (np.inf, "n/a"),
    ],
)  # fmt: skip
def test_a_number_has_three_digits_and_whole_ones_are_whole(value, text):
    assert short(value) == text


def test_an_interval_has_one_notation():
    assert interval(0.31, 0.2, 0.42) == "0.31 (0.2 to 0.42)"
    assert interval(0.31, 0.2, 0.42, two_decimals, "above 0") == "0.31 (0.20 to 0.42; above 0)"
    assert interval(0.31, np.nan, np.nan) == "0.31" and interval(np.nan, np.nan, np.nan) == "n/a"


def test_a_mean_over_runs_says_how_many_or_that_they_are_too_few():
    assert over_runs(0.3, 0.2, 0.4, 7) == "0.30 (0.20 to 0.40; 7 runs)"
    assert over_runs(-0.001, np.nan, np.nan, 1) == "0.00 (1 run, too few for an interval)"


def test_plurals():
    assert [plural(1, "run"), plural(2000, "run"), plural(0, "layer")] == ["1 run", "2,000 runs", "0 layers"]
    assert [plural(1, "quantity"), plural(2, "quantity"), plural(2, "key")] == ["1 quantity", "2 quantities", "2 keys"]
