"""Whether a claim gets the same word from one seed alone, and from all seeds but one."""

import pandas as pd

from repdyn.audit.bounds import FAILS, HOLDS

COLUMNS = ["claim", "seeds", "number", "holds"]
DECIDED = (HOLDS, FAILS)
SUMMARY = ["claim", "holds", "single", "single_same", "single_opposite", "all_but_one", "all_but_one_same",
           "all_but_one_opposite", "firm"]  # fmt: skip


def subsets(seeds: int) -> list[tuple[int, ...]]:
    """Every seed alone, and from three seeds on all but one; none where there is one seed."""
    every = tuple(range(seeds))
    alone = [(seed,) for seed in every] if seeds > 1 else []
    return alone + ([tuple(each for each in every if each != seed) for seed in every] if seeds > 2 else [])


def named(seeds: tuple[int, ...]) -> str:
    return " ".join(map(str, seeds))


def summarise(words: pd.DataFrame, whole: dict[str, str]) -> pd.DataFrame:
    """SUMMARY, a row per claim. words: COLUMNS, a row per claim and set of seeds; whole: the word of all seeds by claim.

    same: sets of seeds that give the word of all; opposite: that say the claim holds where all say that it does not, or the
    other way round. firm: no set gives the opposite word, and each that leaves out one seed the same; NA with fewer than
    three seeds.
    """
    most = words["number"].max() if len(words) else 1
    rows = []
    for claim, holds in whole.items():
        own = words[words["claim"] == claim]
        opposite = own["holds"].isin(DECIDED) & (own["holds"] != holds) & (holds in DECIDED)
        single, rest = own["number"] == 1, own["number"].eq(most) & own["number"].gt(1)
        counts = [
            int(each.sum())
            for members in (single, rest)
            for each in (members, members & (own["holds"] == holds), members & opposite)
        ]
        firm = pd.NA if not counts[3] else not opposite.any() and counts[4] == counts[3]
        rows.append((claim, holds, *counts, firm))
    return pd.DataFrame(rows, columns=SUMMARY).astype({"firm": "boolean"})
