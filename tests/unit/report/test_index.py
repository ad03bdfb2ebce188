"""The report page says what the frames say, whatever is missing from them."""

import hashlib
import json
import re
from base64 import b64encode

import numpy as np
import pandas as pd
import pytest

from helpers.html_reader import Reader, webp
from helpers.integrated_cases import CLAIMS, findings, seed_agreement, verdict_errors
from repdyn.figures.registry import STUDY
from repdyn.report.findings import HEADINGS
from repdyn.report.index import render
from repdyn.report.origins import sources
from repdyn.report.runs import COLUMNS, by_family, with_clocks
from repdyn.statistics.intervals import BOOTSTRAP_RUNS
from repdyn.timeseries.periods import EARLY, MIDDLE
from repdyn.wording.numbers import MISSING, written


def study() -> pd.DataFrame:
    """Five runs: one diverged, one at chance with two flags."""
    frame = pd.DataFrame(
        [
            ("mlp_wide", "mlp", "digits", 0.91, 12.25),
            ("mlp_narrow", "mlp", "docstrings", 0.26, 3.5),
            ("cnn_deep", "cnn", "photos", np.nan, np.nan),
            ("transformer_deep", "transformer", "digits", 0.83, 20.125),
            ("transformer_narrow", "transformer", "docstrings", 0.75, 7.0),
        ],
        columns=["architecture", "family", "dataset", "test_accuracy", "final_participation_ratio"],
    )
    frame["experiment"] = frame["architecture"] + "-" + frame["dataset"]
    frame["seed"] = 0
    frame["steps"] = 2000
    frame["parameters"] = [1000, 20000, 300000, 4000000, 50]
    frame["chance"] = [0.1, 0.25, 0.125, 0.1, 0.25]
    frame["final_stable_rank"] = frame["final_participation_ratio"] / 2
    frame["diverged_at"] = [np.nan, np.nan, 400, np.nan, np.nan]
    frame["at_chance"] = [False, True, False, False, False]
    frame["metric"] = "participation_ratio"
    frame["level"] = 0.05
    frame["candidates"] = [40, 20, 0, 60, 10]
    frame["jumps"] = [30, 10, 0, 50, 10]
    frame["early"] = [10, 10, 0, 25, 5]
    frame["middle"] = [10, 0, 0, 25, 0]
    frame["late"] = [10, 0, 0, 0, 5]
    frame["pattern"] = ["unclear", "unclear", "not evaluable", "bottom-up", "unclear"]
    flags = [
        "",
        "accuracy within noise of chance; layer hidden.2 constant at step 5",
        "loss not finite at step 400",
        "",
        "",
    ]
    frame["flags"] = flags
    return frame


def origins(experiments: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "experiment": experiment,
                "seed": seed,
                "wall_seconds": 10.0 + number,
                "cpu_seconds": 9.0 + number,
                "peak_memory_mb": 700,
                "commit": "0123abcd",
                "config_digest": f"digest{number}",
                "machine": "Linux x86_64",
                "python": "3.11.9",
                "versions": {"numpy": "2.4.1", "torch": "2.13.0"},
            }
            for number, (experiment, seed) in enumerate(
                zip(experiments["experiment"], experiments["seed"], strict=True)
            )
        ]
    )


def page_of(experiments: pd.DataFrame, pictures: bool = True, pages: int = 5, **options) -> str:
    figures = {name: webp() for name in STUDY} if pictures else {}
    return render(experiments, figures, origins(experiments), pages, **options)


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
    expected = ["none", "accuracy within noise of chance (and 1 more)", "loss not finite at step 400", "none", "none"]
    assert shown == expected
    clean = Reader(page_of(experiments.assign(flags=None)))
    assert "None: no run diverged" in clean.words() and "with flags" not in clean.words()


