"""How much two coordinates of a layer say of the class and of the input, beside what a linear probe of all of it reads."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from repdyn.activations.addresses import named
from repdyn.information.bounds import fano_bound
from repdyn.information.intervals import deviation, divisions, shuffled
from repdyn.information.neighbours import TIES, class_information, entropy, ksg, repeated, tied
from repdyn.information.projections import discriminant_coordinates, principal_coordinates
from repdyn.measures.probes import control_labelings, probe_accuracies, stratified_halves
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.roles import EMBEDDING, INPUT
from repdyn.seeds import derive
from repdyn.toolkit.layers import clouds

ROWS = 1000  # held-out examples, at most
NEIGHBOURS = 3
INTO = (2, 3, 4)  # parts in a division of the rows
REPEATS = 5  # divisions of each kind
SHUFFLES = 50
CONTROLS = 50
WITHIN = 1.96  # deviations of a 95 % interval


def measure(held_out: Subject, training: Subject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The input, the middle and the last hidden layer at the grid steps; directions are fitted on the training split
    and read of at most ROWS held-out examples; no maps.

    Layer "input" is the image, measured once; a text has none, its layer "embedding" stands for it. Channels and tokens
    are averaged. Information in two coordinates is a lower bound of that in the layer. _low, _high: 95 % interval from
    `intervals.deviation` (INTO parts, REPEATS divisions), which does not know the bias of the estimator. NaN where
    coordinates are not finite or do not vary, more than NEIGHBOURS rows of a class are equal, more than TIES of the
    examples or of those of a part share a coordinate, or a part of the rows has too few of a class.

    - class_components, class_components_low, class_components_high [nats]: information on the class in the two leading
      principal coordinates, NEIGHBOURS neighbours. Null: SHUFFLES random orders of the examples against the classes.
      Source: Ross 2014; Holmes & Nemenman 2019.
    - class_discriminants, class_discriminants_low, class_discriminants_high [nats]: the same in the two leading linear
      discriminants. Null: as of class_components. Source: Ross 2014; Fisher 1936.
    - input_component, input_component_low, input_component_high [nats]: information of the leading principal coordinate
      on that of the input, of a text on that of its embedding at initialisation; not measured of the layers "input" and
      "embedding". Null: SHUFFLES random orders of the examples against the input. Source: Kraskov 2004.
    - probe_accuracy [share]: held-out accuracy of `probes.probe_accuracies`, a linear probe of the whole layer. Null:
      CONTROLS control labellings. Source: Hewitt & Liang 2019.
    - probe_information [nats]: the bound of that accuracy, what the layer says at the least. Source: Fano 1961.
    - class_entropy [nats]: entropy of the labels, once, without layer: what nothing can exceed.
    """
    rows = _rows(held_out)
    labels = held_out.labels[rows]
    rng = np.random.default_rng(derive(*held_out.key, "information divisions"))
    parts = divisions(labels, INTO, REPEATS, rng)
    half = stratified_halves(labels, np.random.default_rng(derive(*held_out.key, "information halves")))
    controls = np.random.default_rng(derive(*held_out.key, "information controls"))
    labellings = np.vstack([labels, control_labelings(labels, half, CONTROLS, controls)])
    entries = [entry(held_out.grid[0], "", "class_entropy", entropy(labels))]
    first = None
    for (step, layer, x), (_, _, fitted) in zip(clouds(held_out), clouds(training), strict=True):
        x = x[rows]
        key = (*held_out.key, "information", named(layer), step)
        components = principal_coordinates(fitted, x)
        discriminants = discriminant_coordinates(fitted, training.labels, x)
        entries += _of_class(step, layer, "class_components", components, labels, parts, key)
        entries += _of_class(step, layer, "class_discriminants", discriminants, labels, parts, key)
        if first is None:
            first = components[:, 0]
        if held_out.roles.get(layer, INPUT) not in (INPUT, EMBEDDING):
            entries += _of_input(step, layer, components[:, 0], first, parts, key)
        accuracy, *null = probe_accuracies(x, labellings, half, held_out.classes)
        entries.append(entry(step, layer, "probe_accuracy", accuracy, np.mean(null), np.std(null, ddof=1)))
        entries.append(entry(step, layer, "probe_information", fano_bound(accuracy, labels)))
    return combine(entries), {}


def _rows(subject: Subject) -> np.ndarray:
    n = len(subject.labels)
    if n <= ROWS:
        return np.arange(n)
    rng = np.random.default_rng(derive(*subject.key, "information rows"))
    return np.sort(rng.choice(n, ROWS, replace=False))


def _of_class(
    step: int, layer: str, name: str, x: np.ndarray, labels: np.ndarray, parts: list, key: tuple
) -> list[dict]:
    smallest = min(np.unique(labels[rows], return_counts=True)[1].min() for division in parts for rows in division)
    if smallest <= NEIGHBOURS or tied(x, labels, NEIGHBOURS):
        return _entries(step, layer, name)

    def estimate(rows: np.ndarray, of: np.ndarray) -> float:
        return class_information(x[rows], labels[of], NEIGHBOURS)

    return _entries(step, layer, name, estimate, parts, len(x), (*key, name))


def _of_input(step: int, layer: str, x: np.ndarray, first: np.ndarray, parts: list, key: tuple) -> list[dict]:
    name = "input_component"
    if tied(np.column_stack([x, first]), np.zeros(len(x)), NEIGHBOURS) or not np.ptp(x) or not np.ptp(first):
        return _entries(step, layer, name)
    # Of few rows a larger share may repeat.
    of_all = [np.arange(len(x)), *(rows for division in parts for rows in division)]
    if any(max(repeated(x[rows]), repeated(first[rows])) > TIES for rows in of_all):
        return _entries(step, layer, name)
    x, first = x / x.std(), first / first.std()

    def estimate(rows: np.ndarray, of: np.ndarray) -> float:
        return ksg(x[rows], first[of], NEIGHBOURS)

    return _entries(step, layer, name, estimate, parts, len(x), (*key, name))


def _entries(step, layer, name, estimate: Callable | None = None, parts=(), n: int = 0, key: tuple = ()) -> list[dict]:
    """Value, null and interval of estimate(rows, rows of the other variable); NaN without an estimate."""
    value = sd = null_mean = null_sd = np.nan
    if estimate is not None:
        everything = np.arange(n)
        value = estimate(everything, everything)
        sd = deviation(lambda rows: estimate(rows, rows), parts)
        rng = np.random.default_rng(derive(*key, "shuffles"))
        null_mean, null_sd = shuffled(lambda order: estimate(everything, order), n, SHUFFLES, rng)
    return [
        entry(step, layer, name, value, null_mean, null_sd),
        entry(step, layer, f"{name}_low", value - WITHIN * sd),
        entry(step, layer, f"{name}_high", value + WITHIN * sd),
    ]
