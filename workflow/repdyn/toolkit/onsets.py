"""When several measures of one training change, on one axis of steps: entries of a table."""

import numpy as np

from repdyn.dynamics.emergence import CONSECUTIVE, emergence
from repdyn.measures.table import entry


def onsets(steps: list[int], effects: dict[str, tuple[np.ndarray, float]], ability: str) -> list[dict]:
    """Entries `onset` and `lead` at the last of the steps for {measure: (its change since step 0 (T,), least size)}.

    onset: as `emergence`, NaN where the final change is not above its least size. lead: onset of the ability, one of the
    measures, minus that of another: above 0 where it comes first.
    """
    if len(steps) < CONSECUTIVE:
        return []
    found = {
        name: emergence(np.array(steps), np.asarray(values, dtype=np.float64)[:, None], least)[0]
        for name, (values, least) in effects.items()
    }
    entries = [entry(steps[-1], name, "onset", value) for name, value in found.items()]
    return entries + [
        entry(steps[-1], name, "lead", found[ability] - value) for name, value in found.items() if name != ability
    ]
