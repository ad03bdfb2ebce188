"""The library as an installed package: what it names, what it needs, and that it imports from outside the repository."""

import ast
import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

import repdyn
from dag.imports import import_closure
from dag.listing import PACKAGES
from helpers.project import ROOT

LIBRARY = ROOT / "workflow/repdyn"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
# Rooms that need more than the dependencies, and the groups that bring it.
NEEDING = {
    "alignment/grasshopper.py": "recordings", "callbacks/huggingface.py": "huggingface",
    "callbacks/lightning.py": "lightning", "datasets": "plot", "figures": "plot", "report": "report", "toolkit": "plot",
    "topology": "topology", "tracking/plot.py": "plot",
}  # fmt: skip


def modules() -> list[str]:
    paths = (path.relative_to(LIBRARY.parent).with_suffix("") for path in LIBRARY.rglob("*.py"))
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in paths)


def imported(file: Path) -> set[str]:
    """The packages from elsewhere that a file names in an import, as pip calls them."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.partition(".")[0])
    return {PACKAGES.get(name, name) for name in found - set(sys.stdlib_module_names) - {"repdyn"}}


def test_pyproject_names_what_the_library_imports_and_nothing_else():
    needed = set(PROJECT["project"]["dependencies"])
    named = needed.union(*EXTRAS.values())
    files = {file.relative_to(LIBRARY).as_posix(): imported(file) for file in LIBRARY.rglob("*.py")}
    assert set().union(*files.values()) == named
    for file, packages in files.items():
        rooms = [room for room in NEEDING if file == room or file.startswith(f"{room}/")]
        assert packages <= needed.union(*(EXTRAS[NEEDING[room]] for room in rooms)), file


def test_every_public_name_is_there_and_said_to_type_checkers():
    assert dir(repdyn) == sorted(repdyn.__all__) and len(set(repdyn.__all__)) == len(repdyn.__all__)
    stub = re.findall(r"import (\w+) as (\w+)", (LIBRARY / "__init__.pyi").read_text(encoding="utf-8"))
    assert {name for name, _ in stub} == {name for _, name in stub} == set(repdyn.__all__)
    packages = {path.parent.name for path in LIBRARY.glob("*/__init__.py")}
    assert packages <= set(repdyn.__all__)
    for name in repdyn.__all__:
        assert getattr(repdyn, name) is not None
    with pytest.raises(AttributeError, match="repdyn has no 'trakcer'; it has StudyError, Tracker"):
        repdyn.trakcer  # noqa: B018


def test_importing_it_loads_nothing_heavy():
    code = (
        "import sys, repdyn; sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'pandas', 'matplotlib')))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
        ).returncode
        == 0
    )


def test_public_names_do_not_lengthen_what_a_step_depends_on(tmp_path, monkeypatch):
    """A step that imports anything of the library runs its `__init__`, whose re-exports must not count as imports."""
    monkeypatch.chdir(ROOT)
    probe = tmp_path / "step.py"
    probe.write_text("from repdyn.errors import StudyError\n")
    files, elsewhere = import_closure(str(probe), ("workflow",))
    assert [Path(file).name for file in files] == ["step.py", "__init__.py", "errors.py"]
    assert "torch" not in elsewhere
    for step in sorted((ROOT / "workflow/scripts").glob("*.py")):
        files, _ = import_closure(step.relative_to(ROOT).as_posix(), ("workflow/scripts", "workflow"))
        assert not [file for file in files if "repdyn/tracking/" in file or "repdyn/callbacks/" in file], step


def test_no_step_and_no_module_uses_a_name_that_is_re_exported():
    """Such an import would hide from the list of code what the step runs."""
    lazy = set(repdyn._HOMES)
    for file in [*LIBRARY.rglob("*.py"), *(ROOT / "workflow/scripts").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "repdyn":
                assert not lazy & {name.name for name in node.names}, file
            if isinstance(node, ast.Import):
                assert "repdyn" not in {name.name for name in node.names}, file


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The interpreter of an empty environment into which the wheel was put; it sees the packages of this one behind it."""
    folder = tmp_path_factory.mktemp("wheel")
    source, home = folder / "source", folder / "environment"
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    copytree(LIBRARY, source / "workflow/repdyn", ignore=ignore_patterns("__pycache__"))
    build = [sys.executable, "-c", "from setuptools.build_meta import build_wheel; print(build_wheel('..'))"]
    done = subprocess.run(build, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    wheel = folder / done.stdout.split()[-1]
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin/python"
    here = sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)})
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--no-deps",
        "--no-index",
        "--quiet",
        str(wheel),
    ]
    done = subprocess.run(pip, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    Path(here, "behind.pth").write_text("\n".join({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}))
    return python


def test_every_module_of_the_wheel_imports(installed, tmp_path):
    wanted = [name for name in modules() if name not in ("repdyn.callbacks.lightning", "repdyn.callbacks.huggingface")]
    code = (
        "import importlib, json, sys\n"
        "for name in json.load(sys.stdin): importlib.import_module(name)\n"
        "import repdyn, repdyn.toolkit, repdyn.report.html\n"
        "from importlib.resources import files\n"
        "typed = files('repdyn').joinpath('py.typed').is_file()\n"
        "print(json.dumps([repdyn.__file__, repdyn.toolkit.caption('geometry'), typed]))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [installed, "-P", "-c", code],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    where, caption, typed = json.loads(done.stdout)
    assert Path(where).is_relative_to(installed.parent.parent) and caption and typed


def test_the_wheel_holds_every_file_of_the_library(installed):
    (home,) = installed.parent.parent.glob("lib/python*/site-packages/repdyn")
    kept = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    ours = {
        path.relative_to(LIBRARY).as_posix() for path in LIBRARY.rglob("*") if path.is_file() and path.suffix != ".pyc"
    }
    assert kept == ours
