"""What the last hidden layer knows of the class: erased, exchanged between examples, and seen against done, unit by unit.

Of networks whose logits are a linear layer of that layer's `Subject.examples`: there a change of a row is a change of the
network's answer. The study's MLPs and transformers are such, its CNNs, which read every place, are not.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from repdyn.errors import StudyError
from repdyn.interventions.erasure import Eraser, erased, inlp, leace, random_eraser
from repdyn.interventions.interchange import aligned_subspace, interchange_accuracy, random_subspace
from repdyn.interventions.structural_models import back_door, seen
from repdyn.measures.probes import probe_accuracies, stratified_halves
from repdyn.measures.subject import Subject
from repdyn.measures.table import entry
from repdyn.roles import state_layers
from repdyn.seeds import derive

ROUNDS, DRAWS = 4, 5  # of null-space projection; random erasers and subspaces
PAIRS, DIMENSIONS = 500, 4  # interchanged on each side; of the subspace that is sought
UNITS = 16  # of the layer, drawn once


def concepts(held_out: Subject, training: Subject, step: int) -> Iterator[dict]:
    """The entries of erased_*, interchange and unit_*; none for networks without such a read-out."""
    layer = state_layers(held_out.roles)[-1]
    readout = getattr(held_out.model(step), "output", None)
    x, other = (subject.examples(step)[layer].astype(np.float64) for subject in (training, held_out))
    if not isinstance(readout, nn.Linear) or readout.in_features != x.shape[1]:
        return
    weight, bias = (part.detach().double() for part in (readout.weight, readout.bias))
    if not np.allclose(other @ weight.numpy().T + bias.numpy(), held_out.logits(step), atol=1e-2):
        return

    def rest(states: torch.Tensor) -> torch.Tensor:
        return states @ weight.T + bias

    sides = (x, training.labels), (other, held_out.labels)
    yield from _erasure(held_out, step, layer, rest, *sides)
    yield from _interchange(held_out, step, layer, rest, *sides)
    yield from _units(held_out, step, layer, weight.numpy(), bias.numpy(), *sides[1])


def _rng(subject: Subject, *purpose) -> np.random.Generator:
    return np.random.default_rng(derive(*subject.key, "concepts", *purpose))


def _erasure(subject: Subject, step: int, layer: str, rest, fitted: tuple, judged: tuple) -> Iterator[dict]:
    other, labels = judged
    rng, half = _rng(subject, "erasure", step), stratified_halves(labels, _rng(subject, "halves"))

    def found(eraser: Eraser) -> tuple[float, float]:
        rows = erased(other, eraser)
        answers = rest(torch.from_numpy(rows)).argmax(1).numpy()
        return float(probe_accuracies(rows, labels[None], half, subject.classes)[0]), float((answers == labels).mean())

    try:
        # A round takes out as many directions as there are classes but one: not all that there are.
        most = max(1, (other.shape[1] - 1) // max(1, subject.classes - 1))
        once, rounds = leace(*fitted), inlp(*fitted, min(ROUNDS, most))[-1]
    except StudyError:  # a layer that is constant or not finite
        return
    count = min(subject.classes - 1, other.shape[1])
    random = np.array([found(random_eraser(fitted[0], count, rng)) for _ in range(DRAWS)])
    for name, value in (("leace", found(once)), ("inlp", found(rounds))):
        for place, what in enumerate(("probe", "accuracy")):
            null = random[:, place].mean(), random[:, place].std(ddof=1)
            yield entry(step, layer, f"erased_{what}/{name}", value[place], *null)


def _interchange(subject: Subject, step: int, layer: str, rest, fitted: tuple, judged: tuple) -> Iterator[dict]:
    rng, size = _rng(subject, "interchange", step), min(DIMENSIONS, fitted[0].shape[1])

    def pairs(x, labels):
        base, source = rng.integers(len(labels), size=(2, PAIRS))
        expected = labels[base] // 2 * 2 + labels[source] % 2
        # Where nothing should change, nothing is shown; where there is no such class, nothing is right.
        tells = (expected != labels[base]) & (expected < subject.classes)
        rows = (torch.from_numpy(x[side[tells]]) for side in (base, source))
        return *rows, torch.from_numpy(expected[tells])

    chosen, shown = pairs(*fitted), pairs(*judged)
    if min(len(chosen[0]), len(shown[0])) < DIMENSIONS:
        return
    found = aligned_subspace(rest, *chosen, size, int(rng.integers(2**31)))
    random = [interchange_accuracy(rest, *shown, random_subspace(len(found), size, rng)) for _ in range(DRAWS)]
    null = np.mean(random), np.std(random, ddof=1)
    yield entry(step, layer, "interchange", interchange_accuracy(rest, *shown, found), *null)


def _units(subject: Subject, step: int, layer: str, weight, bias, x, labels) -> Iterator[dict]:
    units = np.sort(_rng(subject, "units").choice(x.shape[1], min(UNITS, x.shape[1]), replace=False))
    logits = x @ weight.T + bias
    logits = logits - logits.mean(1, keepdims=True)
    columns = {name: np.full(len(units), np.nan) for name in ("seen", "adjusted", "done")}
    for place, unit in enumerate(units):
        high = (x[:, unit] > np.median(x[:, unit])).astype(float)
        if not 0 < high.sum() < len(high):
            continue
        y = logits[:, int(np.argmax(weight[:, unit] - weight[:, unit].mean()))]
        columns["seen"][place] = seen(high, y, 1) - seen(high, y, 0)
        # Set to its mean above the median and below it, in every example: all other units stay as they are.
        change = x[high == 1, unit].mean() - x[high == 0, unit].mean()
        columns["done"][place] = change * (weight[:, unit].max() - weight[:, unit].mean())
        # Of a class in which the unit is always high nothing says what it would be when low.
        both = [label for label in np.unique(labels) if len(np.unique(high[labels == label])) == 2]
        if both:
            rows = np.isin(labels, both)
            sides = [back_door(high[rows], y[rows], labels[rows], value) for value in (1, 0)]
            columns["adjusted"][place] = sides[0] - sides[1]
    for name, values in columns.items():
        yield entry(step, layer, f"unit_{name}", values) | {"unit": units}
