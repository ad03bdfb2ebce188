"""The toolkit's pages of the small study: a section for every tool, whose numbers are those of its tables."""

import numpy as np
import pandas as pd
import pytest

from helpers.html_reader import Reader
from repdyn.measures.table import COLUMNS
from repdyn.report.guide import every_question
from repdyn.report.quantities import described, is_described
from repdyn.toolkit import ALL_TOOLS, PAGES, RECURRENT, SELF_CONTAINED, TOOLS, tools_on
from repdyn.toolkit.questions import RECIPES
from repdyn.wording.names import measure_name
from repdyn.wording.numbers import short

RESULTS = "results/small"
RUN = f"{RESULTS}/runs/mlp_narrow-digits/seed0"


@pytest.fixture(scope="module")
def pages(study):
    report = study.folder / RESULTS / "report"
    return {name: Reader((report / f"toolkit/{name}.html").read_text(encoding="utf-8")) for name in PAGES}


def test_contents_lead_to_every_tool_with_a_sentence_on_it(study, pages):
    contents = Reader((study.folder / RESULTS / "report/toolkit.html").read_text(encoding="utf-8"))
    assert {f"toolkit/{tool.page}.html#{name}" for name, tool in ALL_TOOLS.items()} <= set(contents.links)
    assert "calibration-table" in contents.tables and not contents.images
    for name in PAGES:
        shown = contents.words()
        assert all(tool.title in shown and tool.title in pages[name].words() for tool in tools_on(name).values())


def test_every_tool_has_a_section_with_words_a_figure_its_runs_and_its_methods(pages, study):
    for name, page in pages.items():
        tools = tools_on(name)
        assert set(tools) <= set(page.ids)
        assert [image["alt"] for image in page.images] == [f"{tool.alt}." for tool in tools.values()]
        assert page.links.count("../runs/mlp_narrow-digits-seed0.html") == len(tools.keys() & TOOLS.keys())
        assert page.words().count("What this cannot say:") == len(tools)
        for tool in tools:
            assert len(page.tables[f"{tool}-calibration"]) > 1
            for suffix in ("webp", "png", "svg"):
                assert (study.folder / RESULTS / f"figures/toolkit/{tool}.{suffix}").stat().st_size > 1000


@pytest.mark.parametrize("tool", [*TOOLS, *SELF_CONTAINED])
def test_the_numbers_of_a_section_are_those_of_the_table(pages, study, tool):
    page = pages[ALL_TOOLS[tool].page]
    run = RUN if tool in TOOLS else f"{RESULTS}/toolkit/{tool}/seed0"
    table = pd.read_parquet(study.folder / run / f"toolkit/{tool}.parquet")
    assert list(table.columns) == ["experiment", "seed", *COLUMNS]
    shown = {row[0]["text"]: [cell["text"] for cell in row[1:]] for row in page.tables[f"{tool}-table"][1:]}
    assert set(shown) == {measure_name(str(name)) for name in table["quantity"].unique()}
    assert len(shown) == table["quantity"].nunique()
    known = described(f"repdyn.toolkit.{tool}", "measure").quantities
    assert [name for name in table["quantity"].unique() if not is_described(name, known)] == []
    for quantity, part in table.groupby("quantity", observed=True):
        last = part[part["step"] == part["step"].max()]
        experiment, step, mean, _, counted = shown[measure_name(str(quantity))]
        assert experiment == ("mlp_narrow-digits" if tool in TOOLS else tool) and step == short(
            int(last["step"].iloc[0])
        )
        assert mean == short(float(np.nanmean(last["value"])) if last["value"].notna().any() else np.nan)
        assert counted == f"{last['value'].notna().sum()} of {len(last)}"


