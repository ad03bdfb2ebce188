"""Tables that are kept in git, as text."""

from pathlib import Path

import pandas as pd

from common.files import atomic


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """A table as text in which equal numbers give equal bytes: six digits, no negative zero, NaN empty."""
    numbers = table.select_dtypes("floating").columns
    with atomic(path) as temporary:
        table.assign(**{name: table[name] + 0.0 for name in numbers}).to_csv(
            temporary, index=False, float_format="%.6g", lineterminator="\n"
        )


def read_errors(path: Path) -> pd.DataFrame:
    """A table of `verdict_errors` from CSV, in which no part and no note are empty cells."""
    return pd.read_csv(path).fillna({"part": "", "note": ""})
