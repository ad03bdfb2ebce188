"""A clock that jumps: Snakemake compares checksums, and no step reads the time of day.

Modification times are what a clock leaves in a study, so they are set; changing the clock of the machine is not for a test.
"""

import os
import re
import shutil
import subprocess

import pytest

from helpers.disturbed import FULL, MLP, RESULTS, assert_finishes, copy, study, text
from helpers.project import ROOT

DAY = 86_400
YEAR = 365 * DAY


def shift(project, part: str, seconds: float) -> None:
    """As if the clock had been wrong by that much while these files were written."""
    for path in [project.folder / part, *(project.folder / part).rglob("*")]:
        was = path.stat()
        os.utime(path, (was.st_atime + seconds, was.st_mtime + seconds))


@pytest.mark.parametrize(
    ("part", "seconds"),
    [("results", -DAY), ("workflow", DAY), *([("results", DAY), ("workflow", -DAY)] if FULL else [])],
)
def test_a_finished_study_whose_times_are_wrong_stays_finished(tmp_path, part, seconds):
    project = copy(tmp_path / "study")
    shift(project, part, seconds)
    done = study(project, "-n")
    assert done.returncode == 0, text(done)
    assert "Nothing to be done" in text(done), text(done)


def test_the_clock_goes_back_a_year_in_the_middle_of_a_study(tmp_path):
    """What was written before lies in the future then; the message says how to mend that."""
    project = copy(tmp_path / "study")
    for name in ("measurements.parquet", "maps.safetensors", "moments.json", "jumps.parquet"):
        (project.folder / MLP / name).unlink()
    shutil.rmtree(project.folder / RESULTS / "study")
    shift(project, "results", YEAR)
    shift(project, ".snakemake", YEAR)
    done = study(project)
    assert done.returncode == 1 and "are dated later than now" in text(done) and "rule phase1" not in text(done)
    advice = re.search(r"\((find [^)]*)\)", text(done))[1]
    subprocess.run(advice, shell=True, check=True, cwd=project.folder)
    assert "Training" not in assert_finishes(project)
    done = study(project, "-n")
    assert done.returncode == 0 and "Nothing to be done" in text(done), text(done)


def test_no_step_reads_the_time_of_day():
    folders = ("workflow/scripts", "workflow/repdyn")
    sources = {path: path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.py")}
    assert len(sources) > 50
    wrong = [
        path.name for path, source in sources.items() if re.search(r"\btime\.time\(|\bdatetime\b|\bctime\(", source)
    ]
    assert wrong == []
