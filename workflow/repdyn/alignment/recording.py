"""A recording of responses to stimuli: what it must hold, and how features of the stimuli are compared with it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.alignment.comparison import compared, encoding_ceiling
from repdyn.alignment.folds import FOLDS, LEAST
from repdyn.errors import StudyError

NO_CEILING = "no ceiling: one presentation of each stimulus"
COLUMNS = ("features", "method", "value", "null_mean", "null_sd", "ceiling", "stimuli", "repeats", "units", "note")
CEILED = ("encoding", "partial_least_squares")  # whose ceiling is that of encoding


class Recording(NamedTuple):
    """responses (repeats, stimuli, units), finite; stimuli (stimuli, ...); units: a name each."""

    responses: np.ndarray
    stimuli: np.ndarray
    units: tuple[str, ...]


def checked(where: str, responses: np.ndarray, stimuli: np.ndarray, units: Sequence[str]) -> Recording:
    """A recording that can be compared. StudyError, which starts with `where`, for one that cannot.

    Responses (stimuli, units) are of one repeat. Units that never fire are named, as are names that do not fit.
    """
    responses, names = np.asarray(responses), tuple(map(str, units))
    if responses.dtype.kind not in "biuf":
        raise StudyError(f"{where}: responses must be numbers, found {responses.dtype}")
    responses = responses.astype(np.float64)
    if responses.ndim == 2:
        responses = responses[None]
    if responses.ndim != 3 or not responses.size:
        raise StudyError(f"{where}: responses (repeats, stimuli, units) are needed, found shape {responses.shape}")
    repeats, n, count = responses.shape
    if len(stimuli) != n:
        raise StudyError(
            f"{where}: {n} stimuli have responses, {len(stimuli)} are given; each response needs its stimulus"
        )
    if len(names) != count:
        raise StudyError(
            f"{where}: {count} units have responses, {len(names)} have names; the names must be those of the units"
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise StudyError(f"{where}: units have the same name: {', '.join(twice[:5])}; each needs one of its own")
    if not np.isfinite(responses).all():
        repeat, stimulus, unit = np.argwhere(~np.isfinite(responses))[0]
        raise StudyError(
            f"{where}: unit {names[unit]} has no finite response to stimulus {stimulus} in repeat {repeat}; every unit needs"
            " one to every stimulus in every repeat: leave out what is incomplete"
        )
    silent = [names[unit] for unit in np.flatnonzero(np.ptp(responses, axis=(0, 1)) == 0)]
    if silent:
        raise StudyError(
            f"{where}: {len(silent)} of {count} units never fire, or always alike: {', '.join(silent[:5])}; leave them out"
        )
    if n < LEAST * FOLDS:
        raise StudyError(f"{where}: {n} stimuli are fewer than {FOLDS} folds of {LEAST} need; {LEAST * FOLDS} would do")
    return Recording(responses, np.asarray(stimuli), names)


def table_of(
    features: Mapping[str, np.ndarray], recording: Recording, rng: np.random.Generator, shuffles: int
) -> pd.DataFrame:
    """A row of COLUMNS per features {name: (stimuli, d)} and method: what they predict, what they do with shuffled stimuli,
    and the ceiling, or in note why there is none. Of `similarity` a single recording has no ceiling.
    """
    responses = recording.responses
    best = encoding_ceiling([responses], rng)
    rows = []
    for name, x in features.items():
        for method, found in compared(x, [responses], rng, shuffles).items():
            top = best if method in CEILED else np.nan
            note = NO_CEILING if len(responses) < 2 else "" if method in CEILED else "no ceiling for this method"
            rows.append((name, method, *found, top, responses.shape[1], len(responses), len(recording.units), note))
    return pd.DataFrame(rows, columns=list(COLUMNS))
