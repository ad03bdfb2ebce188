"""README.md says what the extract in data/readme says, and the figure shows it."""

import json
import re
import subprocess
import sys
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from common.files import read_json, write_json, write_parquet
from helpers.integrated_cases import CLAIMS, integrated
from helpers.project import ROOT, environment
from repdyn.audit.bounds import WORDS as HOLDING
from repdyn.audit.deciding import parts
from repdyn.audit.verdicts import EVIDENCE
from repdyn.errors import StudyError
from repdyn.figures.main_result import main_result, to_small_png_bytes
from repdyn.report.evidence import MEANINGS
from repdyn.report.readme import BEGIN, END, IMAGE, WORDS, alternative, extract, jumps_of, replaced, section
from repdyn.study.exclusion import excluded_runs

README = ROOT / "README.md"
TABLES = (
    "experiments", "claim_numbers_by_seeds", "ledger", "seed_agreement", "verdict_errors", "validity", "statistics",
    "findings", "hypotheses",
)  # fmt: skip
WORDED = ("evidence", "holds", "parts", "seeds")
FOUND = json.loads((ROOT / "data/readme/verdicts.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def report() -> dict:
    return integrated()


def pixels(content: bytes) -> np.ndarray:
    with Image.open(BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.float64)


def test_readme_is_what_the_rule_writes():
    text = README.read_text(encoding="utf-8")
    assert replaced(text, section(FOUND)) == text, (
        "README.md is not what data/readme/verdicts.json gives: snakemake readme"
    )


def test_readme_has_the_claims_of_the_configuration():
    declared = CLAIMS["claims"]
    expected = [(claim["id"], claim["claim"]) for claim in declared]
    assert [(claim["id"], claim["title"]) for claim in FOUND["claims"]] == expected
    for claim, rule in zip(FOUND["claims"], declared, strict=True):
        for number in claim["published"]:
            printed = rule["published"].get(number["quantity"], {"value": rule["verdict"].get("value")})
            assert number["value"] == printed["value"]


def test_the_committed_figure_shows_the_extract():
    content = (ROOT / IMAGE).read_bytes()
    assert len(content) <= 60_000
    kept, drawn = pixels(content), pixels(to_small_png_bytes(main_result(FOUND["jumps"])))
    assert kept.shape == drawn.shape and kept.shape[1] == 1120
    # Another build of the font library may move the edges of letters; a bar of another length is far more.
    assert np.abs(kept - drawn).mean() < 0.5
    other = FOUND["jumps"] | {"published": FOUND["jumps"]["published"] | {"repaired": 3000}}
    assert np.abs(kept - pixels(to_small_png_bytes(main_result(other)))).mean() > 0.5
    assert (kept[0] == 255).all() and (kept[:, 0] == 255).all()


def test_the_tables_in_git_say_what_the_readme_says():
    files = [ROOT / "data/readme" / f"{name}.csv" for name in TABLES]
    assert sum(path.stat().st_size for path in files) < 1_000_000
    tables = {path.stem: pd.read_csv(path) for path in files}
    assert len(tables["experiments"]) == FOUND["runs"]
    assert excluded_runs(tables["experiments"]).sum() == FOUND["excluded"]
    ledger, agreement = tables["ledger"], tables["seed_agreement"].set_index("claim")
    for claim in FOUND["claims"]:
        rows = ledger[ledger["claim"] == claim["id"]]
        assert set(rows["holds"]) == {claim["holds"]} and set(rows["evidence"]) == {claim["evidence"]}
        for number in claim["ours"]:
            printed = rows.loc[rows["quantity"] == number["quantity"], "ours"].dropna().tolist()
            assert printed == pytest.approx([] if number["value"] is None else [number["value"]], rel=1e-5)
        if claim["seeds"]:
            assert agreement.loc[claim["id"], "single_same"] == claim["seeds"]["single_same"]


def test_git_keeps_what_the_readme_rests_on():
    for name in ("verdicts.json", "jumps.png", *(f"{table}.csv" for table in TABLES)):
        ignored = subprocess.run(["git", "check-ignore", "-q", f"data/readme/{name}"], cwd=ROOT)
        assert ignored.returncode == 1


def test_the_extract_has_the_numbers_of_the_report(report):
    found = extract(report)
    assert found["runs"] == 4 and found["excluded"] == 2 and found["commits"] == ["0123456789ab"]
    by_name = {claim["id"]: claim for claim in found["claims"]}
    for claim in report["claims"]:
        rows = {row["quantity"]: row for row in claim["quantities"]}
        small = by_name[claim["id"]]
        assert [small[name] for name in WORDED] == [claim[name] for name in WORDED]
        assert small["published"] and small["ours"]
        for number in small["ours"]:
            measured = rows.get(number["quantity"], {"ours": {"value": None, "low": None, "high": None}})["ours"]
            assert {key: number[key] for key in measured} == measured
    assert by_name["C01"]["ours"] == [{"quantity": "stable_percent", "value": 12.5, "low": 3.25, "high": 21.75}]
    assert by_name["C02"]["published"] == [{"quantity": "total", "value": 2991}]
    assert by_name["C05"]["published"] == [{"quantity": "types_found_detected", "value": 5}]
    assert by_name["C12"]["published"] == [{"quantity": "ratio", "value": 2.5}]
    assert [number["value"] for number in by_name["C04"]["published"]] == [100, 70, 98.2]


def test_the_section_counts_every_claim_once_and_fits_a_screen(report):
    text = section(extract(report))
    for words in (EVIDENCE, HOLDING):
        counts = [int(count) for count in re.findall(rf"\b(?:{'|'.join(words)}) (\d+)[,.]", text)]
        assert len(counts) == len(words) and sum(counts) == 17
    rows = [line for line in text.splitlines() if line.startswith("| C")]
    assert len(rows) == 17 and len(text.splitlines()) <= 30
    assert "| jumps: 2,991 | jumps: 116 (78 to 173) |" in rows[1]
    assert "4 runs of our own (4 experiments, 1 seed, 2,000 steps, 2 of them excluded" in text
    assert text.startswith(BEGIN) and text.endswith(END)
    bare = extract(report) | {"commits": [], "excluded": 0}
    assert "commit unknown" in section(bare) and "excluded" not in section(bare)


def test_several_seeds_say_how_often_they_agree(report):
    found = extract(report)
    header, first, second = (section(found).splitlines()[at] for at in (6, 8, 9))
    assert header.endswith("| In our runs | One seed says the same | All but one |")
    assert first.endswith("| 3 of 3 | 3 of 3 |") and second.endswith("| 0 of 3, 3 the opposite | 3 of 3 |")
    alone = section(found | {"claims": [claim | {"seeds": None} for claim in found["claims"]]})
    assert "One seed" not in alone and "3 of 3" not in alone


def test_quantities_put_in_words_exist():
    for claim in CLAIMS["claims"]:
        rule = claim["verdict"]
        known = {*claim["published"], rule.get("quantity"), rule.get("ours")}
        known |= {condition["quantity"] for condition in rule.get("conditions", ())}
        known = {name.removesuffix("_detected") for name in known if name}
        known |= {part for name in known for part in parts(name)}
        assert set(WORDS.get(claim["id"], {})) <= known, claim["id"]


def test_a_report_without_claims_is_refused():
    with pytest.raises(StudyError, match="has no claims; the study needs study/ledger.parquet"):
        section(FOUND | {"claims": []})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"a {END}", f"x.md has the marker {BEGIN} 0 times"),
        (f"{BEGIN} {BEGIN} {END}", f"x.md has the marker {BEGIN} 2 times"),
        (f"{BEGIN} {END} {END}", f"x.md has the marker {END} 2 times"),
        (f"{END} {BEGIN}", f"x.md has the marker {END} before {BEGIN}"),
    ],
)
def test_markers_must_be_there_once_and_in_order(text, said):
    with pytest.raises(StudyError, match=re.escape(said)):
        replaced(text, "new", "x.md")