def test_every_registered_figure_is_shown_once():
    reader = Reader(page_of(study(), inside=inside()))
    for name, figure in STUDY.items():
        assert reader.ids.count(name) == 1, f"the page does not show {name}"
        assert [image["alt"] for image in reader.images].count(f"{figure.alt}.") == 1


def test_images_have_alternatives_and_sizes():
    reader = Reader(page_of(study(), inside=inside()))
    assert len(reader.images) == len(STUDY)
    assert all(image["alt"].strip() for image in reader.images)
    assert {(image["width"], image["height"]) for image in reader.images} == {("30", "20")}


def test_page_loads_nothing_from_outside():
    page = page_of(study())
    assert all(source.startswith("data:") for source in Reader(page).loads)
    assert "http://" not in page and "https://" not in page
    assert not re.search(r"@import|url\(", page)


def test_the_policy_names_the_style_and_the_script_of_the_page_and_allows_no_others():
    page = page_of(study(), inside=inside())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)[1]
    for name in ("style", "script"):
        (text,) = re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)
        digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert not re.search(r"<[^>]+ (style|on\w+)=", page)


def test_links_lead_to_places_on_the_page_or_to_the_page_of_a_run():
    reader = Reader(page_of(study(), evidence=evidence(), inside=inside()))
    assert len(reader.ids) == len(set(reader.ids))
    here = {link.removeprefix("#") for link in reader.links if link.startswith("#")}
    assert here <= set(reader.ids) and "about-inside" in here
    others = {link for link in reader.links if not link.startswith(("#", "data:", "../study/"))}
    assert others == {f"runs/{experiment}-seed0.html" for experiment in study()["experiment"]}


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


def test_missing_records_and_pictures_are_said():
    experiments = study()
    page = render(experiments, {}, pd.DataFrame(columns=["experiment", "seed"]), 5)
    words = Reader(page).words()
    assert words.count("This figure was not made.") == len(STUDY)
    assert "5 runs without a provenance record." in words
    assert "without a provenance record" not in Reader(page_of(experiments)).words()


@pytest.mark.parametrize("family", ["mlp", "cnn", "transformer"])
def test_one_family_alone(family):
    experiments = study()[lambda frame: frame["family"] == family]
    reader = Reader(page_of(experiments))
    assert len(reader.tables["run-table"]) == len(experiments) + 1
    assert len(reader.tables["family-table"]) == 2


def test_no_runs_at_all():
    words = Reader(render(study().iloc[:0], {}, pd.DataFrame(), 5)).words()
    assert "The study has no finished run, so nothing can be said." in words and "No run has finished." in words


def test_experiments_that_did_not_finish_are_named():
    words = Reader(page_of(study(), unfinished=["cnn_deep-glyphs"])).words()
    assert "1 experiment of the study did not finish and is in no number here: cnn_deep-glyphs." in words
    assert "did not finish" not in Reader(page_of(study())).words()


def test_no_jumps():
    """As the default study is: nothing that would show jumps is left empty."""
    experiments = study().assign(candidates=0, jumps=0, early=0, middle=0, late=0)
    words = Reader(page_of(experiments)).words()
    assert "0 changes between two measurements exceed what smooth training gives" in words
    assert "No layer of 3 architectures jumps, so there is no place of jumps to show." in words
    experiments["candidates"] = [3, 0, 0, 0, 0]
    assert (
        "looked at step by step, none of them happens within one training step." in Reader(page_of(experiments)).words()
    )


@pytest.mark.parametrize("missing", [None, np.nan])
def test_nothing_evaluable(missing):
    unknown = ["test_accuracy", "final_participation_ratio", "final_stable_rank", "jumps", "candidates"]
    experiments = study().assign(**dict.fromkeys(unknown, missing), pattern=None)
    words = Reader(page_of(experiments)).words()
    assert "nan" not in words.lower().split() and "None" not in words.split()


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


