"""The integrated report holds the numbers of the tables, fits its schema, and says what is missing."""

import copy
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from common.files import read_json, write_json, write_parquet
from helpers.integrated_cases import CLAIMS, FAMILY, PLANNED, TYPES, experiments, integrated, ledger, origins, tables
from helpers.project import ROOT, environment
from integrated_report import check
from repdyn.audit.deciding import decided_by
from repdyn.errors import StudyError
from repdyn.report.integrated import TABLES, claim_cells, document, markdown, plain, table_head, table_row, words_of
from repdyn.wording.numbers import interval, short

SCHEMA_FILE = ROOT / "workflow/schemas/integrated_report.schema.yaml"
SCHEMA = yaml.safe_load(SCHEMA_FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def report() -> dict:
    return integrated()


def markdown_tables(text: str) -> list[list[list[str]]]:
    """The tables of a Markdown text as rows of cells, headings first, rules left out."""
    found, rows = [], []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            cells = line.replace("\\|", "\0").strip().strip("|").split("|")
            rows.append([cell.strip().replace("\0", "|") for cell in cells])
        elif rows:
            assert set("".join(rows[1])) <= set(":-"), "the second line of a table must be its rule"
            found.append([rows[0], *rows[2:]])
            rows = []
    return found


def same(value, expected) -> bool:
    """Equal, with None for a missing value of a table."""
    return value is None if pd.isna(expected) else value == expected


def test_every_number_of_every_table_is_in_the_document(report):
    given = tables()
    for name, rows in (
        ("statistics", report["statistics"]),
        ("validity", report["detectors"]["validity"]),
        ("validity_verdicts", report["detectors"]["verdicts"]),
        ("agreement", report["detectors"]["agreement"]),
        ("findings", report["findings"]),
        ("hypotheses", report["hypotheses"]),
        ("measurements", report["measurements"]),
    ):
        assert len(rows) == len(given[name]) > 0
        for row, expected in zip(rows, given[name].to_dict("records"), strict=True):
            assert row.keys() == expected.keys()
            assert all(same(row[column], expected[column]) for column in row), (name, row)
    for run, expected in zip(report["experiments"], experiments().to_dict("records"), strict=True):
        assert all(same(run[column], expected[column]) for column in expected if column != "flags")
    assert report["experiments"][1]["flags"] == ["accuracy within noise of chance", "layer hidden.2 constant at step 5"]
    assert report["experiments"][0]["flags"] == []


def test_every_claim_has_the_numbers_of_the_ledger(report):
    rows = ledger()
    written = [(claim["id"], row) for claim in report["claims"] for row in claim["quantities"]]
    assert len(written) == len(rows) and len(report["claims"]) == 17
    for (name, row), expected in zip(written, rows.to_dict("records"), strict=True):
        flat = {
            "claim": name,
            **{key: row[key] for key in ("quantity", "published", "as_published", "repaired", "runs", "note")},
            "defect": row["defect"]["name"],
            **{f"defect_{end}": row["defect"][end] for end in ("mean", "low", "high")},
            "null": row["null"]["name"],
            **{f"null_{end}": row["null"][end] for end in ("mean", "low", "high")},
            "ours": row["ours"]["value"],
            **{f"ours_{end}": row["ours"][end] for end in ("low", "high")},
        }
        assert all(same(flat[key], expected[key]) for key in flat), (name, row["quantity"])
    for claim in report["claims"]:
        first = rows[rows["claim"] == claim["id"]].iloc[0]
        names = ["title", "evidence", "holds", "evidence_reason", "reason"]
        assert [claim[name] for name in names] == first[names].tolist()
        assert [list(part.values()) for part in claim["parts"]] == json.loads(first["parts"])
    assert report["claims"][4]["claimed"] == 5 and report["claims"][0]["claimed"] is None


def test_the_deciding_quantities_of_every_rule_are_in_the_claim(report):
    assert decided_by({"rule": "equals", "quantity": "types", "value": 5, "defect": "k"}) == ["types"]
    both = [{"quantity": "x", "above": 1}, {"quantity": "x", "below": 3}]
    assert decided_by({"rule": "bounds", "conditions": both}) == ["x"]
    rules = {claim["id"]: claim["verdict"] for claim in CLAIMS["claims"]}
    for claim in report["claims"]:
        assert claim["decided_by"] == decided_by(rules[claim["id"]])


def test_metadata_counts_runs_and_gives_reasons(report):
    metadata = report["metadata"]
    assert (metadata["runs"], metadata["planned_runs"], metadata["experiments"], metadata["seeds"]) == (4, 4, 4, 1)
    assert metadata["steps"] == [2000] and metadata["metric"] == "participation_ratio" and metadata["missing"] == []
    assert metadata["families"] == [
        {"family": "mlp", "experiments": 2, "runs": 2, "excluded": 1},
        {"family": "cnn", "experiments": 1, "runs": 1, "excluded": 1},
        {"family": "transformer", "experiments": 1, "runs": 1, "excluded": 0},
    ]
    assert [(run["experiment"], run["reason"]) for run in metadata["excluded"]] == [
        ("mlp_wide-glyphs", "ended within noise of chance"),
        ("cnn_deep-photos", "diverged at step 400"),
    ]
    assert report["moments"][1] == {"family": "mlp", "kind": "jump", "period": "early", "moments": 1, "runs": 1}
    assert sum(count["moments"] for count in report["moments"]) == 4


def test_the_document_fits_its_schema_and_has_no_clock_reading(report):
    check(report, SCHEMA, Path("report.json"))
    text = json.dumps(report, allow_nan=False)
    assert "seconds" not in text and "memory" not in text
    later = document(experiments(), tables(), TYPES, CLAIMS, origins(seconds=7.5), PLANNED)
    assert json.dumps(later) == json.dumps(report)
    backwards = document(experiments(), tables(), TYPES, CLAIMS, origins()[::-1], PLANNED)
    assert backwards["provenance"]["settings_digest"] == report["provenance"]["settings_digest"]
    others = [record | {"config_digest": "f" * 16} for record in origins()]
    other = document(experiments(), tables(), TYPES, CLAIMS, others, PLANNED)
    assert other["provenance"]["settings_digest"] != report["provenance"]["settings_digest"]


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        (("claims", 3, "holds"), "true", r"at claims\.3\.holds, 'true' is not one of"),
        (("metadata", "runs"), -1, r"at metadata\.runs, -1 is less than the minimum of 0"),
        (("statistics", 0, "significant"), 1.5, r"at statistics\.0\.significant, 1\.5 is greater than the maximum"),
        (("clocks",), {}, r"at the top, .*'clocks' was unexpected"),
        (("claims", 0, "quantities", 2, "ours", "value"), "5", r"quantities\.2\.ours\.value, '5' is not of type"),
        (("experiments", 1, "flags"), "a; b", r"at experiments\.1\.flags, 'a; b' is not of type 'array'"),
        (("moments", 0, "kind"), "leap", r"at moments\.0\.kind, 'leap' is not one of"),
    ],
)
def test_a_broken_document_is_refused_with_its_place(report, where, value, said):
    broken = copy.deepcopy(report)
    inner = broken
    for key in where[:-1]:
        inner = inner[key]
    inner[where[-1]] = value
    with pytest.raises(StudyError, match=rf"report\.json was not written: .*{said}"):
        check(broken, SCHEMA, Path("report.json"))


