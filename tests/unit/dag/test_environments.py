"""The lock of pip names every package at the version that runs here, and the conda file agrees with it."""

import ast
import re
import runpy
import sys
from importlib.metadata import distribution, version

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from dag.listing import PACKAGES, UNSEEN
from helpers.project import ROOT

CONDA = ROOT / "envs/environment.yaml"
PYTHONS = ["3.11", "3.12", "3.13"]
# Names on conda-forge of packages that are called otherwise on PyPI.
ON_PYPI = {"pytorch": "torch", "matplotlib-base": "matplotlib", "snakemake-minimal": "snakemake"}


def lock() -> dict[str, str]:
    """{package: version}"""
    lines = (ROOT / "envs/requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [re.fullmatch(r"([\w.-]+)==([\w.]+)", line) for line in lines]
    assert all(pins), [line for line, pin in zip(lines, pins, strict=True) if not pin]
    found = {str(canonicalize_name(pin[1])): pin[2] for pin in pins}
    assert len(found) == len(lines), "a package is pinned twice"
    return found


def conda() -> dict[str, str]:
    """{package, as PyPI calls it: what is asked of its version}"""
    asked = (entry.split() for entry in yaml.safe_load(CONDA.read_text(encoding="utf-8"))["dependencies"])
    return {ON_PYPI.get(name, name): limits for name, limits in asked}


def requirements(package: str, extras: frozenset[str] = frozenset(), python: str = PYTHONS[0]) -> list[Requirement]:
    """What an installed package requires under that version of Python, and with those extras."""
    listed = [Requirement(text) for text in distribution(package).requires or ()]
    here = {"python_version": python, "python_full_version": f"{python}.0"}
    return [
        wanted
        for wanted in listed
        if not wanted.marker or any(wanted.marker.evaluate({**here, "extra": extra}) for extra in (extras or {""}))
    ]


def test_what_is_installed_is_what_is_pinned():
    installed = {package: Version(version(package)).public for package in lock()}
    assert installed == lock()


@pytest.mark.parametrize("python", PYTHONS)
def test_whatever_a_pinned_package_requires_is_pinned_and_fits(python):
    pins = lock()
    open_ends = [(package, frozenset()) for package in pins]
    seen = set()
    while open_ends:
        package, extras = open_ends.pop()
        assert SpecifierSet(distribution(package).metadata["Requires-Python"] or "").contains(f"{python}.0"), package
        for wanted in requirements(package, extras, python):
            name = str(canonicalize_name(wanted.name))
            assert name in pins, f"{package} requires {wanted}, which envs/requirements.txt does not pin"
            assert wanted.specifier.contains(pins[name], prereleases=True), f"{package} requires {wanted}: {pins[name]}"
            if (name, frozenset(wanted.extras)) not in seen:
                seen.add((name, frozenset(wanted.extras)))
                open_ends.append((name, frozenset(wanted.extras)))


def test_the_conda_file_asks_for_the_pinned_versions():
    asked = conda()
    python = asked.pop("python")
    assert asked == {package: f"=={lock().get(package)}" for package in asked}
    wanted = re.search(r'requires-python = "(.*)"', (ROOT / "pyproject.toml").read_text())[1]
    assert wanted == python
    supported = [f"3.{minor}" for minor in range(8, 20) if SpecifierSet(python).contains(f"3.{minor}")]
    assert supported == PYTHONS and f"3.{sys.version_info[1]}" in supported


def test_packages_that_are_in_one_file_only_are_named_there():
    excused = set()
    for names in re.findall(r"^# not here: ([\w, -]+) \(.+\)$", CONDA.read_text(encoding="utf-8"), re.MULTILINE):
        excused |= set(names.split(", "))
    required = {str(canonicalize_name(wanted.name)) for package in lock() for wanted in requirements(package)}
    left_out = set(lock()) - set(conda())
    assert left_out - required == excused & (left_out - required) and excused <= left_out


def test_every_package_that_the_code_imports_is_in_both_files():
    """Except for what no job runs: loops of other libraries, which callbacks serve, and what the benchmark compares with."""
    imported = set()
    callbacks = ROOT / "workflow/repdyn/callbacks"
    for file in (path for path in (ROOT / "workflow").rglob("*.py") if callbacks not in path.parents):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.partition(".")[0])
    own = {path.stem for folder in ("workflow", "workflow/scripts") for path in (ROOT / folder).iterdir()}
    packages = {PACKAGES.get(name, name) for name in imported - own - {"ndt"} - set(sys.stdlib_module_names)}
    packages |= {name for package in packages for name in UNSEEN.get(package, ())}
    assert {"torch", "scikit-learn", "pyarrow"} <= packages
    assert packages <= set(lock()), packages - set(lock())
    assert packages <= set(conda()), packages - set(conda())


def test_the_licence_of_every_package_is_listed():
    written = runpy.run_path(str(ROOT / "envs/licences.py"))["table"]()
    assert (ROOT / "envs/licences.tsv").read_text(encoding="utf-8") == written, "python envs/licences.py"
    assert {row.split("\t")[0] for row in written.splitlines()[1:]} >= {
        "torch",
        "hypothesis",
    } and "not stated" not in written
