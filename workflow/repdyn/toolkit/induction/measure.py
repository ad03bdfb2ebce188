"""Repeated tokens while a network learns to look for them: which heads do, what they are worth, and when they come."""

import numpy as np
import pandas as pd
import torch

from repdyn.dynamics.drift import drift_matrix
from repdyn.measures.table import combine, entry
from repdyn.organisms.induction import (
    HEADS,
    HELD_OUT,
    LAYERS,
    PERIODS,
    TOKENS,
    accuracy_without,
    prefix_matching,
    previous_token,
    unrepeated,
)
from repdyn.organisms.subject import OrganismSubject
from repdyn.seeds import derive
from repdyn.spectrum import leading_measures
from repdyn.toolkit.induction.findings import ABILITY
from repdyn.toolkit.onsets import onsets

ROWS = 500  # positions at which drift is measured
LEAST = 0.1  # of accuracy or attention, from which a change has an onset


def measure(subject: OrganismSubject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Every checkpoint of one network of two layers of attention, on held-out sequences of all periods.

    Maps: pattern, the attention of the second layer's head with the most prefix matching, after training, on the first
    sequence of the middle period, whose period is `period`.

    - repeat_accuracy [share]: of tokens that came before, from the second block of a sequence on. Null: 1 over the tokens.
    - repeat_loss [nats]: cross entropy of them. Null: logarithm of their number.
    - learnt_accuracy [share]: the same on sequences of the one period that the network was trained with, if it was one.
    - prefix_matching [share] (unit: head): attention on what followed the last token in earlier blocks. Null: the same
      heads and positions in sequences in which nothing comes back. Source: Olsson 2022.
    - previous_token [share] (unit: head): attention on the token before. Source: Olsson 2022.
    - accuracy_without [share]: repeat accuracy after training with all heads of the layer ablated. Null: none ablated.
    - accuracy_without_head [share] (unit: head): with one head ablated. Null: none ablated.
    - participation_ratio [dimensions]: of the last states at ROWS positions.
    - drift [1 - CKA]: of these states from those before training. Source: Kornblith 2019.
    - onset [training step]: of the measure in `layer`, the first from which it has half of its final change, to the end. NaN
      where an accuracy or attention changes by less than LEAST.
    - lead [training steps]: onset of the repeat accuracy minus that of the measure in `layer`.
    """
    periods = np.repeat(np.arange(PERIODS[0], PERIODS[1] + 1), HELD_OUT)
    batch, steps = subject.task.held_out, subject.steps
    chance = unrepeated(len(periods), np.random.default_rng(derive("induction", "unrepeated")))
    entries, states, found = [], [], []
    for step in steps:
        network = subject.at(step)
        with torch.no_grad():
            seen, outputs, patterns = network.attended(batch.inputs)
            null = [prefix_matching(pattern, periods) for pattern in network.attended(chance)[2]]
            states.append(seen.flatten(0, 1)[:: max(1, seen.shape[0] * seen.shape[1] // ROWS)][:ROWS])
        accuracy = subject.task.accuracy(outputs, batch)
        matching = [prefix_matching(pattern, periods) for pattern in patterns]
        before = [previous_token(pattern, periods) for pattern in patterns]
        entries.append(entry(step, "", "repeat_accuracy", accuracy, 1 / TOKENS))
        entries.append(entry(step, "", "repeat_loss", float(subject.task.error(outputs, batch)), np.log(TOKENS)))
        for layer in range(LAYERS):
            entries.append(entry(step, _name(layer), "prefix_matching", matching[layer], null[layer]))
            entries.append(entry(step, _name(layer), "previous_token", before[layer]))
        if subject.task.learnt:
            with torch.no_grad():
                learnt = subject.task.accuracy(network(subject.task.learnt.inputs), subject.task.learnt)
            entries.append(entry(step, "", "learnt_accuracy", learnt))
        dimension = float(leading_measures(states[-1][None])["participation_ratio"][0])
        entries.append(entry(step, "", "participation_ratio", dimension))
        found.append((accuracy, matching[-1].mean(), max(before[0]), dimension))
    drifts = drift_matrix([each.numpy() for each in states])[0]
    entries += [entry(step, "", "drift", value) for step, value in zip(steps, drifts, strict=True)]
    entries += _ablations(subject, network, accuracy)
    changes = np.array(found) - found[0]
    effects = {
        ABILITY: (changes[:, 0], LEAST),
        "prefix matching": (changes[:, 1], LEAST),
        "previous token": (changes[:, 2], LEAST),
        "participation ratio": (changes[:, 3], 0.0),
        "drift": (drifts, 0.0),
    }
    entries += onsets(steps, effects, ABILITY)
    middle = len(periods) // 2
    maps = {"pattern": patterns[-1][middle, int(matching[-1].argmax())].numpy(), "period": periods[middle : middle + 1]}
    return combine(entries), maps


def _ablations(subject: OrganismSubject, network, whole: float) -> list[dict]:
    """Accuracies of the trained network without a layer's heads, all and one by one."""
    known, entries = (network, subject.task, subject.task.held_out), []
    for layer in range(LAYERS):
        heads = [(layer, head) for head in range(HEADS)]
        entries.append(
            entry(subject.steps[-1], _name(layer), "accuracy_without", accuracy_without(*known, heads), whole)
        )
        alone = np.array([accuracy_without(*known, [head]) for head in heads])
        entries.append(entry(subject.steps[-1], _name(layer), "accuracy_without_head", alone, whole))
    return entries


def _name(layer: int) -> str:
    return f"layer {layer + 1}"