def test_nothing_outside_the_markers_changes():
    assert (
        replaced(f"before\n{BEGIN} old {END}\nafter\n", f"{BEGIN}\nnew\n{END}")
        == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    )


def bars(figure) -> dict[str, float]:
    """The lengths of the bars by their labels, in the longest."""
    found = {}
    for container in figure.axes[0].containers:
        found.setdefault(container.get_label(), []).append(container[0].get_width())
    most = max(length for lengths in found.values() for length in lengths)
    return {label: [length / most for length in lengths] for label, lengths in found.items()}


JUMPS = {
    "published": {"printed": 2991, "repaired": 8000, "noise": 4000.0, "tested": 15, "declared": 20.0,
                  "families": {"mlp": 8, "cnn": 0, "transformer": 7}},
    "ours": {"runs": 54, "rule": 6000, "noise": 6011.5, "candidates": 11, "candidates_by_family": {"mlp": 11},
             "jumps": 0, "jumps_by_family": {"mlp": 0}},
}  # fmt: skip


def test_bars_are_as_long_as_the_numbers_and_say_where_jumps_are():
    figure = main_result(JUMPS)
    expected = {
        "printed, of a metric constant by a bug": [2991 / 8000],
        "the same rule, metric repaired": [1.0],
        "the same rule, series without jumps": [0.5, 6011.5 / 8000],
        "left by a test": [15 / 8000],
        "the same rule": [0.75],
        "left by a test, between measurements": [11 / 8000],
        "within one training step": [0.0],
    }
    found = bars(figure)
    assert found.keys() == expected.keys()
    assert all(found[label] == pytest.approx(lengths) for label, lengths in expected.items())
    words = {text.get_text().strip() for text in figure.axes[0].texts}
    assert {"2,991", "8,000", "15", "(MLP 8, Transformer 7; up to 20 false)", "(MLP 11)", "0"} <= words
    figure.canvas.draw()
    for item in [*figure.axes[0].patches, *figure.axes[0].texts]:
        box = item.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y0 >= 0 and box.y1 <= figure.bbox.y1


