"""What the code of a stage consists of, in one small file: the input that makes its jobs rerun when any of it changes."""

import hashlib
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from dag.imports import import_closure

LOCK = "envs/requirements.txt"
FOLDER = ".snakemake/code"
# Packages of another name than the module.
PACKAGES = {"PIL": "pillow", "sklearn": "scikit-learn", "yaml": "pyyaml"}
# Packages that pandas calls on: every table is written by it.
UNSEEN = {"pandas": ("pyarrow",)}


def list_code(
    name: str, scripts: Iterable[str], roots: tuple[str, ...], packages: Iterable[str] = (), home: Path = Path()
) -> str:
    """Write which files the scripts run, with SHA-256, and which packages they import, as pinned. Returns its path.

    One list is one input of a job, where the files themselves were twenty: with thousands of jobs that is what building
    the graph costs. `packages` are further ones, which no import shows; home: the folder of the project. A list that is
    right is left alone, and a new one is as old as the newest of what it lists, so that losing it reruns nothing.
    """
    closures = [import_closure(script, roots) for script in scripts]
    files = sorted({file for found, _ in closures for file in found})
    modules = {*packages}.union(*(elsewhere for _, elsewhere in closures))
    lines = [f"{file} {digest(file)}" for file in files] + pinned(modules, home)
    text = "".join(f"{line}\n" for line in lines)
    return kept(name, text, [*files, home / LOCK])


def kept(name: str, text: str, made_of: Iterable[str | Path]) -> str:
    """A small file of what is known when jobs are planned, input of those that hang on it; left alone where it is right."""
    path = Path(FOLDER, f"{name}.txt")
    if path.is_file():
        if path.read_text(encoding="utf-8") != text:
            replace(path, text)
    else:
        replace(path, text, max(Path(file).stat().st_mtime_ns for file in made_of))
    return path.as_posix()


def replace(path: Path, text: str, modified: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    if modified is not None:
        os.utime(part, ns=(modified, modified))
    part.replace(path)


def pinned(modules: Iterable[str], home: Path) -> list[str]:
    """The pins of the packages to which the modules belong; the standard library has none."""
    names = {PACKAGES.get(module, module).lower() for module in modules}
    names = names.union(*(UNSEEN.get(name, ()) for name in names))
    return [line for name, line in sorted(read_lock(home).items()) if name in names]


@cache
def read_lock(home: Path) -> dict[str, str]:
    """{package in lower case: its name and version, as pinned} of the lock; the hashes of its files are left out."""
    lines = Path(home, LOCK).read_text(encoding="utf-8").splitlines()
    pins = [line.removesuffix(" \\") for line in lines if "==" in line and not line.startswith("#")]
    return {pin.partition("==")[0].lower(): pin for pin in pins}


@cache
def digest(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()
