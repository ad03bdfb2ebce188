"""Folders and settings of any name through Snakemake: nothing of them is run, and nothing is written elsewhere."""

from pathlib import Path

import pytest

from helpers.project import Project

HOSTILE = '$(touch X); it\'s `touch Y` & "z" *'


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("it's a project"))


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if ".snakemake" not in path.parts}


def test_results_of_any_name_lie_in_that_folder_and_nothing_else_is_made(project):
    before = files(project.folder)
    done = project.snakemake(f"{HOSTILE}/data/digits.safetensors", "--config", f"results={HOSTILE}")
    assert done.returncode == 0, done.stdout + done.stderr
    made = {name for name in files(project.folder) - before if "__pycache__" not in name}
    assert f"{HOSTILE}/data/digits.safetensors" in made
    assert all(name == HOSTILE or name.startswith(f"{HOSTILE}/") for name in made), made


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        (b"seeds: 1\nseeds: 2\n", "line 2: key 'seeds' stands twice"),
        (b"phase1: {tolerance: .nan}\n", "key 'phase1.tolerance' is nan; a finite number is needed"),
        (b"seeds: 1.0\n", "key 'seeds' is 1.0; a value of type integer is needed"),
        (b"results: config\n", "key 'results' is 'config'; a folder of its own is needed"),
    ],
)
def test_an_overlay_is_read_as_strictly(project, overlay, expected):
    (project.folder / "overlay.yaml").write_bytes(overlay)
    done = project.snakemake("-n", config=["tests/small/config.yaml", "overlay.yaml"])
    said = done.stdout + done.stderr
    assert done.returncode != 0 and expected in said and "Traceback" not in said, said


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (b"\nseeds: 2\n", "key 'seeds' stands twice"),
        (b"\n# \xff\n", "byte 0xff is not UTF-8"),
        (b"\nmore: [1\n", "config/config.yaml is not valid YAML: line "),
    ],
)
def test_the_configuration_of_the_project_is_named_with_the_line(project, more, expected):
    path = project.folder / "config/config.yaml"
    whole = path.read_bytes()
    path.write_bytes(whole + more)
    try:
        done = project.command("-m", "snakemake", "--cores", "1", "-n")
    finally:
        path.write_bytes(whole)
    said = done.stdout + done.stderr
    assert done.returncode != 0 and expected in said and "Traceback" not in said, said
