"""Original files through Snakemake: downloaded once, never replaced, and what is made of them follows them."""

import hashlib
import os
import time

import pytest
import yaml

from helpers.idx_files import write_family
from helpers.project import Project

TARGET = "results/small/data/mnist.safetensors"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study of a small MNIST, and a mirror that holds its files."""
    folder = tmp_path_factory.mktemp("download")
    project = Project(folder / "project")
    files = write_family(folder / "mirror")
    for path in files.glob("*ubyte"):
        path.rename(path.with_name(f"{path.name}.gz"))
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files.iterdir()}
    entry = {"mnist": {"mirrors": ["http://nowhere.invalid"], "files": sums}}
    (project.folder / "sources.yaml").write_text(yaml.safe_dump(entry))
    (project.folder / "sheet.tsv").write_text("experiment\tarchitecture\tdataset\nx\tmlp_narrow\tmnist\n")
    options = {"train": 32, "probe": 15, "test": 10}
    kinds = {"mnist": {"kind": "image", "size": 28, "files": True, "options": options}}
    (project.folder / "kinds.yaml").write_text(yaml.safe_dump(kinds))
    return project


def settings(study, **changes):
    overlay = {"experiments": "sheet.tsv", "datasets": "kinds.yaml", "downloads": "sources.yaml", **changes}
    (study.folder / "overlay.yaml").write_text(yaml.safe_dump(overlay))
    return ["tests/small/config.yaml", "overlay.yaml"]


def run(study, *arguments, **changes):
    return study.snakemake(*arguments, config=settings(study, **changes))


def planned(study, **changes):
    """Jobs per rule that lead to the dataset."""
    done = run(study, TARGET, "-n", **changes)
    assert done.returncode == 0, done.stdout + done.stderr
    if "Nothing to be done" in done.stdout + done.stderr:
        return {}
    table = (done.stdout + done.stderr).split("Job stats:")[1].split("total")[0].splitlines()[3:]
    return {rule: int(count) for rule, count in (line.split() for line in table if line.strip())}


def mirror(study):
    return (study.folder.parent / "mirror").as_uri()


def test_files_are_downloaded_once_and_followed(study):
    data = study.folder / "data/mnist"
    done = run(study, TARGET)
    output = done.stdout + done.stderr
    assert done.returncode == 1 and "Traceback" not in output
    assert output.count("could not be downloaded") == 1 and "place them in data/mnist by hand" in output

    assert planned(study, mirror=mirror(study)) == {"download": 4, "dataset": 1}
    done = run(study, TARGET, mirror=mirror(study))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mnist/train-images-idx3-ubyte.gz: 100%" in done.stderr
    assert {path.name for path in data.iterdir()} == {
        path.name for path in (study.folder.parent / "mirror/mnist").iterdir()
    }

    assert planned(study) == {} and "not the published" not in run(study, TARGET, "-n").stderr
    os.utime(study.folder / "sources.yaml")
    with study.edit("workflow/scripts/download.py"), study.edit("sources.yaml"):
        assert planned(study, mirror="https://elsewhere.invalid") == {}

    labels = data / "t10k-labels-idx1-ubyte.gz"
    original = labels.read_bytes()
    changed = original[:-1] + bytes([(original[-1] + 1) % 10])
    time.sleep(0.01)
    labels.write_bytes(changed)
    assert planned(study) == {"dataset": 1}
    done = run(study, TARGET)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mnist in data: not the published original files; used as they are." in done.stdout + done.stderr
    assert labels.read_bytes() == changed and planned(study) == {}

    (data / "train-labels-idx1-ubyte.gz").unlink()
    assert planned(study, mirror=mirror(study)) == {}
    (study.folder / TARGET).unlink()
    assert planned(study, mirror=mirror(study)) == {"download": 1, "dataset": 1}
    assert run(study, TARGET, mirror=mirror(study)).returncode == 0
    assert labels.read_bytes() == changed

    labels.write_bytes(changed[:-3])
    done = run(study, TARGET)
    output = done.stdout + done.stderr
    assert done.returncode == 1
    assert (
        "t10k-labels-idx1-ubyte.gz is truncated" in output and "Traceback" not in output and "Job stats" not in output
    )


def test_the_published_grid_begins_with_its_downloads(study):
    done = study.snakemake("-n", "--config", "data_dir=elsewhere", config=["config/published.yaml"])
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    table = output.split("Job stats:")[1].split("total")[0].splitlines()[3:]
    counts = dict(line.split() for line in table if line.strip())
    assert (counts["download"], counts["dataset"], counts["train"]) == ("14", "4", "55")
