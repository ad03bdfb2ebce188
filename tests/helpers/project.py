"""A copy of the project in which tests may run the workflow and edit files."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
# What a configuration says about moments, as phase2.py takes it.
PLAN = [
    "--metric", "participation_ratio", "--grid", "0", "0.5", "1", "--window", "2",
    "--most", '{"early": 2, "middle": 1, "late": 2}',
]  # fmt: skip


def copy_project(target: Path) -> Path:
    """What git would commit: tracked files and new ones that are not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


class Project:
    """A copy of the project and the command line in it."""

    def __init__(self, folder: Path):
        self.folder = copy_project(folder)

    def command(self, *arguments: str, environ: dict | None = None, **options) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            env=environ or environment(),
            **options,
        )

    def start(self, *arguments: str, environ: dict | None = None, **options) -> subprocess.Popen:
        """The same, not waited for."""
        return subprocess.Popen([sys.executable, *arguments], cwd=self.folder, env=environ or environment(), **options)

    def snakemake(self, *arguments: str, config: Sequence[str] = ("tests/small/config.yaml",), **options):
        chosen = ["--configfile", *config]
        return self.command("-m", "snakemake", "--cores", "2", *arguments, *chosen, **options)

    def planned(self, **settings) -> dict[str, int]:
        """Jobs per rule that Snakemake would run now, with settings changed; empty when there is nothing to do."""
        overlay = self.folder / "overlay.yaml"
        overlay.write_text(yaml.safe_dump(settings))
        done = self.snakemake("-n", config=["tests/small/config.yaml", str(overlay)])
        assert done.returncode == 0, done.stdout + done.stderr
        output = done.stdout + done.stderr
        if "Nothing to be done" in output:
            return {}
        table = output.split("Job stats:")[1].split("total")[0].splitlines()[3:]
        return {rule: int(count) for rule, count in (line.split() for line in table if line.strip())}

    def edit(self, path: str, text: str = "\n# edited\n"):
        """Append to a file inside a `with`, put it back afterwards."""
        return Edited(self.folder / path, text)


class Edited:
    def __init__(self, path: Path, text: str):
        self.path, self.text = path, text

    def __enter__(self):
        self.original = self.path.read_text()
        self.path.write_text(self.original + self.text)

    def __exit__(self, *_):
        self.path.write_text(self.original)


def environment() -> dict[str, str]:
    """That of a stranger: without what the test runner put there, and Python as it is without settings."""
    ours = ("PYTHON", "PYTEST_CURRENT_TEST", "OMP_NUM_THREADS")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
