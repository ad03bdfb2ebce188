"""One page, one number: what was once said twice, and differently, has one home."""

import re

import numpy as np
import pandas as pd

from helpers.html_reader import Reader
from helpers.integrated_cases import CLAIMS, experiments, tables
from helpers.project import ROOT
from repdyn.audit.claims import c05
from repdyn.audit.columns import OURS
from repdyn.audit.deciding import decided_by, published_of
from repdyn.audit.ledger import with_ours
from repdyn.audit.quantities import JumpRows
from repdyn.report.downloads import as_csv
from repdyn.report.evidence import claim_rows
from repdyn.report.index import render
from repdyn.report.integrated import document, markdown
from repdyn.report.mechanisms import measurement_tables, window_summary
from repdyn.report.quantities import names_of_classes
from repdyn.report.readme import extract, section
from repdyn.report.seen_in_series import single_steps
from repdyn.report.units import COUNT, PERCENT, POINTS, unit_of
from repdyn.study.pooled import STATISTICS, types_of_jumps
from repdyn.wording.numbers import interval, short


def page() -> str:
    runs = experiments().assign(parameters=10, level=0.05)
    inside = {name: tables()[name] for name in ("hypotheses", "measurements")}
    return render(runs, {}, pd.DataFrame(columns=["experiment", "seed"]), 5, tables(), inside, declared=CLAIMS)


def test_the_types_of_jumps_are_as_many_in_the_claim_as_in_the_study():
    rng = np.random.default_rng(0)
    centres = np.repeat([[0.01, 0.02, 0.01], [0.3, 0.5, 0.4]], 40, axis=0)
    features = centres * np.exp(0.1 * rng.standard_normal(centres.shape))
    found = pd.DataFrame(features, columns=["phase", "relative_magnitude", "speed"])
    shuffled = found.sample(frac=1, random_state=1)
    names = {"experiment": ["mlp_wide-digits", "cnn_deep-photos"], "architecture": ["mlp_wide", "cnn_deep"]}
    rows = pd.DataFrame(names | {"dataset": ["digits", "photos"], "seed": 0, "jumps": 40, "one": 1})
    claimed = c05.quantities(JumpRows(rows, shuffled, 10, True, "own"))["types_found"].estimate.value
    assert claimed == types_of_jumps(found, rng)["k"] == 2


def test_when_jumps_are_is_said_by_the_claims_alone():
    assert not [each.name for each in STATISTICS if "early" in each.name or "late" in each.name.split()]


def test_windows_are_those_of_runs_that_learned_and_are_not_called_jumps():
    moments = pd.DataFrame(
        {"experiment": ["mlp_wide-digits", "cnn_deep-photos"], "seed": 0, "kind": "jump", "period": ["early", "late"]}
    )
    said = window_summary(moments, experiments())
    assert said.startswith(
        "Of 2 runs that learned, 1 are looked into around their largest jumps: 1 event window (1 early,"
    )


def test_jumps_of_the_families_add_up_to_those_of_the_story():
    reader = Reader(page())
    head, *rows = [[cell["text"] for cell in row] for row in reader.tables["family-table"]]
    for name, total in (("Candidates", 6), ("Jumps", 4)):
        assert sum(int(row[head.index(name)]) for row in rows if row[head.index(name)] != "n/a") == total
    assert "6 changes between two measurements" in reader.words() and "4 of them happen" in reader.words()
    assert "per layer" not in " ".join(head)


def test_candidates_of_the_figure_are_those_of_the_story_and_others_are_told_apart():
    runs = experiments()  # the first and the last learned, with six candidates, of which four are jumps
    counts = zip(runs["experiment"], [5, 1, 2, 1], [3, 1, 0, 1], strict=True)
    rows = [
        {"experiment": name, "seed": 0, "layer": f"hidden.{at}", "step": 5 * at, "jump": at < jumps}
        for name, candidates, jumps in counts
        for at in range(candidates)
    ]
    steps = pd.DataFrame(rows)
    said = single_steps({"experiments": runs, "single_steps": pd.concat([steps, steps])})
    assert said == (
        "Of 6 candidates for jumps, 4 happen within one training step; of 3 more in runs that count nowhere, 1 does"
    )
    kept = steps[steps["experiment"].isin(["mlp_wide-digits"])]
    assert single_steps({"experiments": runs, "single_steps": kept}).endswith("3 happen within one training step")


def test_names_of_classes_are_not_averaged():
    assert names_of_classes() == {"preferred_class"}
    rows = pd.DataFrame(
        {"quantity": ["preferred_class", "selectivity"], "family": "mlp", "phase": 1.0, "value": [3.67, 0.5],
         "low": np.nan, "high": np.nan, "null_mean": np.nan, "experiments": 2}
    )  # fmt: skip
    ((_, _, cells),) = measurement_tables(rows)
    assert [row[0] for row in cells] == ["selectivity"]


