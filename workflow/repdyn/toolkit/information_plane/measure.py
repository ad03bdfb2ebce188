"""What hidden layers say of the input and of the class under declared noise, beside what bins and critics make of them."""

import numpy as np
import pandas as pd

from repdyn.activations.addresses import Where, named
from repdyn.information.critics import CHOOSE, FIT, REPORT, critic_bounds
from repdyn.information.neighbours import entropy
from repdyn.information.noisy import (
    binned_information,
    noisy_class_information,
    noisy_input_information,
    root_mean_square,
)
from repdyn.information.processing import largest_rise
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.roles import state_layers
from repdyn.seeds import derive
from repdyn.statistics.components import principal_components
from repdyn.toolkit.information_plane.codes import codes
from repdyn.toolkit.layers import flat, looked_at

ROWS = 1000  # examples of a split, at most
LAYERS = 4  # at most
NOISE = 1.0  # deviation of the noise, in root mean squares of a layer's units; with a tenth every example is told apart
OTHERS = (0.3, 3.0)  # to see what the noise decides
DRAWS = 5  # of the noise, for each example
SHUFFLES = 20
BINS = (2, 4, 10, 30, 100)
INPUTS = 30  # principal coordinates of the input that a critic reads
NULLS = 2  # critics of shuffled pairs
CRITIC_UPDATES = 800