def evidence():
    """One small table of each kind."""
    ledger = pd.DataFrame(
        {
            "claim": ["C01", "C02", "C02"], "title": ["stable", "jumps", "jumps"], "quantity": ["runs", "total", "share"],
            "published": [55, 2991, np.nan], "as_published": [55, 2991, 0.5], "repaired": [7, 7025, 0.25],
            "null": [None, "surrogates", None], "null_mean": [np.nan, 7000.0, 0.2], "null_low": [np.nan, 6800.0, np.nan],
            "null_high": [np.nan, 7200.0, np.nan], "ours": [3, 300, 0.125], "ours_low": [1.0, 250.0, 0.1],
            "ours_high": [5.0, 350.0, 0.15], "runs": [51, 51, 51], "decides": [True, True, True],
            "defect_mean": [54.5, np.nan, np.nan],
            "defect_low": [53.0, np.nan, np.nan], "defect_high": [55.0, np.nan, np.nan],
            "evidence": ["artefact", "stands", "stands"], "holds": ["undecided", "holds", "holds"],
            "parts": [json.dumps([["early", "artefact", "holds"], ["late", "artefact", "undecided"]])]
            + [json.dumps([["", "stands", "holds"]])] * 2,
            "evidence_reason": ["Constant.", "Beyond the null.", "Beyond the null."],
            "reason": ["A bound within.", "Above.", "Above."], "note": ["", None, "a note"],
        }
    )  # fmt: skip
    statistics = pd.DataFrame(
        {
            "statistic": ["jumps per layer"], "metric": ["stable_rank"], "family": ["cnn"], "value": [0.25], "low": [0.1],
            "high": [0.4], "null_mean": [0.05], "null_low": [np.nan], "null_high": [np.nan], "significant": [np.nan],
            "runs": [9], "excluded": [1],
        }
    )  # fmt: skip
    both = {
        "detector": ["a", "b"] * 2,
        "scenario": ["white noise"] * 2 + ["step"] * 2,
        "size": [np.nan] * 2 + [5.0] * 2,
    }
    validity = pd.DataFrame(both).assign(
        recall=[np.nan, np.nan, 0.995, 0.5], recall_low=[np.nan, np.nan, 0.97, 0.4], recall_high=[np.nan, np.nan, 1, 0.6],
        false_per_1000=[0.16, 46.3, 0.1, 40], false_low=[0.07, 45.3, 0, 39], false_high=[0.26, 47.3, 0.2, 41],
        affected=[0.05, 1, 0, 1], affected_low=[0.01, 0.91, 0, 0.91], affected_high=[0.17, 1, 0.09, 1],
        bound=[np.nan, np.nan, 0.998, 0.998],
    )  # fmt: skip
    verdicts = pd.DataFrame({"detector": ["a", "b"], "passes": [True, False], "reason": ["", "46.3 false jumps"]})
    agreement = pd.DataFrame({"first": ["a"], "second": ["b"], "phi": [0.137]})
    return {
        "ledger": ledger, "statistics": statistics, "validity": validity, "validity_verdicts": verdicts,
        "agreement": agreement,
    }  # fmt: skip


def words_of(page: Reader) -> str:
    """The words as they are read: no gap before a mark of punctuation that a tag stands before."""
    return re.sub(r" ([.,;:)])", r"\1", page.words())


def texts(table):
    return [[cell["text"] for cell in row] for row in table]


def test_claims_show_every_column_and_their_verdict():
    page = Reader(page_of(study(), evidence=evidence()))
    (first,) = texts(page.tables["table-C01"])[1:]
    assert first == ["runs (decides)", "55", "55", "54.5 (53 to 55)", "7", "n/a", "3 (1 to 5)", ""]
    total, share = texts(page.tables["table-C02"])[1:]
    assert total[1:] == ["2,991", "2,991", "n/a", "7,025", "7,000 (6,800 to 7,200)", "300 (250 to 350)", "surrogates"]
    assert share[1:] == ["n/a", "0.5", "n/a", "0.25", "0.2", "0.125 (0.1 to 0.15)", "a note"]
    words = page.words()
    assert "C01 stable. Published evidence: artefact. In our runs: early: holds; late: undecided" in words
    assert "Published evidence: Constant." in words and "Our runs: Above." in words
    assert (
        "Of 2 published claims, the published evidence: stands 1, artefact 1, not derivable 0. The claim, in our runs:"
        in words
    )


