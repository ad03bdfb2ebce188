"""A figure is a folder and an entry: no folder without an entry, no entry that the page does not show, none with torch."""

import pytest

from dag.imports import import_closure
from helpers.project import ROOT
from repdyn.figures.registry import RUN, SECTIONS, STUDY, run_caption, study_caption
from repdyn.toolkit import ALL_TOOLS, PAGES, load, tools_on

LIBRARY = ROOT / "workflow/repdyn"
STEPS = (
    "study_figure", "study_data", "run_figure", "toolkit_figure", "toolkit_page", "guide", "report", "run_page", "readme",
)  # fmt: skip


def folders(path: str) -> set[str]:
    return {file.parent.name for file in (LIBRARY / path).glob("*/figure.py")}


@pytest.mark.parametrize(("kind", "entries"), [("figures/study", STUDY), ("figures/run", RUN), ("toolkit", ALL_TOOLS)])
def test_every_folder_has_an_entry_and_every_entry_a_folder(kind, entries):
    assert folders(kind) == set(entries)
    for name in entries:
        # Without it the import graph does not see the folder.
        assert (LIBRARY / kind / name / "__init__.py").is_file()


def test_every_figure_has_a_caption_a_section_and_the_data_that_its_entry_names():
    assert all(study_caption(name) for name in STUDY) and all(run_caption(name) for name in RUN)
    for name, figure in STUDY.items():
        assert figure.section in SECTIONS
        assert bool(figure.data) == (LIBRARY / "figures/study" / name / "data.py").is_file()
        assert not figure.data or figure.data.partition(".")[0] == name
    assert set(SECTIONS) == {figure.section for figure in STUDY.values()}


def test_every_tool_stands_on_a_page_and_says_what_it_found_and_what_it_cannot_say():
    assert [name for page in PAGES for name in tools_on(page)] == list(ALL_TOOLS)
    assert all(tools_on(page) for page in PAGES)
    for name in ALL_TOOLS:
        findings = load(name, "findings")
        assert callable(findings.sentence) and callable(findings.found) and callable(findings.limits)


def imported(file) -> frozenset[str]:
    return import_closure(str(file.relative_to(ROOT)), ("workflow/scripts", "workflow"))[1]


def test_jobs_that_draw_and_write_pages_do_not_load_torch(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert "torch" in imported(ROOT / "workflow/scripts/train.py")
    parts = [
        *LIBRARY.glob("figures/*/*/*.py"),
        *LIBRARY.glob("toolkit/*/figure.py"),
        *LIBRARY.glob("toolkit/*/findings.py"),
        *LIBRARY.glob("toolkit/*/guide.py"),
    ]
    files = [*(ROOT / f"workflow/scripts/{name}.py" for name in STEPS), *parts]
    assert [str(file) for file in files if "torch" in imported(file)] == []


def test_drawing_does_not_read_the_registry(monkeypatch):
    """So that a new figure draws no other again."""
    monkeypatch.chdir(ROOT)
    for file in (*LIBRARY.glob("figures/*/*/*.py"), ROOT / "workflow/scripts/study_figure.py"):
        closure, _ = import_closure(str(file.relative_to(ROOT)), ("workflow/scripts", "workflow"))
        assert "workflow/repdyn/figures/registry.py" not in closure