def measure(held_out: Subject, training: Subject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Up to LAYERS hidden layers, evenly chosen with the first and the last, at the grid steps, on at most ROWS held-out
    examples; critics of the last at the first and the last step; no maps.

    T are the units of a layer (channels and tokens averaged), Z is normal noise of NOISE times their root mean square,
    added where they are read and not inside the network. NaN where a layer does not vary or is not finite.

    - noise [activation]: the deviation of Z.
    - input_information, input_information_error [nats]: information of T + Z on the input and its standard error over
      examples. It cannot exceed most_information; near it more examples would say more. Source: Goldfeld 2019.
    - input_information_at/<noise> [nats]: the same with noise of so many times the root mean square, OTHERS; of the last
      layer. Source: Goldfeld 2019.
    - class_information, class_information_error [nats]: of T + Z on the class, a lower bound: what the other examples near
      it say, how near chosen on half of them. Null: SHUFFLES shuffles of the labels. Source: Barber & Agakov 2003.
    - binned_information/<bins> [nats]: entropy of T in so many bins per unit, what binning calls information on the input:
      it grows to most_information with the bins alone. Source: Saxe 2019.
    - class_rise [standard errors]: the largest rise of class_information from a layer to a later one. Noise inside the
      network would forbid it beyond chance; noise at the reading does not. Source: Cover & Thomas 2006, section 2.8.
    - class_mine, input_mine [nats]: lower bound by a critic of T + Z and the class, or the INPUTS leading coordinates of the
      input (of a text, of its embedding at initialisation), fitted to training examples, chosen on half of the held-out
      ones, read on the others. Null: NULLS critics of shuffled pairs. Source: Belghazi 2018.
    - class_mine_fitted, input_mine_fitted [nats]: of the last critic on the examples that it was fitted to, which is no
      bound. Source: McAllester & Stratos 2020.
    - class_infonce, input_infonce [nats]: another lower bound of the same critic, at most ln 256. Null: as of class_mine.
      Source: van den Oord 2018.
    - code_size [count] (unit: code): groups into which cells of the last layer are merged by the distances of their centres:
      as many as there are classes, fewer, and more; at the first and the last step. Cells are k-means clusters of training
      examples, in which the held-out ones are counted. Source: Ward 1963.
    - code_kept [nats] (unit: code): entropy of the code, which is what it keeps of the cells.
    - code_information [nats] (unit: code): of the code on the class. Null: cells merged at random.
    - code_most [nats] (unit: code): what no code of the cells that keeps so much exceeds, by tangents of the information
      bottleneck. Source: Tishby, Pereira & Bialek 1999.
    - class_entropy, most_information [nats]: of the labels, and ln of the number of examples: what class and input
      information cannot exceed; once, without layer.
    """
    rows, more = _rows(held_out, "held out"), _rows(training, "training")
    labels = held_out.labels[rows]
    first, last = held_out.grid[0], held_out.grid[-1]
    layers = _chosen(state_layers(held_out.roles))
    entries = [
        entry(first, "", "class_entropy", entropy(labels)),
        entry(first, "", "most_information", np.log(len(rows))),
    ]
    inputs = [_input(subject)[chosen] for subject, chosen in ((held_out, rows), (training, more))]
    for step in held_out.grid:
        examples = held_out.examples(step)
        found = [_of_layer(held_out, step, layer, examples[layer][rows], labels) for layer in layers]
        entries += [each for of_layer in found for each in of_layer]
        values, errors = (_values(found, name) for name in ("class_information", "class_information_error"))
        entries.append(entry(step, "", "class_rise", largest_rise(values, errors)))
        entries += _with_other_noise(held_out, step, layers[-1], examples[layers[-1]][rows])
        if step in (first, last):
            states = [examples[layers[-1]][rows], training.examples(step)[layers[-1]][more]]
            entries += _of_critics(held_out, step, layers[-1], states, inputs, [labels, training.labels[more]])
            rng = np.random.default_rng(derive(*held_out.key, "information plane codes", named(layers[-1]), step))
            entries += codes(step, layers[-1], *reversed(states), labels, held_out.classes, rng)
    return combine(entries), {}


def _values(found: list[list[dict]], quantity: str) -> np.ndarray:
    """A quantity by layer."""
    return np.array([each["value"][0] for of_layer in found for each in of_layer if each["quantity"][0] == quantity])


def _chosen(layers: list[Where]) -> list[Where]:
    places = np.linspace(0, len(layers) - 1, LAYERS).round().astype(int)
    return [layers[place] for place in dict.fromkeys(places.tolist())]


def _rows(subject: Subject, which: str) -> np.ndarray:
    n = len(subject.labels)
    rng = np.random.default_rng(derive(*subject.key, "information plane rows", which))
    return np.arange(n) if n <= ROWS else np.sort(rng.choice(n, ROWS, replace=False))


def _input(subject: Subject) -> np.ndarray:
    """Rows (n, d) of numbers of what comes in; of a text its embedding at initialisation."""
    return subject.examples(subject.grid[0])[looked_at(subject)[0]] if subject.text else flat(subject.inputs)


def _of_layer(subject: Subject, step: int, layer: Where, x: np.ndarray, labels: np.ndarray) -> list[dict]:
    names = ("input_information", "input_information_error", "class_information", "class_information_error")
    sigma = NOISE * _scale(x)
    if not sigma:
        empty = [entry(step, layer, name, np.nan) for name in ("noise", *names)]
        return empty + [entry(step, layer, f"binned_information/{bins}", np.nan) for bins in BINS]
    rng = np.random.default_rng(derive(*subject.key, "information plane", named(layer), step))
    told = noisy_input_information(x, sigma, rng, DRAWS)
    labellings = np.stack([labels, *(rng.permutation(labels) for _ in range(SHUFFLES))])
    (known, *null), (error, *_) = noisy_class_information(x, labellings, sigma, rng)
    found = [entry(step, layer, name, value) for name, value in zip(("noise", *names[:2]), (sigma, *told), strict=True)]
    found += [
        entry(step, layer, names[2], known, np.mean(null), np.std(null, ddof=1)),
        entry(step, layer, names[3], error),
    ]
    return found + [entry(step, layer, f"binned_information/{bins}", binned_information(x, bins)) for bins in BINS]


def _with_other_noise(subject: Subject, step: int, layer: Where, x: np.ndarray) -> list[dict]:
    rng = np.random.default_rng(derive(*subject.key, "information plane, other noise", named(layer), step))
    scale = _scale(x)
    values = [noisy_input_information(x, noise * scale, rng, 1)[0] if scale else np.nan for noise in OTHERS]
    return [
        entry(step, layer, f"input_information_at/{noise:g}", value)
        for noise, value in zip(OTHERS, values, strict=True)
    ]


def _scale(x: np.ndarray) -> float:
    """Root mean square of the units of rows (n, d); 0 where they do not vary or are not finite."""
    scale = root_mean_square(x) if np.isfinite(x).all() else 0.0
    return scale if scale > 1e-9 * np.abs(x).max(initial=0) else 0.0


def _of_critics(subject: Subject, step: int, layer: Where, states: list, inputs: list, labels: list) -> list[dict]:
    """Bounds of the layer's noisy states on the class and on the input; of each, held-out rows come first."""
    rng = np.random.default_rng(derive(*subject.key, "information plane critics", named(layer), step))
    held, fitted = map(len, states)
    use = np.r_[rng.permutation(np.resize([CHOOSE, REPORT], held)), np.full(fitted, FIT)]
    x = np.concatenate(states).astype(np.float64)
    scale = _scale(x)
    of_class, of_input = np.eye(subject.classes)[np.concatenate(labels)], np.concatenate(inputs).astype(np.float64)
    found = []
    for name, y in (("class", of_class), ("input", _leading(of_input))):
        if not scale or y is None or min(np.bincount(use, minlength=3)) < 8:
            found += [entry(step, layer, f"{name}_{of}", np.nan) for of in ("mine", "infonce", "mine_fitted")]
            continue
        noisy = x + NOISE * scale * rng.standard_normal(x.shape)
        seed = derive(*subject.key, "information plane critic", name, step)
        bounds = critic_bounds(noisy, y, use, seed, NULLS, CRITIC_UPDATES)
        for of, (value, *null) in (("mine", bounds.mine), ("infonce", bounds.infonce)):
            found.append(entry(step, layer, f"{name}_{of}", value, np.mean(null), np.std(null, ddof=1)))
        found.append(entry(step, layer, f"{name}_mine_fitted", bounds.in_sample[0]))
    return found


def _leading(x: np.ndarray) -> np.ndarray | None:
    """The INPUTS leading principal coordinates of rows; None where they do not vary or are not finite."""
    if not np.isfinite(x).all():
        return None
    x = x - x.mean(0)
    squares, directions = principal_components(x, INPUTS)
    return x @ directions if len(squares) else None