def test_numbers_that_there_are_none_of_have_no_bar(report):
    nothing = dict.fromkeys(JUMPS["published"]) | {"families": {}}
    figure = main_result(JUMPS | {"published": nothing})
    assert "printed, of a metric constant by a bug" not in bars(figure) and "within one training step" in bars(figure)
    none = jumps_of({"claims": [], "experiments": [], "metadata": {"excluded": []}})
    assert none["ours"]["jumps"] is None and none["published"]["printed"] is None
    assert len(main_result(none).axes[0].texts) == 0


def test_the_jumps_are_those_of_the_claim_and_of_the_runs_that_learned(report):
    found = jumps_of(report)
    by_name = {row["quantity"]: row for row in report["claims"][1]["quantities"]}
    assert found["published"]["printed"] == 2991 and found["published"]["repaired"] == by_name["total"]["repaired"]
    assert found["published"]["families"]["cnn"] == by_name["cnn_detected"]["repaired"]
    # Of four runs one diverged, one ended at chance.
    assert found["ours"]["runs"] == 2 and found["ours"]["jumps"] == 4 and found["ours"]["candidates"] == 6
    assert found["ours"]["jumps_by_family"] == {"mlp": 3, "transformer": 1} and found["ours"]["rule"] is None


def test_every_word_has_a_meaning():
    assert set(MEANINGS) == {*EVIDENCE, *HOLDING}


def test_the_figure_has_an_alternative_in_words():
    text = alternative(JUMPS)
    assert text.startswith("Jumps printed: 2,991; by the same rule, repaired: 8,000, without jumps: 4,000; left by a")
    assert text.endswith("left by a test: 15. Ours: 11, within one step 0.")
    assert f'alt="{alternative(FOUND["jumps"])}"' in README.read_text(encoding="utf-8")


def test_the_step_writes_readme_figure_and_extract_alike_twice(report, tmp_path):
    write_json(tmp_path / "report.json", report)
    (tmp_path / "README.md").write_text(f"# Title\n\n{BEGIN}\n{END}\n\nEnd.\n")
    write_parquet(tmp_path / "runs.parquet", pd.DataFrame({"run": ["a", "b"], "value": [-0.0, 1 / 3]}))
    written = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, str(ROOT / "workflow/scripts/readme.py"), "--report", str(tmp_path / "report.json"),
             "--readme", str(tmp_path / "README.md"), "--folder", str(tmp_path / "out"),
             "--tables", str(tmp_path / "runs.parquet")],
            capture_output=True, text=True, env={**environment(), "PYTHONPATH": str(ROOT / "workflow")},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        written.append([path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()])
    assert written[0] == written[1]
    assert (tmp_path / "out/runs.csv").read_text() == "run,value\na,0\nb,0.333333\n"
    text = (tmp_path / "README.md").read_text()
    assert text == f"# Title\n\n{section(read_json(tmp_path / 'out/verdicts.json'))}\n\nEnd.\n"
    (tmp_path / "README.md").write_text("no markers\n")
    refused = subprocess.run(
        done.args, capture_output=True, text=True, env={**environment(), "PYTHONPATH": str(ROOT / "workflow")}
    )
    assert refused.returncode == 1 and "must be there exactly once" in refused.stderr
    assert (tmp_path / "README.md").read_text() == "no markers\n"
