"""The lock of pip names every package at the version that runs here, and the conda file agrees with it."""

import ast
import re
import runpy
import subprocess
import sys
import sysconfig
from importlib.metadata import distribution, distributions, version
from pathlib import Path

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
PLATFORMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
}
PIN = r"([\w.-]+)==([\w.]+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)"
# Names on conda-forge of packages that are called otherwise on PyPI.
ON_PYPI = {"pytorch": "torch", "matplotlib-base": "matplotlib", "snakemake-minimal": "snakemake"}


def lock(name: str = "requirements.txt") -> dict[str, str]:
    """{package: version}; every one has a hash, and nothing but pins, hashes and the file of constraints stands there."""
    text = (ROOT / "envs" / name).read_text(encoding="utf-8").replace("-c cuda.txt\n", "")
    pins = [re.fullmatch(PIN, entry) for entry in re.split(r"\n(?! )", text.rstrip("\n")) if not entry.startswith("#")]
    assert pins and all(pins), f"{name} has lines that are no pins with hashes"
    found = {str(canonicalize_name(pin[1])): pin[2] for pin in pins}
    assert len(found) == len(pins), "a package is pinned twice"
    return found


def asked_for() -> set[str]:
    lines = (ROOT / "envs/requirements.in").read_text(encoding="utf-8").splitlines()
    return {line for line in lines if not line.startswith("#")}


def conda() -> dict[str, str]:
    """{package, as PyPI calls it: what is asked of its version}"""
    asked = (entry.split() for entry in yaml.safe_load(CONDA.read_text(encoding="utf-8"))["dependencies"])
    return {ON_PYPI.get(name, name): limits for name, limits in asked}


def requirements(
    package: str, extras: frozenset[str] = frozenset(), python: str = PYTHONS[0], platform: str = "linux"
) -> list[Requirement]:
    """What an installed package requires under that version of Python, on that platform and with those extras."""
    listed = [Requirement(text) for text in distribution(package).requires or ()]
    here = {"python_version": python, "python_full_version": f"{python}.0", **PLATFORMS[platform]}
    return [
        wanted
        for wanted in listed
        if not wanted.marker or any(wanted.marker.evaluate({**here, "extra": extra}) for extra in (extras or {""}))
    ]


def test_what_is_installed_is_what_is_pinned():
    installed = {package: Version(version(package)).public for package in lock()}
    assert installed == lock()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_lock_is_what_the_top_level_list_requires_under_every_python_and_no_more(platform):
    """As the installed packages say. What torch requires of CUDA is in a file of its own; its CPU build requires none."""
    pins = lock() | lock("cuda.txt")
    reached = set()
    for python in PYTHONS:
        open_ends = [(str(canonicalize_name(name)), frozenset()) for name in asked_for()]
        seen = set(open_ends)
        while open_ends:
            package, extras = open_ends.pop()
            assert SpecifierSet(distribution(package).metadata["Requires-Python"] or "").contains(f"{python}.0"), (
                package
            )
            for wanted in requirements(package, extras, python, platform):
                name = str(canonicalize_name(wanted.name))
                assert name in pins, f"{package} requires {wanted}, which envs/requirements.txt does not pin"
                assert wanted.specifier.contains(pins[name], prereleases=True), f"{package}: {wanted}, {pins[name]}"
                end = name, frozenset(wanted.extras)
                if end not in seen and name in lock():
                    seen.add(end)
                    open_ends.append(end)
        reached |= {name for name, _ in seen}
    assert reached == set(lock())


def test_the_build_for_cpus_is_that_of_the_pinned_version():
    *_, pin = (ROOT / "envs/cpu.txt").read_text(encoding="utf-8").splitlines()
    assert pin == f"torch=={lock()['torch']}+cpu"


def test_files_that_only_cuda_needs_are_pinned_apart():
    assert {"triton", "cuda-toolkit", "nvidia-cublas"} <= set(lock("cuda.txt"))
    assert not set(lock("cuda.txt")) & set(lock())


def test_what_is_installed_comes_from_the_lock():
    """By its record: a distribution in the environment of these tests that no list names would be one that nobody chose."""
    if not (Path(sys.prefix) / "pyvenv.cfg").exists():
        pytest.skip("these tests do not run in an environment of their own")
    found = {
        str(canonicalize_name(each.metadata["Name"])) for each in distributions(path=[sysconfig.get_path("purelib")])
    }
    missing = found - set(lock()) - set(lock("cuda.txt")) - set(lock("pip.txt"))
    assert missing <= {"setuptools", "repdyn"}, missing


def test_every_install_from_the_lock_asks_for_its_hashes():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    lines = [
        line
        for name in listed
        if Path(name).suffix in {".md", ".yml", ".yaml", ".py", ".sh", ".smk", ""} and (ROOT / name).is_file()
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
        if re.search(r"pip install\b.*-r ", line) and "re.search" not in line
    ]
    assert len(lines) >= 2
    for line in lines:
        assert line.count("pip install") == line.count("pip install --require-hashes"), line


def test_the_conda_file_asks_for_the_pinned_versions():
    asked = conda()
    python = asked.pop("python")
    assert asked == {package: f"=={lock().get(package)}" for package in asked}
    wanted = re.search(r'requires-python = "(.*)"', (ROOT / "pyproject.toml").read_text())[1]
    assert wanted == python
    supported = [f"3.{minor}" for minor in range(8, 20) if SpecifierSet(python).contains(f"3.{minor}")]
    assert supported == PYTHONS and f"3.{sys.version_info[1]}" in supported


def test_the_top_level_list_has_the_packages_of_the_conda_file_and_those_excused_there():
    text = CONDA.read_text(encoding="utf-8")
    excused = {name for names in re.findall(r"^# not here: (.+) \(", text, re.MULTILINE) for name in names.split(", ")}
    assert asked_for() == set(conda()) - {"python"} | excused


def test_packages_that_are_in_one_file_only_are_named_there():
    excused = set()
    for names in re.findall(r"^# not here: ([\w, -]+) \(.+\)$", CONDA.read_text(encoding="utf-8"), re.MULTILINE):
        excused |= set(names.split(", "))
    required = {str(canonicalize_name(wanted.name)) for package in lock() for wanted in requirements(package)}
    left_out = set(lock()) - set(conda())
    assert left_out - required == excused & (left_out - required) and excused <= left_out


def test_every_package_that_the_code_imports_is_in_both_files():
    """Except for what no job needs: loops of other libraries, what the benchmark compares with, what reads recordings in NWB."""
    imported = set()
    callbacks = ROOT / "workflow/repdyn/callbacks"
    for file in (path for path in (ROOT / "workflow").rglob("*.py") if callbacks not in path.parents):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.partition(".")[0])
    own = {path.stem for folder in ("workflow", "workflow/scripts") for path in (ROOT / folder).iterdir()}
    packages = {PACKAGES.get(name, name) for name in imported - own - {"ndt", "pynwb"} - set(sys.stdlib_module_names)}
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
