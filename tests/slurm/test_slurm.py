"""The small study on a SLURM cluster: the same bytes as without one, few submissions, and jobs that are killed."""

import re
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from helpers import cluster
from helpers.project import Project

SMALL = "results/small"
RUN = "runs/transformer_narrow-glyphs/seed0"
# Enough steps to catch the job at work.
LONG = "results: results/long\ntraining: {steps: 400}\ntracking: {every: 1, spectrum_every: 20, token_limit: 200}\n"


@pytest.fixture(scope="module", autouse=True)
def slurm():
    """The cluster of one node, for the tests of this file."""
    reason = cluster.obstacle()
    if reason:
        pytest.skip(f"no SLURM cluster can be started here: {reason}")
    cluster.up()
    yield
    cluster.down()


class Submitted:
    """A finished `snakemake --profile slurm` and what SLURM says of its jobs."""

    def __init__(self, done: subprocess.CompletedProcess):
        self.output = done.stdout + done.stderr
        assert done.returncode == 0, self.output
        name = re.search(r"SLURM run ID: (\S+)", self.output)[1]
        listed = command("squeue", "--array", "--states=all", "--noheader", f"--name={name}", "--format=%F|%i|%m|%T")
        self.tasks = [line.split("|") for line in listed.splitlines()]

    @property
    def submissions(self) -> int:
        return len({submission for submission, *_ in self.tasks})

    @property
    def memory(self) -> list[tuple[str, str]]:
        """Memory and last state of each job, in the order of submission."""
        return [(memory, state) for _, job, memory, state in sorted(self.tasks, key=lambda task: int(task[0]))]


def command(*arguments: str) -> str:
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def on_slurm(*arguments: str) -> list[str]:
    """The command line of a user, but for the time between two looks at the queue."""
    seconds = ("--slurm-init-seconds-before-status-checks", "10")
    return ["-m", "snakemake", "--profile", "slurm", *seconds, *arguments]


def results(folder: Path) -> dict[str, bytes]:
    """Every file but logs, clock readings and the page that shows clock readings."""
    left_out = ("provenance.json", "phase2_provenance.json", ".snakemake_timestamp", "index.html")
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in left_out and "logs" not in path.relative_to(folder).parts
    }


@pytest.fixture(scope="module")
def local(project):
    """The small study without SLURM."""
    done = project.snakemake()
    assert done.returncode == 0, done.stdout + done.stderr
    return results(project.folder / SMALL)


@pytest.fixture(scope="module")
def remote(slurm, tmp_path_factory):
    return Project(tmp_path_factory.mktemp("remote"))


def test_the_small_study_gives_the_same_bytes_in_fewer_submissions(remote, local):
    planned = remote.planned()
    jobs = sum(planned.values()) - planned["all"]
    done = Submitted(remote.command(*on_slurm("--configfile", "tests/small/config.yaml")))
    assert len(local) > 100
    assert results(remote.folder / SMALL) == local
    assert (remote.folder / SMALL / "report/index.html").exists()
    assert Counter(state for *_, state in done.tasks) == {"COMPLETED": jobs}
    assert done.submissions < jobs


def test_many_short_jobs_are_two_submissions(remote):
    runs = [f"results/many/runs/mlp_narrow-digits/seed{seed}" for seed in range(16)]
    settings = ["--configfile", "tests/small/config.yaml", "--config", "seeds=16", "results=results/many"]
    done = Submitted(remote.command(*on_slurm(*[f"{run}/run.json" for run in runs], *settings)))
    assert len(done.tasks) == 17
    assert done.submissions == 2
    assert all((remote.folder / run / "checkpoints").is_dir() for run in runs)


def test_a_rule_may_ask_for_a_gpu(remote):
    arguments = ["results/gpu/data/digits.safetensors", "--set-resources", "dataset:gpu=1"]
    settings = ["--configfile", "tests/small/config.yaml", "--config", "results=results/gpu"]
    done = Submitted(remote.command(*on_slurm(*arguments, *settings)))
    assert len(done.tasks) == 1
    assert "TresPerJob=gres:gpu:1" in command("scontrol", "show", "job", done.tasks[0][0])


def test_a_job_that_exceeds_its_memory_gets_more(slurm, local, tmp_path):
    other = Project(tmp_path)
    rule = other.folder / "workflow/rules/training.smk"
    text, changed = re.subn(r"memory\(\d+\)", "memory(200)", rule.read_text())
    assert changed == 1
    rule.write_text(text)
    target = f"{SMALL}/{RUN}/run.json"
    done = Submitted(other.command(*on_slurm(target, "--configfile", "tests/small/config.yaml")))
    dataset, *attempts = done.memory
    assert dataset == ("1000M", "COMPLETED")
    assert [memory for memory, _ in attempts] == ["200M", "400M", "800M"][: len(attempts)]
    assert attempts[0][1] != "COMPLETED" and attempts[-1][1] == "COMPLETED"
    fresh = results(other.folder / SMALL / RUN)
    assert len(fresh) > 10
    assert (
        fresh.items()
        <= {name.removeprefix(f"{RUN}/"): content for name, content in local.items() if name.startswith(RUN)}.items()
    )


@pytest.fixture(scope="module")
def undisturbed(project):
    """A longer training without SLURM."""
    (project.folder / "long.yaml").write_text(LONG)
    done = project.snakemake(f"results/long/{RUN}/run.json", config=["tests/small/config.yaml", "long.yaml"])
    assert done.returncode == 0, done.stdout + done.stderr
    return results(project.folder / "results/long" / RUN)


def preempt(job: str) -> None:
    command("sbatch", "--partition=urgent", "--exclusive", "--output=/dev/null", "--wrap=true")


def cancel(job: str) -> None:
    command("scancel", job)


@pytest.mark.parametrize(("interrupt", "attempts"), [(preempt, 1), (cancel, 2)])
def test_an_interrupted_training_continues_to_the_same_bytes(slurm, undisturbed, tmp_path, interrupt, attempts):
    other = Project(tmp_path)
    (other.folder / "long.yaml").write_text(LONG)
    run = other.folder / "results/long" / RUN
    arguments = on_slurm(f"results/long/{RUN}/run.json", "--configfile", "tests/small/config.yaml", "long.yaml")
    with (tmp_path / "output").open("w") as output:
        study = other.start(*arguments, stdout=output, stderr=subprocess.STDOUT)
        mark = run / "unfinished/checkpoints/step_000100.safetensors"
        while not mark.exists():
            assert study.poll() is None, (tmp_path / "output").read_text()
            time.sleep(0.01)
        job = command("squeue", "--noheader", "--states=RUNNING", "--format=%A").split()
        assert len(job) == 1
        interrupt(job[0])
        returned = study.wait(timeout=600)
    done = Submitted(subprocess.CompletedProcess(arguments, returned, (tmp_path / "output").read_text(), ""))
    assert len(done.tasks) == 1 + attempts
    restarts = re.search(r"Restarts=(\d+)", command("scontrol", "show", "job", job[0]))[1]
    assert (int(restarts), attempts) in [(1, 1), (0, 2)]
    log = next((other.folder / "results/long/logs/train").glob("*.log")).read_text()
    assert "continuing at step" in log
    assert results(run) == undisturbed
