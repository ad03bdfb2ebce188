"""The lock is what pip makes of the top-level list, and pip refuses what it does not name. Skipped without an index."""

import re
import runpy
import subprocess
import sys

import pytest

from dag.listing import read_lock
from helpers.project import ROOT

LOCK = ROOT / "envs/requirements.txt"


def pip(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "pip", *arguments], capture_output=True, text=True)


def entry(name: str) -> str:
    """A package's lines of the lock."""
    return next(
        lines for lines in re.split(r"\n(?! )", LOCK.read_text(encoding="utf-8")) if lines.startswith(f"{name}==")
    )


@pytest.fixture(scope="module", autouse=True)
def index(tmp_path_factory):
    """An index to install from: a package that is in the lock can be had."""
    pin = entry("yte").partition(" ")[0]
    done = pip("download", "--no-deps", "--dest", str(tmp_path_factory.mktemp("had")), pin)
    if done.returncode:
        pytest.skip(f"pip reaches no index: {done.stderr.strip().splitlines()[-1]}")


@pytest.mark.parametrize(
    "edit, said",
    [
        (lambda lines: lines, ""),
        (lambda lines: re.sub("sha256:(.)", lambda digit: f"sha256:{15 - int(digit[1], 16):x}", lines), "DO NOT MATCH"),
        (lambda lines: lines.partition(" ")[0], "Hashes are required in --require-hashes mode"),
    ],
    ids=["whole", "tampered", "without hashes"],
)
def test_pip_refuses_whatever_has_not_the_pinned_hash(tmp_path, edit, said):
    lock = tmp_path / "lock.txt"
    lock.write_text(edit(entry("yte")))
    done = pip("install", "--dry-run", "--ignore-installed", "--no-deps", "--require-hashes", "-r", str(lock))
    assert (done.returncode == 0) == (said == "") and said in done.stderr, done.stderr


def test_pip_resolves_the_top_level_list_to_the_lock(tmp_path, monkeypatch):
    """Names and versions, and of every file that pip takes here its hash."""
    monkeypatch.setenv("PIP_USE_FEATURE", "fast-deps")  # reads what a wheel requires without downloading all of it
    kept = tmp_path / "kept.txt"
    kept.write_text("\n".join(read_lock(ROOT).values()))
    resolve = runpy.run_path(str(ROOT / "envs/lock.py"))["resolve"]
    found = resolve("-r", str(ROOT / "envs/requirements.in"), "-c", str(kept))
    assert {f"{name}=={version}" for name, (version, _) in found.items()} == {*read_lock(ROOT).values()}
    for name, (_, taken) in found.items():
        assert all(f"--hash=sha256:{digest}" in entry(name) for digest in taken), name