def test_a_claim_that_the_configuration_lacks_is_named():
    with pytest.raises(StudyError, match="the ledger has claim 'C01', which config/claims.yaml does not"):
        document(experiments(), {"ledger": ledger()}, None, {"claims": CLAIMS["claims"][1:]}, [], PLANNED)


@pytest.mark.parametrize("left_out", [*TABLES, "all"])
def test_without_a_table_the_report_is_built_and_says_so(left_out):
    given = {name: table for name, table in tables().items() if left_out not in (name, "all")}
    report = document(experiments(), given, None if left_out == "all" else TYPES, CLAIMS, origins(), PLANNED)
    check(report, SCHEMA, Path("report.json"))
    missing = report["metadata"]["missing"]
    assert [sentence.split("(")[-1] for sentence in missing] == (
        [f"{name})." for name in (*TABLES, "jump_types")] if left_out == "all" else [f"{left_out})."]
    )
    text = markdown(report)
    assert all(f"Missing: {sentence}" in text for sentence in missing)
    assert ("No table of claims." in text) == (left_out in ("ledger", "all"))


def test_runs_that_failed_and_records_that_are_lost_are_named():
    some = experiments()[:2]
    records = [record for record in origins() if record["experiment"] == "mlp_wide-digits"]
    report = document(some, tables(), TYPES, CLAIMS, records, PLANNED)
    check(report, SCHEMA, Path("report.json"))
    assert report["metadata"]["missing"] == [
        "2 of 4 planned runs not finished: cnn_deep-photos (seed 0), transformer_deep-digits (seed 0).",
        "No provenance record of training: mlp_wide-glyphs (seed 0).",
        "No provenance record of phase2: mlp_wide-glyphs (seed 0).",
    ]
    assert [family["family"] for family in report["metadata"]["families"]] == ["mlp"]
    assert "Missing: 2 of 4 planned runs not finished" in markdown(report)


