"""Fixtures: a copy of the project, the finished small study in it, a study of one run, a browser, and its pages."""

import os
from pathlib import Path

import pytest

# As in a job of the workflow. Threads that wait for each other are slower than one, most of all beside other work.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from helpers.chromium import chromium
from helpers.one_run import OneRun
from helpers.project import Project


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A copy of the project, shared: what a test edits it puts back."""
    return Project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def study(project):
    """The finished small study, with the toolkit."""
    done = project.snakemake("toolkit")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture(scope="session")
def one_run(request, tmp_path_factory):
    """A study of one run."""
    alone = {item.path.parent.name for item in request.session.items} == {"short"}
    with OneRun(Project(tmp_path_factory.mktemp("short")), cores=2 if alone else 1) as started:
        yield started


@pytest.fixture(scope="session", autouse=True)
def early(request):
    """Starts the study of one run before the first test where tests of it are asked for: it runs beside the others.

    A worker of several does not know whether it will be given those tests.
    """
    if hasattr(request.config, "workerinput"):
        return
    if any(item.path.parent.name == "short" for item in request.session.items):
        request.getfixturevalue("one_run")


def pytest_collection_modifyitems(config, items):
    """Of several workers, the first starts with the study of one run, which takes longest."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.path.parent.name != "short")


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, one for all tests."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def report(browser, request):
    """The folder of the pages: the one that REPDYN_REPORT names, or that of the finished small study.

    The browser is asked for first, so that no study is run for tests that have none.
    """
    given = os.environ.get("REPDYN_REPORT")
    return Path(given).resolve() if given else request.getfixturevalue("study").folder / "results/small/report"
