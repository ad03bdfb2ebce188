"""Real processes to disturb, and what must be the same afterwards. REPDYN_TRIALS: how often (100 is the full form)."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from helpers.project import ROOT, Project, environment

TRIALS = int(os.environ.get("REPDYN_TRIALS", "4"))
FULL = TRIALS >= 20
CONFIG = "tests/faults/config.yaml"
RESULTS = "results/faults"
MLP, TRANSFORMER = (f"{RESULTS}/runs/{name}/seed0" for name in ("mlp_narrow-manifold", "transformer_narrow-glyphs"))
TARGETS = [f"{MLP}/measurements.parquet", f"{MLP}/heatmap.webp", f"{RESULTS}/study/experiments.parquet"]

# SIGKILL before the file operation of that number in the run's folder, or the first on a file of that name; 0: only counts.
# "write N": the system ends the process in the middle of a write, where a file would grow beyond N bytes.
KILLER = """
import atexit, os, resource, runpy, signal, sys
last, folder = sys.argv[1:3]
if last.startswith("write"):
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, 2 * (int(last.split()[1]),))
count = 0
def hook(event, details):
    global count
    if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir") and folder in str(details[0]):
        count += 1
        if str(count) == last or not last.isdigit() and last in str(details[0]):
            os.kill(os.getpid(), 9)
sys.addaudithook(hook)
atexit.register(lambda: print("file operations:", count, file=sys.stderr))
sys.argv = sys.argv[3:]
sys.path.insert(0, "workflow/scripts")
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def seeded(*key) -> random.Random:
    return random.Random(repr(key))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file, hidden ones too, but logs, clock readings and Snakemake's own."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.name.endswith("provenance.json")
        and path.name != ".snakemake_timestamp"
        and "logs" not in path.relative_to(folder).parts
    }


def assert_same(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    """Equal, and if not, which files are not: their bytes would fill the screen."""
    differing = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    assert not differing, differing


@cache
def scratch() -> TemporaryDirectory:
    """Removed when the tests end."""
    return TemporaryDirectory(prefix="repdyn-faults-")


@cache
def finished() -> Project:
    """The finished study; copies of it are disturbed, it is not."""
    project = Project(Path(scratch().name, "study"))
    done = study(project)
    assert done.returncode == 0, text(done)
    return project


@cache
def undisturbed() -> dict[str, bytes]:
    return contents(finished().folder / RESULTS)


def copy(target: Path) -> Project:
    """A copy of the finished study, with modification times and what Snakemake has recorded."""
    project = Project.__new__(Project)
    project.folder = shutil.copytree(finished().folder, target, symlinks=True)
    return project


def command(*arguments: str, cores: int = 2) -> list[str]:
    """The same command, always."""
    return ["-m", "snakemake", "--cores", str(cores), "--configfile", CONFIG, *arguments, "--", *TARGETS]


def study(project: Project, *arguments: str, cores: int = 2) -> subprocess.CompletedProcess:
    return project.command(*command(*arguments, cores=cores))


def text(done: subprocess.CompletedProcess) -> str:
    return done.stdout + done.stderr


def unlock(project: Project) -> None:
    done = project.command("-m", "snakemake", "--cores", "1", "--configfile", CONFIG, "--unlock")
    assert done.returncode == 0, text(done)


def assert_finishes(project: Project, *, cores: int = 2) -> str:
    """The same command finishes the study, to the same bytes; what it printed."""
    done = study(project, cores=cores)
    assert done.returncode == 0, text(done)
    assert_same(contents(project.folder / RESULTS), undisturbed())
    return text(done)


def training(run: str, out: Path) -> list[str]:
    """The command line of a run's training, as its rule has it."""
    configured = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    for name, value in yaml.safe_load((ROOT / CONFIG).read_text()).items():
        configured[name] = configured[name] | value if isinstance(value, dict) else value
    experiment = Path(run).parent.name
    name, dataset = experiment.split("-")
    network = yaml.safe_load((ROOT / configured["architectures"]).read_text())[name]
    return [
        "workflow/scripts/train.py", "--data", f"{RESULTS}/data/{dataset}.safetensors", "--experiment", experiment,
        "--seed", "0", "--architecture-name", name, "--architecture", json.dumps(network),
        "--training", json.dumps(configured["training"]), "--tracking", json.dumps(configured["tracking"]),
        "--checkpoint-every", str(configured["checkpoints"]["every"]), "--out", str(out),
    ]  # fmt: skip


def step_environment() -> dict[str, str]:
    return {**environment(), "PYTHONPATH": str(finished().folder / "workflow"), "OMP_NUM_THREADS": "1"}


def step(*arguments: str) -> subprocess.CompletedProcess:
    """A step on the command line, in the folder of the finished study."""
    return finished().command(*arguments, environ=step_environment())


def train(run: str, out: Path, die_at: int | str = 0) -> subprocess.CompletedProcess:
    """A training by hand that dies before the file operation of a number, or on a file."""
    return step("-c", KILLER, str(die_at), str(out), *training(run, out))


def start_training(run: str, out: Path) -> subprocess.Popen:
    return finished().start(
        *training(run, out), environ=step_environment(), stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def processes(session: int) -> set[int]:
    """Those of a session that have not ended."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rsplit(") ", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            found.add(int(file.parent.name))
    return found


def kill_all(session: int) -> None:
    """SIGKILL, until no process of the session is left."""
    while left := processes(session):
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.02)


def say(capfd, line: str) -> None:
    """To the terminal, past pytest: the counts of trials belong into the record of a run."""
    with capfd.disabled():
        print(f"\n  {line}", flush=True)