def test_a_recording_of_the_users_gets_a_page_with_controls_ceiling_and_how_many(study, tmp_path):
    rng = np.random.default_rng(0)
    stimuli = rng.random((60, 1, 16, 16))
    rate = np.exp(1 + (stimuli.reshape(60, -1) - 0.5) @ rng.normal(0, 0.3, (256, 5)))
    np.savez(tmp_path / "a.npz", responses=rng.poisson(rate, (3, 60, 5)), stimuli=stimuli, units=list("abcde"))
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(f"recordings: {{cortex: {{file: {tmp_path / 'a.npz'}, experiment: mlp_narrow-digits}}}}\n")
    done = study.snakemake("recordings", config=["tests/small/config.yaml", str(overlay)])
    assert done.returncode == 0, done.stdout + done.stderr
    page = Reader((study.folder / RESULTS / "report/recordings.html").read_text(encoding="utf-8"))
    table = pd.read_parquet(study.folder / RESULTS / "recordings/cortex/mlp_narrow-digits-seed0.parquet")
    assert len(page.tables["cortex-table"]) == 1 + len(table) and set(table["features"]) > {"input", "hidden.0"}
    assert "cortex (60 stimuli, 3 repeats, 5 units), by ridge regression, 1 run of mlp_narrow-digits" in page.words()
    assert "the same layer untrained" in page.words() and "ceiling 0." in page.words()


def rerun(study, edited: str) -> dict[str, int]:
    """Jobs per rule of the toolkit after a file was edited."""
    with study.edit(edited):
        done = study.snakemake("-n", "toolkit")
    jobs = done.stdout.split("Job stats:")[1].split("total")[0].split()[4:]
    return dict(zip(jobs[::2], map(int, jobs[1::2]), strict=True))


def test_editing_a_module_reruns_that_module_its_figure_and_the_pages(study):
    assert rerun(study, "workflow/repdyn/toolkit/sparse_autoencoders/measure.py") == {
        "look_into": 1, "toolkit_figure_sparse_autoencoders": 1, "toolkit_page": 1, "guide": 1, "toolkit": 1,
    }  # fmt: skip
    pages = {"toolkit_page": 1, "guide": 1, "toolkit": 1}
    assert rerun(study, "workflow/repdyn/toolkit/sparse_autoencoders/guide.py") == pages
    assert rerun(study, "examples/recipes/heads.txt") == {"guide": 1, "toolkit": 1}


def test_the_guide_is_led_to_and_gives_every_question_with_how_its_methods_did(study):
    report = study.folder / RESULTS / "report"
    for page in ("index.html", "toolkit.html"):
        assert "guide.html" in Reader((report / page).read_text(encoding="utf-8")).links
    guide = Reader((report / "guide.html").read_text(encoding="utf-8"))
    assert {f"toolkit/{tool.page}.html#{name}" for name, tool in ALL_TOOLS.items()} <= set(guide.links)
    calibration = pd.read_parquet(study.folder / RESULTS / "toolkit/calibration.parquet").set_index("method")
    missed = set(calibration.index[~calibration["calibrated"]])
    words = guide.words()
    for name, _, question in every_question():
        assert name in guide.ids
        assert (f"{question.asks} (not calibrated here)" in words) == bool(missed & set(question.methods))
        for method in question.methods:
            assert f"truth is {short(calibration.loc[method, 'truth'])} ±" in words
    for name in RECIPES:
        assert " ".join((study.folder / f"examples/recipes/{name}.txt").read_text().split()) in words


def test_recurrent_networks_are_looked_into_by_the_tools_for_their_task(study):
    """Of other tools the table is empty, and the section names no such network."""
    folder = study.folder / RESULTS / "recurrent"
    sizes = {
        (name, tool): len(pd.read_parquet(folder / f"{name}/seed0/toolkit/{tool}.parquet"))
        for name in ("flipflop_gru", "connect4_gru")
        for tool in RECURRENT
    }
    assert [pair for pair, rows in sizes.items() if not rows] == [
        ("flipflop_gru", "connect_four"), ("connect4_gru", "dynamical_systems"), ("connect4_gru", "landscapes"),
        ("connect4_gru", "circuits"),
    ]  # fmt: skip


def test_an_experiment_that_the_sheet_lacks_is_named_before_any_job(study, tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("toolkit: {experiments: [mlp_narow-digits]}\n")
    config = ["tests/small/config.yaml", str(overlay)]
    assert study.snakemake("-n", config=config).returncode == 0
    refused = study.snakemake("-n", "toolkit", config=config)
    assert refused.returncode != 0
    assert "did you mean 'mlp_narrow-digits'?" in refused.stdout + refused.stderr
