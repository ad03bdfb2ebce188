"""Recordings in three forms: a file of arrays, NWB, and a folder in BIDS. All give the same arrays, checked."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from repdyn.alignment.recording import Recording, checked
from repdyn.errors import StudyError

HELD = ("responses", "stimuli", "units")
TRIAL = "stimulus"  # the column of NWB trials that names the stimulus of each


def read_recording(path: Path, stimuli: Path | None = None) -> Recording:
    """The recording in a .npz, a .nwb, or a folder in BIDS. stimuli: a .npz with `names` and `stimuli`, of the last two.

    Raises StudyError for what is missing, and for what cannot be compared.
    """
    if not path.exists():
        raise StudyError(f"{path} does not exist; a recording is a .npz, a .nwb or a folder in BIDS")
    if path.suffix == ".npz":
        found = arrays_of(path, HELD)
        return checked(str(path), *(found[name] for name in HELD))
    if stimuli is None:
        raise StudyError(
            f"{path} holds no stimuli that a network can read; name a .npz with `names` and `stimuli` of them"
        )
    given = arrays_of(stimuli, ("names", "stimuli"))
    names = list(map(str, given["names"]))
    trials, units = (of_bids if path.is_dir() else of_nwb)(path)
    return checked(str(path), repeated(str(path), trials, names), given["stimuli"], units)


def arrays_of(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The arrays of a .npz. StudyError for one that lacks any; nothing in it is executed."""
    try:
        with np.load(path, allow_pickle=False) as held:
            missing = [name for name in names if name not in held]
            if missing:
                raise StudyError(f"{path} lacks {', '.join(missing)}; it holds {', '.join(held) or 'nothing'}")
            return {name: held[name] for name in names}
    except (OSError, ValueError) as error:
        raise StudyError(f"{path} is no .npz of plain arrays: {error}") from None


def repeated(where: str, trials: list[tuple[str, np.ndarray]], names: list[str]) -> np.ndarray:
    """Trials (name of the stimulus, responses (units,)) in order as (repeats, stimuli, units), stimuli as in `names`.

    StudyError where a stimulus is not among them, or some were presented more often than others.
    """
    counts = Counter(name for name, _ in trials)
    if unknown := sorted(set(counts) - set(names)):
        raise StudyError(f"{where}: stimulus {unknown[0]!r} was presented, and is not among those named")
    if set(counts.get(name, 0) for name in names) - {counts.get(names[0], 0)} or not counts:
        least, most = (pick(names, key=lambda name: counts.get(name, 0)) for pick in (min, max))
        raise StudyError(
            f"{where}: stimulus {least!r} was presented {counts.get(least, 0)} times, {most!r} {counts.get(most, 0)} times;"
            " every stimulus needs as many repeats"
        )
    return np.stack([[row for name, row in trials if name == wanted] for wanted in names], axis=1)


def of_nwb(path: Path) -> tuple[list[tuple[str, np.ndarray]], list[str]]:
    """Trials and names of units of an NWB file: spikes of each unit between start_time and stop_time of each trial."""
    try:
        from pynwb import NWBHDF5IO
    except ImportError:
        raise StudyError(
            f"{path} is an NWB file, which pynwb reads; it is not installed: `pip install pynwb`, or save a .npz with"
            f" {', '.join(HELD)}"
        ) from None
    try:
        with NWBHDF5IO(str(path), "r", load_namespaces=True) as file:
            content = file.read()
            if content.units is None or content.trials is None or TRIAL not in content.trials.colnames:
                raise StudyError(f"{path}: units, and trials with a column {TRIAL!r}, are needed")
            units, trials = content.units.to_dataframe(), content.trials.to_dataframe()
    except OSError as error:
        raise StudyError(f"{path} is no NWB file: {error}") from None
    edges = trials[["start_time", "stop_time"]].to_numpy()
    counts = np.stack(
        [np.diff(np.searchsorted(np.sort(times), edges), axis=1)[:, 0] for times in units["spike_times"]], 1
    )
    names = units.get("unit_name", units.index)
    return list(zip(trials[TRIAL].astype(str), counts.astype(float), strict=True)), list(map(str, names))


def of_bids(folder: Path) -> tuple[list[tuple[str, np.ndarray]], list[str]]:
    """Trials and names of units of a BIDS folder: of every *_events.tsv, with trial_type, the *_betas.tsv beside it, which
    has a row per event and a column per unit."""
    events = sorted(folder.rglob("*_events.tsv"))
    if not events:
        raise StudyError(f"{folder} holds no *_events.tsv; a folder in BIDS has one for each run")
    trials: list[tuple[str, np.ndarray]] = []
    units: list[str] = []
    for file in events:
        beside = file.with_name(file.name.replace("_events.tsv", "_betas.tsv"))
        if not beside.is_file():
            raise StudyError(f"{beside} is missing: the responses to the events of {file.name}, a column per unit")
        table, betas = (pd.read_csv(each, sep="\t") for each in (file, beside))
        if "trial_type" not in table or len(table) != len(betas):
            raise StudyError(
                f"{file}: a column trial_type and {len(betas)} events, as {beside.name} has rows, are needed"
            )
        if units and list(betas.columns) != units:
            other = sorted(set(units) ^ set(betas.columns)) or list(betas.columns)
            raise StudyError(f"{beside}: its units are not those of the runs before ({', '.join(other[:5])} differ)")
        units = list(betas.columns)
        trials += list(zip(table["trial_type"].astype(str), betas.to_numpy(), strict=True))
    return trials, units
