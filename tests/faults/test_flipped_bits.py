"""Random single-bit flips over the finished small study: a thousand in the full form, each noticed or without effect."""

from collections import Counter

from helpers.disturbed import TRIALS, say, seeded
from helpers.flips import files_of, outcome


def test_flipped_bits_are_noticed_or_without_effect(study, capfd):
    files = files_of(study.folder / "results/small")
    found = Counter()
    for trial in range(10 * TRIALS):
        chance = seeded("flip", trial)
        found[outcome(chance.choice(files), chance)] += 1
    say(capfd, f"{10 * TRIALS} flipped bits in {len(files)} files: {dict(found)}")
    assert found.keys() <= {"noticed", "without effect"}, found
