"""Events that every seed has in one layer are found again; events at common times in any layer are not beyond chance."""

import numpy as np
import pandas as pd
import pytest

from repdyn.study.replication import replication

NAMES = [f"l{i}" for i in range(8)]
LAYERS = {("a", seed): NAMES for seed in range(5)}


def events(rows: list[tuple]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["experiment", "seed", "layer", "phase"])


def test_by_hand():
    table = events([("a", 0, "l0", 0.10), ("a", 0, "l1", 0.50), ("a", 1, "l0", 0.12), ("a", 1, "l2", 0.51)])
    found = replication(table, {key: NAMES for key in [("a", 0), ("a", 1)]}).set_index("seed")
    # Of seed 0, l0 is found in seed 1 and l1 is not; at its time another of the seven layers has an event.
    assert found.loc[0, "found"] == 0.5 and found.loc[0, "expected"] == pytest.approx(0.5 / 7)
    assert found.loc[1, "found"] == 0.5 and found.loc[1, "expected"] == pytest.approx(0.5 / 7)


def test_planted_events_replicate():
    table = events([("a", seed, "l3", 0.2 + 0.002 * seed) for seed in range(5)])
    found = replication(table, LAYERS)
    assert found["found"].eq(1).all() and found["expected"].eq(0).all() and len(found) == 5


def test_times_in_common_are_not_layers_in_common():
    rng = np.random.default_rng(0)
    rows = [
        (name, seed, NAMES[rng.integers(8)], 0.02 + 0.01 * rng.random())
        for name in map(str, range(60))
        for seed in range(5)
        for _ in range(3)
    ]
    table = events(rows).drop_duplicates(["experiment", "seed", "layer"])
    found = replication(table, {(name, seed): NAMES for name in map(str, range(60)) for seed in range(5)})
    difference = (found["found"] - found["expected"]).groupby(found["experiment"]).mean()
    assert found["expected"].mean() > 0.2
    assert abs(difference.mean()) < 3 * difference.std() / np.sqrt(len(difference))


def test_one_seed_or_no_events_say_nothing():
    assert replication(events([("a", 0, "l0", 0.1)]), {("a", 0): NAMES}).empty
    assert replication(events([]), LAYERS).empty
