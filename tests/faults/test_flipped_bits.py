"""Random single-bit flips over the finished small study: a thousand in the full form, each noticed or without effect."""

from collections import Counter

import pytest

from helpers.disturbed import FULL, MLP, RESULTS, TRIALS, assert_finishes, copy, say, seeded, study, text
from helpers.flips import files_of, flipped, outcome

# {a file: what is removed, so that a job reads the file again}
READ = {
    f"{MLP}/phase1.json": f"{RESULTS}/study/experiments.parquet",
    f"{RESULTS}/data/manifold.safetensors": f"{MLP}/measurements.parquet",
    f"{MLP}/trajectory.parquet": f"{MLP}/phase1.json",
    f"{MLP}/training.parquet": f"{MLP}/phase1.json",
    f"{MLP}/run.json": f"{RESULTS}/study/experiments.parquet",
    f"{MLP}/checkpoints.json": f"{MLP}/measurements.parquet",
    f"{MLP}/provenance.json": f"{MLP}/measurements.parquet",
    f"{MLP}/jumps.parquet": f"{MLP}/measurements.parquet",
}


def test_flipped_bits_are_noticed_or_without_effect(request, capfd):
    files = files_of(request.getfixturevalue("study").folder / "results/small")
    found = Counter()
    for trial in range(10 * TRIALS):
        chance = seeded("flip", trial)
        found[outcome(chance.choice(files), chance)] += 1
    say(capfd, f"{10 * TRIALS} flipped bits in {len(files)} files: {dict(found)}")
    assert found.keys() <= {"noticed", "without effect"}, found


@pytest.mark.parametrize("name", READ if FULL else [*READ][:2])
def test_snakemake_stops_at_a_flipped_bit_and_its_advice_finishes_the_study(tmp_path, name):
    project = copy(tmp_path / "study")
    with flipped(project.folder / name, seeded(name)):
        (project.folder / READ[name]).unlink()
        done = study(project)
        logs = "".join(path.read_text() for path in (project.folder / RESULTS / "logs").rglob("*.log"))
        assert done.returncode == 1 and "Traceback" not in text(done) + logs
        assert f"Delete {name}; the same command makes it again." in logs
        (project.folder / name).unlink()
        assert_finishes(project)
