"""The runs on the page: their table, flags, families, times and provenance."""

import numpy as np
import pandas as pd
import pytest

from helpers.html_reader import Reader
from helpers.page_cases import origins, page_of, study, texts
from repdyn.report.origins import sources
from repdyn.report.runs import COLUMNS, by_family, with_clocks
from repdyn.wording.numbers import MISSING, written


def test_table_has_every_run_with_the_frames_numbers():
    experiments = study()
    head, *rows = Reader(page_of(experiments)).tables["run-table"]
    assert [cell["text"] for cell in head] == ["Experiment", *(column.heading for column in COLUMNS)]
    assert [row[0]["text"] for row in rows] == experiments["experiment"].tolist()
    cells = {column.name: number for number, column in enumerate(COLUMNS, 1)}
    for name in ("parameters", "chance", "test_accuracy", "final_participation_ratio", "final_stable_rank", "jumps"):
        keys = [float(row[cells[name]]["key"] or "nan") for row in rows]
        np.testing.assert_array_equal(keys, experiments[name], err_msg=name)
    first = {name: rows[0][cell]["text"] for name, cell in cells.items()}
    assert first["test_accuracy"] == "91.0 %" and first["chance"] == "10.0 %" and first["family"] == "MLP"
    assert first["final_participation_ratio"] == "12.25" and first["parameters"] == "1,000"
    assert [row[cells["wall_seconds"]]["text"] for row in rows] == ["10.0 s", "11.0 s", "12.0 s", "13.0 s", "14.0 s"]
    assert rows[2][cells["test_accuracy"]] == {"text": MISSING, "key": "", "tag": "td"}


def test_every_flag_is_shown_and_none_is_said():
    experiments = study()
    reader = Reader(page_of(experiments))
    for flags in experiments["flags"]:
        for sentence in filter(None, flags.split("; ")):
            assert sentence in reader.words()
    assert "2 runs of 5 with flags" in reader.words()
    column = [column.name for column in COLUMNS].index("flags") + 1
    shown = [row[column]["text"] for row in reader.tables["run-table"][1:]]
    expected = ["none", "2 flags", "1 flag", "none", "none"]
    assert shown == expected
    clean = Reader(page_of(experiments.assign(flags=None)))
    assert "None: no run diverged" in clean.words() and "with flags" not in clean.words()


def test_runs_beyond_the_first_seeds_have_no_link_and_the_page_says_so():
    runs = pd.concat([study().assign(seed=seed) for seed in range(3)], ignore_index=True)
    reader = Reader(page_of(runs, pages=2))
    linked = {link for link in reader.links if link.startswith("runs/")}
    assert linked == {f"runs/{name}-seed{seed}.html" for name in study()["experiment"] for seed in (0, 1)}
    assert "the first 2 seeds of each experiment" in reader.words()
    assert "seeds of each experiment" not in Reader(page_of(runs, pages=3)).words()


def test_family_medians_are_over_learned_runs_and_times_over_all():
    experiments = study()
    mlp, cnn, transformer = by_family(with_clocks(experiments, origins(experiments)))
    assert (mlp["runs"], mlp["learned"], mlp["accuracy"], mlp["jumps"], mlp["candidates"]) == (2, 1, 0.91, 30, 40)
    assert (mlp["wall_seconds"], mlp["cpu_seconds"]) == (21, 19)
    assert cnn["learned"] == 0 and np.isnan(cnn["accuracy"])
    assert transformer["participation_ratio"] == np.median([20.125, 7.0])


def test_provenance_is_listed_once_and_per_run():
    experiments = study()
    provenance = origins(experiments)
    provenance.loc[0, "commit"] = "fedc9876"
    found = dict(sources(provenance))
    assert found["Commit"] == "0123abcd, fedc9876"
    assert found["numpy"] == "2.4.1" and found["Machine"] == "Linux x86_64"
    rows = Reader(page_of(experiments)).tables["provenance-table"][1:]
    assert [row[3]["text"] for row in rows] == [f"digest{number}" for number in range(5)]


def test_experiments_that_did_not_finish_are_named():
    words = Reader(page_of(study(), unfinished=["cnn_deep-glyphs"])).words()
    assert "1 experiment of the study did not finish and is in no number here: cnn_deep-glyphs." in words
    assert "did not finish" not in Reader(page_of(study())).words()


def test_the_time_of_each_stage_is_the_sum_of_its_jobs():
    jobs = pd.DataFrame({"cpu_seconds": [100.0, 50.5], "peak_memory_mb": [500, 1500]})
    rows = texts(Reader(page_of(study(), stages={"Training": jobs})).tables["stage-table"])
    assert rows[1] == ["Training", "2", "2.5 min", "1,500 MB"]


def test_jobs_without_a_record_are_counted_and_in_no_sum():
    jobs = pd.DataFrame({"cpu_seconds": [100.0, np.nan], "peak_memory_mb": [500, np.nan]})
    rows = texts(Reader(page_of(study(), stages={"Training": jobs, "Data": jobs[1:]})).tables["stage-table"])
    assert rows[1:] == [["Training", "1 of 2", "100.0 s", "500 MB"], ["Data", "0 of 1", "n/a", "n/a"]]


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        (None, "number", MISSING),
        (np.nan, "percent", MISSING),
        (0.9375, "percent", "93.8 %"),
        (1234567, "count", "1,234,567"),
        (119.0, "seconds", "119.0 s"),
        (150.0, "seconds", "2.5 min"),
        ("mlp", "text", "mlp"),
    ],
)
def test_how_values_are_written(value, style, text):
    assert written(value, style) == text


def test_where_the_time_goes_stands_in_a_table_and_says_whether_a_floor_was_timed():
    headings = ["Stage", "MLP", "All"]
    without = page_of(study(), profile=(headings, [["Training", "5.0 s", "5.0 s"]]))
    assert texts(Reader(without).tables["profile-table"]) == [headings, ["Training", "5.0 s", "5.0 s"]]
    assert "snakemake benchmark</code> has not been run here" in without
    timed = page_of(study(), profile=(headings, [["Tracked / floor (benchmark)", "1.07", "1.07"]]))
    assert "has not been run here" not in timed and "bare forward passes" in timed
    assert "profile-table" not in page_of(study())
