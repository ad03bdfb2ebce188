"""Whether maps add up to what they owe."""

from collections.abc import Iterator

import numpy as np

from repdyn.attribution.case import Case
from repdyn.measures.table import entry


def completeness(case: Case, maps: dict, step: int) -> Iterator[dict]:
    """The entries of completeness/<method>, of methods whose maps owe a sum."""
    top, bottom = case.ends()
    for name, owed in (("integrated_gradients", top - bottom), ("deeplift", top - bottom), ("lrp_z_plus", top)):
        if name in maps:
            yield gap(step, name, maps[name], owed)


def gap(step: int, name: str, values: np.ndarray, owed: np.ndarray) -> dict:
    """The entry of what values (n, ...) miss of the sums that they owe (n,)."""
    gap = np.nansum(values.reshape(len(owed), -1), 1) - owed
    return entry(step, "", f"completeness/{name}", np.abs(gap).mean() / np.abs(owed).mean())