@pytest.mark.parametrize("runs", [pd.DataFrame(), experiments()[:0]], ids=["no columns", "no rows"])
def test_a_study_without_a_finished_run_is_reported_as_such(runs):
    report = document(runs, {}, None, CLAIMS, [], [(f"mlp-{number}", 0) for number in range(8)])
    check(report, SCHEMA, Path("report.json"))
    assert report["summary"] == ["What was found: The study has no finished run, so nothing can be said."]
    assert report["metadata"]["missing"][0].endswith("mlp-5 (seed 0) and 2 more.")
    assert "No run has finished." in markdown(report)


def test_tables_without_rows_are_not_missing():
    given = {name: table[:0] for name, table in tables().items()}
    report = document(experiments(), given, {}, CLAIMS, origins(), PLANNED)
    check(report, SCHEMA, Path("report.json"))
    assert report["metadata"]["missing"] == [] and report["hypotheses"] == []
    assert "No hypothesis was tested." in markdown(report)


def test_the_cells_of_the_markdown_are_the_numbers_of_the_document(report):
    found = markdown_tables(markdown(report))
    assert all(len(row) == len(table[0]) for table in found for row in table)
    by_heading = {}
    for table in found:
        by_heading.setdefault(tuple(table[0]), []).append(table[1:])
    (claims,) = by_heading["", "Claim", "Published evidence", "In our runs", "Why the evidence", "Why in our runs"]
    assert [row[0] for row in claims] == [claim["id"] for claim in report["claims"]]
    assert [tuple(row[2:4]) for row in claims] == [words_of(claim) for claim in report["claims"]]
    details = by_heading[
        "Quantity", "Published", "As published", "Method on a null", "Repaired", "Null", "Ours", "Runs", "Note"
    ]
    assert len(details) == len(report["claims"])
    numbers = 0
    for rows, claim in zip(details, report["claims"], strict=True):
        for cells, row in zip(rows, claim["quantities"], strict=True):
            for cell, value in zip(
                (cells[1], cells[2], cells[4]), (row["published"], row["as_published"], row["repaired"]), strict=True
            ):
                assert cell == short(value)
                if value is not None:
                    assert float(cell.replace(",", "")) == pytest.approx(value, rel=6e-3, abs=1e-12)
                    numbers += 1
            ours = row["ours"]
            assert cells[6] == interval(ours["value"], ours["low"], ours["high"])
    assert numbers > 150
    stable = next(cells for cells in details[0] if cells[0] == "layers stable from step 0, %")
    assert stable[6] == "12.5 (3.25 to 21.8)"
    (statistics,) = by_heading["Statistic", "Metric", "Family", "Value", "Null", "Significant", "Runs", "Excluded"]
    assert statistics[1] == [
        "|z| jumps per run", "participation ratio", "all", "19.6 (1.55 to 37.6)", "17.7 (12.5 to 22.1)", "0.25", "2", "2"
    ]  # fmt: skip
    (hypotheses,) = [rows for head, (rows, *_) in by_heading.items() if "Planned power" in head]
    assert hypotheses[1][2] == "Are early jumps an escape | from initialisation?"
    assert hypotheses[0][5:8] == ["-0.0421 (-0.06 to -0.02)", "0.004", "-0.001 (-0.01 to 0.01)"]
    (detectors,) = by_heading["Series", "Measured", "levelshift", "zscore", "likelihood-ratio bound"]
    assert detectors[1][1:3] == ["share of series with a false jump", "0.025 (0 to 0.13)"]
    assert detectors[2] == [
        "step in white noise, 5 sd", "recall", "0.975 (0.87 to 0.99)", "0.5 (0.35 to 0.65)", "0.998"
    ]  # fmt: skip


