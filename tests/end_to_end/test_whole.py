"""Flipped bits in a finished study are noticed or without effect, and `snakemake verify` says whether it is whole."""

import os
import random
import re
from collections import Counter
from contextlib import ExitStack

from common.files import read_parquet, write_parquet
from helpers.flips import files_of, flipped, outcome

RESULTS = "results/small"
FLIPS = 60


def test_flipped_bits_are_noticed_or_without_effect(study):
    chance = random.Random("flips")
    # The sheet of a partial study is written by the process that plans, at every start.
    files = [path for path in files_of(study.folder / RESULTS) if path.name != "finished.tsv"]
    kinds = {path.suffix for path in files}
    assert {".json", ".parquet", ".safetensors", ".html", ".md", ".png", ".svg", ".webp", ".log"} == kinds
    # One of every kind, and then any.
    chosen = [chance.choice([path for path in files if path.suffix == kind]) for kind in sorted(kinds)]
    found = Counter(outcome(path, chance) for path in [*chosen, *chance.choices(files, k=FLIPS)])
    assert found.keys() <= {"noticed", "without effect"} and found["noticed"] > FLIPS / 2, found


def verify(study):
    done = study.snakemake("verify")
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, done.stdout + done.stderr


def test_verify_says_that_a_finished_study_is_whole(study):
    code, said = verify(study)
    assert code == 0, said
    assert re.search(rf"{RESULTS} is whole: \d+ files, \d+ checkpoints, 10 replayed steps, 21 pages\.", said), said
    assert study.planned() == {}


def test_verify_names_all_that_is_not_whole(study):
    names = [
        "runs/cnn_shallow-digits/seed0/phase1.json",
        "runs/mlp_narrow-digits/seed0/checkpoints/step_000020.safetensors",
        "figures/timing.png",
    ]
    missing = study.folder / RESULTS / "figures/timing.svg"
    with ExitStack() as damage:
        for name in names:
            damage.enter_context(flipped(study.folder / RESULTS / name, random.Random(name)))
        damage.callback(missing.with_suffix(".kept").rename, missing)
        missing.rename(missing.with_suffix(".kept"))
        code, said = verify(study)
    assert code == 1 and f"{RESULTS} is not whole" in said
    assert all(re.search(rf"{RESULTS}/{name} (is not the file|carries no)", said) for name in names), said
    assert f"{RESULTS}/figures/timing.svg is missing" in said, said


def test_verify_notices_a_page_that_is_not_of_the_tables(study):
    """A whole table of another study, with a checksum that is right."""
    path = study.folder / RESULTS / "study/statistics.parquet"
    whole, dates = path.read_bytes(), path.stat()
    table = read_parquet(path)
    try:
        write_parquet(path, table.assign(value=table["value"] + 0.01))
        code, said = verify(study)
    finally:
        path.write_bytes(whole)
        os.utime(path, ns=(dates.st_atime_ns, dates.st_mtime_ns))
    assert code == 1 and f"{RESULTS}/report/index.html does not say what the tables give" in said
    assert f"{RESULTS}/report/integrated_report.json does not hold the numbers of the tables" in said


def test_a_step_that_reads_a_flipped_bit_says_what_to_do_and_that_mends_it(study):
    run = "runs/cnn_shallow-digits/seed0"
    target = f"{RESULTS}/report/runs/cnn_shallow-digits-seed0.html"
    damaged, page = study.folder / RESULTS / run / "heatmap.webp", study.folder / target
    whole, written = damaged.read_bytes(), page.read_bytes()
    with flipped(damaged, random.Random("step")):
        page.unlink()
        done = study.snakemake(target)
        assert done.returncode == 1
        log = (study.folder / RESULTS / "logs/run_page/cnn_shallow-digits-seed0.log").read_text()
        assert "Traceback" not in log and f"Delete {RESULTS}/{run}/heatmap.webp;" in log
        damaged.unlink()
        done = study.snakemake(target)
        assert done.returncode == 0, done.stderr
        assert damaged.read_bytes() == whole and page.read_bytes() == written
    assert study.snakemake().returncode == 0 and study.planned() == {}
