"""The runs of a study together, and those of each family."""

from collections.abc import Iterator

import pandas as pd

from repdyn.wording.names import family_name, family_order

ALL = "all families"


def by_family(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """(name, rows) of all rows, then of each family where there are several."""
    yield ALL, table
    families = family_order(table["family"])
    for family in families if len(families) > 1 else ():
        yield family_name(family), table[table["family"] == family]