def test_c10_says_what_linear2_is_and_every_defect_is_told_where_it_bears():
    words = " ".join(page().split())
    detail = words[words.index('id="C10"') : words.index('id="C11"')]
    assert "linear2 is the feed-forward down-projection" in detail
    assert "results/README.md" not in words


def all_measured() -> dict[str, pd.DataFrame]:
    """Tables in which every quantity that decides has a number of its own."""
    deciding = [
        (claim["id"], name, scale_of(claim["verdict"], name))
        for claim in CLAIMS["claims"]
        for name in decided_by(claim["verdict"])
    ]
    values = 1.23 + 0.77 * np.arange(len(deciding))
    ours = pd.DataFrame(
        [
            (claim, name, value, value - 0.5, value + 0.25, 50, 0.2, 49.0, scale)
            for (claim, name, scale), value in zip(deciding, values, strict=True)
        ],
        columns=OURS,
    )
    audited = pd.read_csv(ROOT / "data/published/ledger.csv")
    return tables() | {"ledger": with_ours(audited, ours, CLAIMS)}


def scale_of(rule: dict, quantity: str) -> str:
    return next((each.get("scale", "") for each in rule.get("conditions", ()) if each["quantity"] == quantity), "")


def told_by_readme(cell: str) -> list[str]:
    """The numbers of a cell, without the names of the quantities."""
    return [part.rpartition(": ")[2] for part in cell.split("; ")]


def test_of_each_claim_the_table_the_json_the_readme_and_the_figure_print_the_same_numbers():
    evidence = all_measured()
    inside = {name: evidence[name] for name in ("hypotheses", "measurements")}
    runs = experiments().assign(parameters=10, level=0.05)
    origins = pd.DataFrame(columns=["experiment", "seed"])
    html = render(runs, {}, origins, 5, evidence, inside, declared=CLAIMS)
    report = document(experiments(), evidence, None, CLAIMS, [], [])
    readme = [line.split(" | ") for line in section(extract(report)).splitlines() if line.startswith("| C")]
    drawn = re.findall(r'class="ours-number">([^<]*)<', html)
    by_claim, on_figure = {}, iter(drawn)
    for row in Reader(html).tables["ledger-table"][1:]:
        if row[0]["tag"] == "th":
            cells = by_claim.setdefault(row[0]["text"][:3], [])
        cells.append([cell["text"] for cell in row[-5:]])
    markdown_lines = markdown(report).splitlines()
    assert len(report["claims"]) == len(readme) == len(by_claim) == 17
    for claim, line in zip(report["claims"], readme, strict=True):
        rows = by_claim[claim["id"]]
        by_name = {each["quantity"]: each for each in claim["quantities"]}
        told = [interval(*by_name[name]["ours"].values()) for name in claim["decided_by"]]
        assert "n/a" not in told and len(set(told)) == len(told)
        assert sorted(cells[-1] for cells in rows) == sorted(told) == sorted(told_by_readme(line[3])), claim["id"]
        number_of_rows = 1 if len(told) == 1 else 1 + len(told)
        assert sorted(filter(None, (next(on_figure) for _ in range(number_of_rows)))) == sorted(told), claim["id"]
        published = {re.sub(r" \(.*", "", part) for cells in rows for part in cells[1].split(" and ") if part != "n/a"}
        printed = [
            short(each) for each in (by_name[name]["published"] for name in claim["printed"]) if each is not None
        ]
        assert published == set(told_by_readme(line[2])) != set(), claim["id"]
        assert set(told_by_readme(line[2])) <= {*printed, short(claim["claimed"])}
        assert all(any(number in each for each in markdown_lines) for number in told)


def test_beside_the_number_of_types_stands_what_was_claimed_of_it():
    (row,) = (claim for claim in claim_rows(all_measured()["ledger"], CLAIMS["claims"]) if claim["claim"] == "C05")
    assert [(each["quantity"], each["published"]) for each in row["deciding"]] == [("types found", "5")]
    assert published_of(["a", "b"], {"c": 1.0, "d": 2.0}) == {"a": {"c": 1.0}, "b": {}}
    assert published_of(["a"], {}) == {"a": {}} and published_of(["a"], {"c": 1.0}, 5) == {"a": {"a": 5}}


def test_units_of_the_numbers_of_claims():
    assert unit_of("C03", "early_percent_detected") == PERCENT and unit_of("C02", "total_detected") == COUNT
    assert unit_of("C09", "early_minus_mid_percent_detected") == POINTS == unit_of("C14", "together_excess_percent")
    assert unit_of("C07", "mean") == "share of layers" and unit_of("C07", "coincidence_ratio") == "ratio"
    assert unit_of("C13", "early_excess_detected") == "nats" and unit_of("C15", "escape").startswith("standard dev")
    assert unit_of("C07", "strong_runs") == COUNT and unit_of("C17", "measurements") == COUNT
    assert as_csv(pd.DataFrame({"a": [1.5]})) == "a\n1.5\n"