def test_bars_and_line_ends_do_not_end_a_cell():
    assert table_row(["a|b", "c\nd", 5, "e\\"]) == "| a\\|b | c d | 5 | e\\\\ |"
    assert table_row(["<b>", "[a](b)", "*c* `d`"]) == r"| \<b\> | \[a\](b) | \*c\* \`d\` |"
    assert table_head(["a", "b", "c"], 1, 1) == "| a | b | c |\n| :-- | --: | :-- |"
    assert claim_cells(ledger_row()) == [
        "jumps before a tenth, %", "83.3", "n/a", "87", "n/a", "1 (0 to 2)", "7", "55", "a null; a note",
    ]  # fmt: skip


def ledger_row() -> dict:
    return {
        "quantity": "early_percent",
        "label": "jumps before a tenth, %",
        "published": 83.3,
        "as_published": None,
        "defect": {"mean": 87.0, "low": None, "high": None, "name": "a method"},
        "repaired": None,
        "null": {"mean": 1.0, "low": 0.0, "high": 2.0, "name": "a null"},
        "ours": {"value": 7.0, "low": None, "high": None},
        "runs": 55,
        "note": "a note",
    }


def test_plain_has_python_types_and_null_for_what_is_no_number():
    given = {"a": np.float64(1.5), "b": [np.nan, math.inf, pd.NA, np.int64(3)], 4: (np.bool_(True), None)}
    assert json.dumps(plain(given), allow_nan=False) == '{"a": 1.5, "b": [null, null, null, 3], "4": [true, null]}'


@pytest.fixture
def folder(tmp_path) -> Path:
    """The files of a study, as the step reads them."""
    write_parquet(tmp_path / "experiments.parquet", experiments())
    for name, table in tables().items():
        write_parquet(tmp_path / f"{name}.parquet", table)
    types = {"participation_ratio": {**TYPES["participation_ratio"], "stability": None}}
    write_json(tmp_path / "jump_types.json", types)
    sheet = ["experiment\tarchitecture\tdataset", *("\t".join((name, *name.split("-"))) for name in FAMILY)]
    (tmp_path / "sheet.tsv").write_text("\n".join(sheet) + "\n")
    write_origins(tmp_path, 1.0)
    return tmp_path


def write_origins(folder: Path, seconds: float) -> None:
    for record in origins(seconds):
        name = {"training": "provenance.json", "phase2": "phase2_provenance.json"}[record["stage"]]
        path = folder / "runs" / record["experiment"] / "seed0" / name
        write_json(path, record)


def step(folder: Path, out: str) -> subprocess.CompletedProcess:
    command = {
        "runs": [folder / "runs"],
        "sheet": [folder / "sheet.tsv"],
        "seeds": [1],
        "claims": [ROOT / "config/claims.yaml"],
        "schema": [SCHEMA_FILE],
        "experiments": [folder / "experiments.parquet"],
        "tables": [folder / f"{name}.parquet" for name in TABLES],
        "types": [folder / "jump_types.json"],
        "json": [folder / out / "report.json"],
        "markdown": [folder / out / "report.md"],
    }
    arguments = [str(part) for name, values in command.items() for part in (f"--{name}", *values)]
    return subprocess.run(
        [sys.executable, str(ROOT / "workflow/scripts/integrated_report.py"), *arguments],
        capture_output=True,
        text=True,
        env={**environment(), "PYTHONPATH": str(ROOT / "workflow")},
    )


def test_equal_studies_give_equal_bytes_and_a_broken_one_leaves_no_file(folder):
    done = step(folder, "first")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Claimed: Neural dimensionality tracking (NDT), 2025, makes 17 claims")
    write_origins(folder, 2.5)
    assert step(folder, "second").returncode == 0
    for name in ("report.json", "report.md"):
        assert (folder / "first" / name).read_bytes() == (folder / "second" / name).read_bytes()
    written = read_json(folder / "first/report.json")
    assert written["statistics"][1]["value"] == 19.6 and written["metadata"]["missing"] == []
    assert (folder / "first/report.md").read_text().startswith(markdown(written))
    broken = tables()["statistics"].assign(significant=3.0)
    write_parquet(folder / "statistics.parquet", broken)
    refused = step(folder, "third")
    assert refused.returncode == 1 and "Error:" in refused.stderr and "statistics.0.significant" in refused.stderr
    assert "Traceback" not in refused.stderr and not (folder / "third").exists()
