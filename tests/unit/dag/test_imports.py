"""The import closure and the list of code that decide what reruns."""

import os
from hashlib import sha256
from modulefinder import ModuleFinder
from pathlib import Path

import pytest

from dag.imports import import_closure, imports_of
from dag.listing import digest, list_code, read_lock
from helpers.project import ROOT


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = {
        "scripts/step.py": "import numpy\nfrom lib.a import f\nimport helper\n",
        "scripts/helper.py": "import json\n",
        "scripts/other.py": "import lib.c\n",
        "lib/__init__.py": "",
        "lib/a.py": "def f():\n    from lib import b\n    return b\n",
        "lib/b.py": "from .sub import d\n",
        "lib/c.py": "",
        "lib/sub/__init__.py": "",
        "lib/sub/d.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_closure_follows_direct_lazy_and_relative_imports_and_nothing_else(tree):
    import_closure.cache_clear()
    imports_of.cache_clear()
    files, elsewhere = import_closure("scripts/step.py", ("scripts", "."))
    assert files == [
        "scripts/step.py",
        "lib/__init__.py",
        "lib/a.py",
        "lib/b.py",
        "lib/sub/__init__.py",
        "lib/sub/d.py",
        "scripts/helper.py",
    ]
    assert elsewhere == {"numpy", "json"}
    files, elsewhere = import_closure("scripts/other.py", ("scripts", "."))
    assert files == ["scripts/other.py", "lib/__init__.py", "lib/c.py"] and not elsewhere


@pytest.mark.parametrize("step", ["train", "phase2", "run_page"])
def test_the_closure_of_a_step_is_what_the_standard_library_finds(monkeypatch, step):
    monkeypatch.chdir(ROOT)
    roots, script = ("workflow/scripts", "workflow"), f"workflow/scripts/{step}.py"
    finder = ModuleFinder(path=[str(ROOT / root) for root in roots])
    finder.run_script(script)
    files = {
        str(Path(module.__file__).resolve().relative_to(ROOT)) for module in finder.modules.values() if module.__file__
    }
    assert set(import_closure(script, roots)[0]) == files and len(files) > 10


LOCK = """-c cuda.txt
numpy==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
PyYAML==2.0 \\
    --hash=sha256:cc
pandas==3.0
pyarrow==4.0
torch==5.0
"""


def listed(tree, **options):
    """The list of the step's code, made as by a new process, and its time of change."""
    for cached in (import_closure, imports_of, read_lock, digest):
        cached.cache_clear()
    path = tree / list_code("step", ["scripts/step.py"], ("scripts", "."), **options)
    return path.read_text().splitlines(), path.stat().st_mtime_ns


def test_the_list_of_code_has_every_file_and_the_packages_imported_as_pinned(tree):
    (tree / "envs").mkdir()
    (tree / "envs/requirements.txt").write_text(LOCK)
    lines, _ = listed(tree)
    assert [line.split()[0] for line in lines[:-1]] == sorted(import_closure("scripts/step.py", ("scripts", "."))[0])
    digests = [line.split()[1] for line in lines[:-1]]
    assert digests[0] == sha256((tree / "lib/__init__.py").read_bytes()).hexdigest() and lines[-1] == "numpy==1.0"
    lines, _ = listed(tree, packages=("pandas", "yaml"))
    assert lines[-4:] == ["numpy==1.0", "pandas==3.0", "pyarrow==4.0", "PyYAML==2.0"]


def test_the_list_changes_with_a_module_or_a_pin_and_with_nothing_else(tree):
    (tree / "envs").mkdir()
    lock = tree / "envs/requirements.txt"
    lock.write_text(LOCK)
    for path in [*tree.rglob("*.py"), lock]:
        os.utime(path, ns=(10**18, 10**18))
    os.utime(tree / "lib/b.py", ns=(10**18 + 7, 10**18 + 7))
    first, made = listed(tree)
    assert made == 10**18 + 7
    os.utime(tree / "lib/a.py")
    (tree / "lib/c.py").write_text("not imported")
    lock.write_text(LOCK.replace("torch==5", "torch==6").replace("aa", "dd"))
    assert listed(tree) == (first, made)
    lock.write_text(LOCK.replace("numpy==1", "numpy==2"))
    lines, changed = listed(tree)
    assert lines[-1] == "numpy==2.0" and lines[:-1] == first[:-1] and changed > made
    lock.write_text(LOCK)
    (tree / "lib/b.py").write_text("from .sub import d\n# edited\n")
    lines, again = listed(tree)
    assert [new for new, old in zip(lines, first, strict=True) if new != old] == [lines[2]] and again >= changed
    assert lines[2].startswith("lib/b.py ") and not list((tree / ".snakemake/code").glob("*.part"))
