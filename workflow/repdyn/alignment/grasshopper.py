"""A recording that a package ships: auditory receptors of a grasshopper, and the sound that they heard."""

from importlib.resources import files
from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError

RECORDINGS = {1: "sound up to 200 Hz", 2: "sound up to 800 Hz"}  # {number of its files: cut-off of the amplitude}
MILLISECONDS = 10_000
SAMPLES = 20  # of the sound in a millisecond
QUIETEST = 2e-5  # Pa, which has 0 dB


class Heard(NamedTuple):
    """level (MILLISECONDS,): of the sound in each millisecond, dB. counts (MILLISECONDS,): spikes in each."""

    level: np.ndarray
    counts: np.ndarray


def grasshopper(number: int) -> Heard:
    """One of RECORDINGS: a receptor's spikes during 10 s of sound, whose amplitude is Gaussian noise, presented once.

    From the files of nitime, without its code (Rokem et al. 2006, J. Neurophysiol. 95:2541). Raises StudyError for another
    number, and where nitime is not installed.
    """
    try:
        import nitime
    except ImportError:
        raise StudyError(
            "the grasshopper's recording is part of nitime, which is missing: `pip install nitime`"
        ) from None
    if number not in RECORDINGS:
        raise StudyError(f"recording {number} is not there; {' and '.join(map(str, RECORDINGS))} are")
    folder = files(nitime) / "data"
    sound, spikes = (
        np.loadtxt(folder.joinpath(f"grasshopper_{name}{number}.txt").read_text(encoding="utf-8").splitlines())
        for name in ("stimulus", "spike_times")
    )
    level = 20 * np.log10(sound[:, 1] / QUIETEST)
    counts = np.bincount((spikes // 1000).astype(int), minlength=MILLISECONDS)  # times are in microseconds
    return Heard(level.reshape(MILLISECONDS, SAMPLES).mean(1), counts.astype(np.float64))