def test_how_often_the_rules_err_is_shown_beside_the_claims():
    ours, published = verdict_errors(), verdict_errors()[1:3].assign(seeds=1)
    tables = {"verdict_errors": ours, "published_errors": published}
    page = Reader(page_of(study(), evidence=evidence() | tables))
    head, decided, nothing = texts(page.tables["error-table"])
    truths = ["as published", "half", "false", "reversed"]
    assert head == ["Claim", "Seeds", *truths, "Wrong", "Coverage", "Jumps", "Can decide"]
    assert decided == ["C03 early", "5", "95 / 0 / 5", "2 / 3 / 95", "n/a", "n/a", "5", "94", "125", "yes"]
    assert nothing == ["C10", "5", "n/a", "n/a", "n/a", "n/a", "n/a", "n/a", "0", "no (nothing to draw from)"]
    evidence_head, half, _ = texts(page.tables["published-error-table"])
    assert evidence_head == head and half[:5] == ["C03 early", "1", "n/a", "2 / 3 / 95", "n/a"]


def test_the_published_study_is_named_and_its_defects_are_defined():
    page = page_of(study(), evidence=evidence(), declared=CLAIMS)
    words = Reader(page).words()
    assert "Neural dimensionality tracking (NDT), 2025" in words and CLAIMS["source"]["commit"][:12] in words
    assert all(" ".join(text.split()) in words for text in CLAIMS["defects"].values())
    used = set(re.findall(r"\bD\d\d\b", re.sub(r"<style.*?</style>|<script.*?</script>", "", page, flags=re.DOTALL)))
    assert used == set(re.findall(r'id="(D\d\d)"', page)) and "#D05" in re.findall(r'href="([^"]+)"', page)


def test_several_seeds_stand_beside_the_claims():
    page = Reader(page_of(study(), evidence=evidence() | {"seed_agreement": seed_agreement()}))
    rows = {cells[0]: cells[1:] for cells in texts(page.tables["seed-table"])}
    assert rows["C01"] == ["does not hold", "3 of 3", "3 of 3", "yes"]
    assert rows["C02"] == ["does not hold", "0 of 3, 3 the opposite", "3 of 3", "no"]
    assert "seed-table" not in Reader(page_of(study(), evidence=evidence())).tables


def test_the_ledger_has_a_row_a_claim_that_leads_to_all_its_quantities():
    tables = evidence()
    page = page_of(study(), evidence=tables)
    head, *rows = texts(Reader(page).tables["ledger-table"])
    assert head == ["Claim", "Published evidence", "In our runs", "Quantity", "Published", "Repaired", "Null", "Ours"]
    assert rows[0] == ["C01stable", "artefact", "early: holds; late: undecided", "runs", "55", "7", "n/a", "3 (1 to 5)"]
    # Both quantities of its rule, each in a row of its own.
    assert rows[1][1:] == ["stands", "holds", "total", "2,991", "7,025", "7,000 (6,800 to 7,200)", "300 (250 to 350)"]
    assert rows[2] == ["share", "n/a", "0.25", "0.2", "0.125 (0.1 to 0.15)"]
    assert re.findall(r'data-claim="(\w+)" data-verdict="(\w+)"', page) == [("C01", "undecided"), ("C02", "holds")]
    assert re.findall(r"<option[^>]*>(\w+)</option>", page) == ["all", "holds", "undecided"]
    assert page.count('href="#C01"') == 1 and "2 of 2 claims" in page


