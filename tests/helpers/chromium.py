"""Pages in a real browser: the system's Chromium without a window, driven by Playwright."""

import os
import shutil
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


def missing(what: str):
    """Skip the test, or fail it where CI is set: there nothing may be left out."""
    reason = f"{what}: the pages cannot be opened in a browser"
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        pytest.skip(reason)
    pytest.fail(f"{reason}, and CI is set", pytrace=False)


@contextmanager
def chromium():
    """A started browser; the tests that ask for it are skipped where there is none."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        missing("Chromium is not installed (Debian: apt-get install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        missing(f"Playwright is not installed (pip install --require-hashes -r envs/requirements.txt): {error}")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program)
        yield started
        started.close()


@contextmanager
def tab(browser, width: int = 1280, scheme: str = "light", script: bool = True):
    """An empty page with a profile of its own."""
    size = {"width": width, "height": 800}
    context = browser.new_context(viewport=size, color_scheme=scheme, java_script_enabled=script)
    yield context.new_page()
    context.close()


@contextmanager
def opened(browser, path: Path, fragment: str = "", **settings):
    """The page of a file."""
    with tab(browser, **settings) as page:
        page.goto(path.as_uri() + fragment)
        yield page


@cache
def axe() -> str:
    """The script of axe-core, from the pinned package that carries it; the tests that ask for it are skipped without."""
    try:
        return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    except ImportError as error:
        missing(f"axe is not installed (pip install --require-hashes -r envs/requirements.txt): {error}")


def first_page(report: Path, pattern: str) -> Path:
    """The first page of a report that fits; only a report that was given may be of a study without the toolkit."""
    found = sorted(report.glob(pattern))
    if not found and pattern.startswith(("toolkit", "guide")) and "REPDYN_REPORT" in os.environ:
        pytest.skip(f"{report} is of a study without the toolkit (snakemake toolkit)")
    assert found, f"{report} has no {pattern}"
    return found[0]
