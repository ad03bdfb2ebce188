"""Whether the network of another seed has the same features: matched with those of the first seed on the same rows."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from repdyn.errors import StudyError
from repdyn.measures.table import combine, entry
from repdyn.seeds import derive
from repdyn.sparse_autoencoders.pairing import paired_correlation, shuffled_within

SHUFFLES = 20


def across(table: pd.DataFrame, maps: dict, first: dict, key: tuple) -> pd.DataFrame:
    """models_alike of `measure` at the steps that both runs have: maps of this run and of the first seed.

    table: of this run, for the name of its layer. StudyError where the runs have not looked at the same rows.
    """
    return combine(_entries(str(table["layer"].iloc[0]), maps, first, key))


def _entries(layer: str, maps: dict, first: dict, key: tuple) -> Iterator[dict]:
    steps = sorted(int(name.removeprefix("codes ")) for name in maps if name.startswith("codes "))
    for step in steps:
        ours, theirs = (each.get(f"codes {step}") for each in (maps, first))
        if theirs is None:
            continue
        if not np.array_equal(maps["classes of rows"], first["classes of rows"]):
            raise StudyError("two seeds are compared on the same held-out rows; these have other classes")
        rng = np.random.default_rng(derive(*key, "features across models", step))
        orders = (shuffled_within(maps["classes of rows"], rng) for _ in range(SHUFFLES))
        null = [paired_correlation(ours[order], theirs) for order in orders]
        yield entry(step, layer, "models_alike", paired_correlation(ours, theirs), np.mean(null), np.std(null, ddof=1))
