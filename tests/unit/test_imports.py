"""The import closure that decides what reruns."""

import pytest

from dag.imports import import_closure


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
    assert import_closure("scripts/step.py", ("scripts", ".")) == [
        "scripts/step.py",
        "lib/__init__.py",
        "lib/a.py",
        "lib/b.py",
        "lib/sub/__init__.py",
        "lib/sub/d.py",
        "scripts/helper.py",
    ]
    assert import_closure("scripts/other.py", ("scripts", ".")) == ["scripts/other.py", "lib/__init__.py", "lib/c.py"]
