"""Whether an event of one seed is found in the others: in the same layer, at the same training fraction."""

import numpy as np
import pandas as pd

TOLERANCE = 0.025  # training fraction on each side


def replication(events: pd.DataFrame, layers: dict[tuple[str, int], list[str]]) -> pd.DataFrame:
    """experiment, seed, found, expected: a row per run with events and another seed of its experiment.

    events: experiment, seed, layer, phase (training fraction), a row per event. layers: (experiment, seed) -> the
    layers that were searched, of every run. found: share of pairs of an event and another seed in which that seed has
    an event in this layer within TOLERANCE. expected: the same in the other layers of that seed, so what events give
    that come when layers of this network tend to change, but anywhere.
    """
    rows = []
    for (experiment, seed), own in events.groupby(["experiment", "seed"], sort=True):
        others = [other for name, other in layers if name == experiment and other != seed]
        pairs = [
            _pair(event, events[(events["experiment"] == experiment) & (events["seed"] == other)], names)
            for other in others
            if len(names := layers[experiment, other]) > 1
            for event in own.itertuples()
            if event.layer in names
        ]
        if pairs:
            found, expected = np.mean(pairs, axis=0)
            rows.append((experiment, seed, float(found), float(expected)))
    return pd.DataFrame(rows, columns=["experiment", "seed", "found", "expected"])


def _pair(event, others: pd.DataFrame, names: list[str]) -> tuple[float, float]:
    near = set(others.loc[(others["phase"] - event.phase).abs() <= TOLERANCE, "layer"]) & set(names)
    return float(event.layer in near), len(near - {event.layer}) / (len(names) - 1)