def test_the_time_of_each_stage_is_the_sum_of_its_jobs():
    jobs = pd.DataFrame({"cpu_seconds": [100.0, 50.5], "peak_memory_mb": [500, 1500]})
    rows = texts(Reader(page_of(study(), stages={"Training": jobs})).tables["stage-table"])
    assert rows[1] == ["Training", "2", "2.5 min", "1,500 MB"]


def test_jobs_without_a_record_are_counted_and_in_no_sum():
    jobs = pd.DataFrame({"cpu_seconds": [100.0, np.nan], "peak_memory_mb": [500, np.nan]})
    rows = texts(Reader(page_of(study(), stages={"Training": jobs, "Data": jobs[1:]})).tables["stage-table"])
    assert rows[1:] == [["Training", "1 of 2", "100.0 s", "500 MB"], ["Data", "0 of 1", "n/a", "n/a"]]


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
    assert "a passes." in page.words() and "b fails: 46.3 false jumps." in page.words()
    assert texts(page.tables["agreement-table"])[1] == ["a", "", "0.137"]


def inside():
    """Small tables of phase 2."""
    moments = pd.DataFrame(
        {
            "experiment": ["cnn_deep-photos"] * 2 + ["mlp_wide-digits"], "seed": 0, "family": ["cnn", "cnn", "mlp"],
            "pair": [0, 0, 0], "kind": ["jump", "control", "placebo"], "period": "early", "phase": [0.01, 0.02, 0.005],
            "before": [10, 30, 0], "at": [20, 40, 10], "after": [30, 50, 20], "layer": ["blocks.1.relu", None, None],
            "relative_magnitude": [0.25, np.nan, np.nan],
        }
    )  # fmt: skip
    measurements = pd.DataFrame(
        {
            "quantity": ["dead_units"] * 2, "family": "mlp", "phase": [0.0, 1.0], "value": [0.5, 0.75],
            "low": [0.25, np.nan], "high": [0.625, np.nan], "null_mean": [np.nan, 0.125], "experiments": [2, 2],
        }
    )  # fmt: skip
    hypotheses = pd.DataFrame(
        {
            "id": ["H2"], "family": ["cnn"], "question": ["filters differentiate"], "quantity": ["filter_overlap"],
            "periods": ["early"], "experiments": [5], "pairs": [7], "effect": [-0.5], "low": [np.nan], "high": [np.nan],
            "d_z": [-1.5], "p": [0.0625], "q": [np.nan], "placebo": [0.125], "placebo_low": [0.0], "placebo_high": [0.25],
            "placebo_experiments": [4], "placebo_p": [np.nan], "planned_power": [0.2], "detectable": [np.nan],
            "verdict": ["not enough jumps"],
            "reason": ["5 experiments have pairs, 6 are needed."],
        }
    )  # fmt: skip
    return {"moments": moments, "measurements": measurements, "hypotheses": hypotheses}


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


def test_without_evidence_the_page_has_no_empty_sections():
    page = Reader(page_of(study()))
    assert not {"table-C01", "statistic-table", "detector-table", "hypothesis-table"} & set(page.tables)


def test_text_is_escaped():
    page = page_of(study().assign(flags="<b>loss & more</b>"))
    assert "<b>loss" not in page and "&lt;b&gt;loss &amp; more" in page


def test_equal_input_gives_an_equal_page():
    assert page_of(study()) == page_of(study())


def test_both_colour_schemes_and_paper_define_the_same_variables():
    page = page_of(study())
    light, dark, printed = re.findall(r":root \{([^}]*)\}", page)
    variables = [set(re.findall(r"--\w+(?=:)", scheme)) for scheme in (light, dark, printed)]
    assert variables[0] == variables[1] == variables[2] and len(variables[0]) >= 6
    used = set(re.findall(r"var\((--\w+)\)", page))
    assert used == variables[0]


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
