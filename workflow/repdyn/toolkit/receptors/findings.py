"""What was found of the grasshopper's receptors: every number and word from the table."""

import numpy as np
import pandas as pd

from repdyn.alignment.grasshopper import RECORDINGS
from repdyn.alignment.recording import NO_CEILING
from repdyn.figures.panels import RUN
from repdyn.seeds import derive
from repdyn.statistics.intervals import mean_interval
from repdyn.toolkit.over_runs import joined
from repdyn.wording.numbers import interval, plural, short, two_decimals

NOTHING = "No recording was looked at."
BEYOND = 3  # standard deviations of the null, above its mean
MODELS = {
    "level": "the sound level now", "field": "a linear field of its past", "quadratic": "a quadratic one",
    "untrained": "states of untrained networks", "states": "states of networks trained to predict the sound",
}  # fmt: skip
CUTOFFS = {f"recording {number}": words for number, words in RECORDINGS.items()}


def sentence(table: pd.DataFrame) -> str:
    """Whether the past of the sound predicts spikes beyond chance, and what learning to predict the sound adds."""
    if table.empty:
        return NOTHING
    names = recordings(table)
    fields = pd.concat([rows(table, "field_accuracy", name) for name in names])
    numbers = " and ".join(two_decimals(value) for value in fields["value"])
    said = [
        f"what was heard predicts the held-out spikes of {int(_beyond(fields).sum())} of"
        f" {plural(len(names), 'recording')} of a grasshopper's receptors beyond chance (correlation {numbers};"
        f" {NO_CEILING})"
    ]
    words = {name: _direction(gain(table, name)) for name in names}
    if len(set(words.values())) == 1:
        said.append(_learning(words[names[0]], " and ".join(names)))
    else:
        said += [_learning(word, name) for name, word in words.items()]
    return joined(*said)


def limits(_table: pd.DataFrame) -> str:
    """What two recordings cannot say."""
    return (
        "Each sound was presented once: there is no noise ceiling, and a correlation cannot be read as a share of what any"
        " model could reach. It also rests on how far spikes are smoothed: compare models, not studies. These are two"
        " recordings of the first cells of the ear, with one kind of sound; the networks are small and saw these seconds"
        " alone, so that what their states predict says nothing of predictive networks at large."
    )


def found(table: pd.DataFrame) -> list[str]:
    """A paragraph per recording, one on the networks, one on both fields."""
    if table.empty:
        return [NOTHING]
    return [*(_recording(table, name) for name in recordings(table)), _networks(table), _kernels(table)]


def recordings(table: pd.DataFrame) -> list[str]:
    """Their names, in the order of the table."""
    return table.loc[table["quantity"] == "spikes", "layer"].astype(str).tolist()


def rows(table: pd.DataFrame, quantity: str, layer: str) -> pd.DataFrame:
    """Of a quantity: one, or one per network in their order."""
    return table[(table["quantity"] == quantity) & (table["layer"].astype(str) == layer)].sort_values([*RUN, "unit"])


def gain(table: pd.DataFrame, name: str, quantity: str = "accuracy") -> np.ndarray:
    """What training adds to what the states of each network predict."""
    after, before = (
        rows(table, f"{model}_{quantity}", name)["value"].to_numpy(float) for model in ("states", "untrained")
    )
    return after - before


def _beyond(found: pd.DataFrame) -> pd.Series:
    return found["value"] > found["null_mean"] + BEYOND * found["null_sd"]


def _interval(values: np.ndarray) -> tuple[float, float, float]:
    return mean_interval(values, np.random.default_rng(derive("receptors findings")))


def _direction(values: np.ndarray) -> str:
    _, low, high = _interval(values)
    if np.isnan(low) or low <= 0 <= high:
        return ""
    return "better" if low > 0 else "worse"


def _learning(word: str, whose: str) -> str:
    subject = f"states of a network trained to predict the sound predict the spikes of {whose}"
    return f"{subject} {word} than before training" if word else f"whether {subject} better than before is undecided"


def _over_networks(values: np.ndarray) -> str:
    mean, low, high = _interval(values)
    if np.isnan(low):
        return f"{two_decimals(mean)} ({plural(len(values), 'network')}, too few for an interval)"
    return interval(mean, low, high, two_decimals, plural(len(values), "network"))


def _recording(table: pd.DataFrame, name: str) -> str:
    numbers = []
    for model, words in MODELS.items():
        values = (
            rows(table, f"{model}_{quantity}", name)["value"].to_numpy(float) for quantity in ("accuracy", "bits")
        )
        accuracy, bits = (two_decimals(each[0]) if len(each) == 1 else _over_networks(each) for each in values)
        numbers.append(f"{words} {accuracy}, {bits} bits")
    null = rows(table, "field_accuracy", name).iloc[0]
    spikes = plural(int(_single(table, "spikes", name)), "spike")
    return (
        f"{name.capitalize()} ({CUTOFFS[name]}, {spikes}). Correlation of held-out spikes with what predicts them, and bits"
        f" per spike: {'; '.join(numbers)}. Spikes shifted in a circle, by the linear field:"
        f" {two_decimals(null['null_mean'])} ± {two_decimals(null['null_sd'])}. {NO_CEILING.capitalize()}. The level counts"
        f" most {short(_single(table, 'latency', name))} ms before."
    )


def _networks(table: pd.DataFrame) -> str:
    said = []
    for name in recordings(table):
        errors = 100 * rows(table, "sound_error", name)[["value", "null_mean"]]
        said.append(
            f"of the sound of {name} they leave {_over_networks(errors['value'].to_numpy(float))} % of the variance of the"
            f" next millisecond unexplained ({two_decimals(errors['null_mean'].mean())} % before), and training changes the"
            f" correlation with spikes by {_over_networks(gain(table, name))}"
        )
    return f"The networks, trained to predict both sounds: {'; '.join(said)}."


def _kernels(table: pd.DataFrame) -> str:
    row = rows(table, "kernels_apart", "").iloc[0]
    return (
        "Whether the linear fields of both recordings are one up to a stretch in time: warped, they differ by"
        f" {two_decimals(row['value'])}; series with the spectrum of one differ from the other by"
        f" {two_decimals(row['null_mean'])} ± {two_decimals(row['null_sd'])}."
    )


def _single(table: pd.DataFrame, quantity: str, layer: str) -> float:
    return float(rows(table, quantity, layer)["value"].iloc[0])
