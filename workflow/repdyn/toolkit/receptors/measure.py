"""What predicts the spikes of two real receptors: the sound now, its past, and states of networks that heard it."""

import numpy as np
import pandas as pd

from repdyn.alignment.grasshopper import RECORDINGS, Heard, grasshopper
from repdyn.alignment.receptive_fields import circular_shifts, lagged, receptive_field
from repdyn.alignment.spikes import Encoded, encoded, with_products
from repdyn.alignment.warping import warped_distance, warped_null
from repdyn.measures.table import combine, entry
from repdyn.seeds import derive
from repdyn.toolkit.receptors.predictor import UPDATES, listeners

LAGS, NEAREST = 30, 10  # ms of the past; of which products are taken
WIDTH = 3.0  # ms, standard deviation with which spikes are smoothed
SHIFTS, NETWORKS = 8, 5
REACH, SURROGATES = 2, 100  # ms that kernels may be apart
SHOWN = slice(5000, 5400)  # ms of the figure


def measure(seed: int) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The grasshopper's receptors that nitime ships, one layer per recording: 10 s of sound in ms, presented once.

    One presentation has no ceiling: what any model could reach is not known. Models are fitted to blocks of the recording
    and judged on others. Networks are GRUs, one unit each, that learn to predict the next ms of the sound and never see a
    spike; steps are their updates.

    - level_accuracy, field_accuracy, quadratic_accuracy [correlation]: of spikes, smoothed by WIDTH ms, with a rate
      predicted from the sound level now; from that of the last LAGS ms; and from these and the products of each two of the
      last NEAREST. Null: spikes shifted in a circle. Source: Theunissen 2001; Machens 2004.
    - states_accuracy, untrained_accuracy [correlation] (unit: network): the same from the states of a network after
      training, and before. Null: spikes shifted in a circle.
    - level_bits, field_bits, quadratic_bits [bits per spike]: by how much that rate makes the spikes likelier than their
      mean rate does. Null: spikes shifted in a circle. Source: Pillow 2008.
    - states_bits, untrained_bits [bits per spike] (unit: network): the same from states. Null: spikes shifted in a circle.
    - sound_error [share of the variance] (unit: network): of the next ms, as the network predicts it. Null: before training.
    - latency [ms]: after which the level counts most in the linear field.
    - kernels_apart [squared]: of the standardised linear fields of both recordings, warped in time by REACH ms at most.
      Null: series with the values and the spectrum of the second. Source: Sakoe & Chiba 1978.
    - spikes, presentations, networks [count]: how many; of presentations 1.
    """
    heard = {f"recording {number}": grasshopper(number) for number in RECORDINGS}
    entries, maps = [], {}
    for name, recording in heard.items():
        more, arrays = _fields(name, recording, seed)
        entries += more
        maps |= arrays
    entries += _states(heard, seed)
    kernels = [_standardised(maps[f"kernel/{name}"]) for name in heard]
    null = warped_null(*kernels, REACH, np.random.default_rng(derive("receptors", seed, "kernels")), SURROGATES)
    entries.append(entry(0, "", "kernels_apart", warped_distance(*kernels, REACH), null.mean(), null.std(ddof=1)))
    entries += [entry(0, "", "presentations", 1), entry(0, "", "networks", NETWORKS)]
    return combine(entries), maps


def _fields(name: str, recording: Heard, seed: int) -> tuple[list[dict], dict[str, np.ndarray]]:
    counts, past = _with_shifts(recording.counts, name, seed), lagged(_standardised(recording.level), LAGS)
    kernel = receptive_field(recording.level, recording.counts, LAGS).kernel
    entries = [
        entry(0, name, "spikes", recording.counts.sum()),
        entry(0, name, "latency", int(np.abs(kernel).argmax())),
    ]
    for model, features in (("level", past[:, :1]), ("field", past), ("quadratic", with_products(past, NEAREST))):
        found = encoded(features, counts, LAGS, WIDTH)
        entries += _judged(0, name, model, [found])
    arrays = {"kernel": kernel, "counts": recording.counts[SHOWN], "rate": found.rate[SHOWN, 0]}
    return entries, {f"{each}/{name}": array for each, array in arrays.items()}


def _states(heard: dict[str, Heard], seed: int) -> list[dict]:
    """Of NETWORKS networks, each of which hears both recordings."""
    sounds = np.stack([recording.level for recording in heard.values()])
    pairs = [listeners(sounds, ("receptors", seed, network)) for network in range(NETWORKS)]
    entries = []
    for place, (name, recording) in enumerate(heard.items()):
        counts = _with_shifts(recording.counts, name, seed)
        for when, model, step in ((0, "untrained", 0), (1, "states", UPDATES)):
            found = [encoded(pair[when].states[place], counts, LAGS, WIDTH) for pair in pairs]
            entries += _judged(step, name, model, found)
        errors = [[pair[when].error[place] for pair in pairs] for when in (1, 0)]
        entries.append(entry(UPDATES, name, "sound_error", *errors))
    return entries


def _judged(step: int, layer: str, model: str, found: list[Encoded]) -> list[dict]:
    """Of one model, or of a network each, whose first column are the spikes as they were."""
    entries = []
    for quantity in ("accuracy", "bits"):
        values = np.array([getattr(each, quantity) for each in found])
        row = values[:, 0], values[:, 1:].mean(1), values[:, 1:].std(1, ddof=1)
        entries.append(
            entry(step, layer, f"{model}_{quantity}", *(row if len(found) > 1 else (each[0] for each in row)))
        )
    return entries


def _with_shifts(counts: np.ndarray, name: str, seed: int) -> np.ndarray:
    """Spikes as they were, and SHIFTS times shifted: (n, 1 + SHIFTS)."""
    rng = np.random.default_rng(derive("receptors", seed, name, "shifts"))
    return np.column_stack([counts, circular_shifts(counts, rng, SHIFTS)])


def _standardised(series: np.ndarray) -> np.ndarray:
    return (series - series.mean()) / series.std()
