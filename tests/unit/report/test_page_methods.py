"""How it was done and what is inside, on the page: methods, limits, detectors, hypotheses, further questions."""

import pandas as pd

from helpers.html_reader import Reader
from helpers.integrated_cases import findings
from helpers.page_cases import evidence, inside, page_of, study, texts, words_of
from repdyn.report.evidence import agreement_rows
from repdyn.report.findings import HEADINGS
from repdyn.statistics.intervals import BOOTSTRAP_RUNS
from repdyn.timeseries.periods import EARLY, MIDDLE


def test_methods_name_the_constants_that_the_code_uses():
    words = Reader(page_of(study())).words()
    assert f"Early is below {EARLY:g}, middle up to {MIDDLE:g}, late after that." in words
    assert f"Bootstrap (Efron 1987) from {BOOTSTRAP_RUNS} runs on" in words


def test_limits_name_the_declared_rate_and_single_seeds():
    words = Reader(page_of(study())).words()
    assert "at a chance of 5 % of any false jump per series" in words
    other = Reader(page_of(study().assign(level=0.01))).words()
    assert "at a chance of 1 % of any false jump per series" in other
    assert "one seed" in words
    several = pd.concat([study(), study().assign(seed=1)], ignore_index=True)
    assert "one seed" not in Reader(page_of(several)).words()


def test_statistics_stand_beside_their_nulls():
    page = Reader(page_of(study(), evidence=evidence()))
    assert texts(page.tables["statistic-table"])[1] == [
        "jumps per layer", "stable rank", "CNN", "0.25 (0.1 to 0.4)", "0.05", "n/a", "9", "1",
    ]  # fmt: skip


def test_detectors_show_recall_for_planted_steps_and_false_positives_for_nulls():
    page = Reader(page_of(study(), evidence=evidence()))
    head, null, per_series, planted = texts(page.tables["detector-table"])
    assert head == ["Series", "Measured", "a", "b", "likelihood-ratio bound"]
    assert null == ["white noise", "false per 1,000 points", "0.16 (0.07 to 0.26)", "46.3 (45.3 to 47.3)", ""]
    assert per_series[1:] == ["share of series with a false jump", "0.05 (0.01 to 0.17)", "1 (0.91 to 1)", ""]
    assert planted == ["step, 5 sd", "recall", "0.995 (0.97 to 1)", "0.5 (0.4 to 0.6)", "0.998"]
    assert "a passes." in page.words() and "b fails 1 condition 46.3 false jumps." in page.words()
    assert texts(page.tables["agreement-table"])[1] == ["a", "", "0.137"]


def test_detectors_that_agree_have_their_names_in_words():
    names, rows = agreement_rows(pd.DataFrame({"first": ["levelshift"], "second": ["zscore"], "phi": [0.0694]}))
    assert names == [row[0] for row in rows] == ["level shift (default)", "|z| > 2 (published)"]
    assert rows[0][1:] == ["", "0.0694"]


def test_what_is_inside_is_shown_with_its_verdicts():
    page = Reader(page_of(study(), inside=inside()))
    # Without enough jumps it is folded.
    assert "hypothesis-table" not in page.tables and "1 test without enough jumps: H2, CNN" in page.words()
    (row,) = texts(page.tables["untested-table"])[1:]
    assert row == [
        "H2", "CNN", "filters differentiate", "not enough jumps", "5", "-0.5", "n/a", "0.125 (0 to 0.25)", "n/a",
        "0.2", "n/a",
    ]  # fmt: skip
    assert "H2, CNN: 5 experiments have pairs, 6 are needed." in page.words()
    head, cells = texts(page.tables["measurement-table-mlp"])
    assert head == ["Quantity", "Runs", "Null at the end", "fraction 0", "fraction 1"]
    assert cells == ["dead units", "2", "0.125", "0.5 (0.25 to 0.625)", "0.75"]
    first = texts(page.tables["moment-table"])[1]
    assert first == ["cnn_deep-photos-seed0", "jump", "early", "conv 1", "0", "10, 20, 30", "0.25"]
    # The run with the jump diverged: it counts nowhere.
    assert (
        "No run of 3 that learned has a jump to look into. The other 3 keep the fixed grid; 1 run without"
        in words_of(page)
    )


def test_answers_stand_beside_their_null_with_a_sentence_chosen_by_rule():
    reader = Reader(page_of(study(), evidence={"findings": findings()}))
    head, dips, early, accuracy = texts(reader.tables["finding-table"])
    assert head == HEADINGS
    assert dips[1:] == [
        "all families", "not shown", "0.25 (0.00 to 0.60)", "share of layers (0 to 1)", "0.05", "0.2",
        "12 layers, 4 runs, 4 experiments",
    ]  # fmt: skip
    assert early[2:4] + early[5:7] == ["shown", "0.81 (0.50 to 0.90)", "-0.01 (-0.50 to 0.45)", "0.016"]
    assert accuracy[2:4] == ["not evaluable", "n/a"]
    words = reader.words()
    assert "3 answers to 3 questions: 1 shown, 1 not shown, 1 not evaluable." in words
    assert "Not evaluable, across seeds: one seed." in words
    assert (
        "Shown, step 200, across datasets: rank correlation with the end: 0.81 (0.50 to 0.90); -0.01 (-0.50 to 0.45) by the"
        " null (final dimensions traded between datasets); q = 0.016, 12 layers, 4 runs, 4 experiments."
    ) in words
    assert "finding-table" not in Reader(page_of(study())).tables
