"""Circuits of a recurrent network: few nodes that explain its states, mixed selectivity, motifs and signs of its weights,
and the events in its states."""

import numpy as np
import pandas as pd
import torch

from repdyn.circuits.events import deconvolved, matched_events
from repdyn.circuits.latent_circuit import latent_circuit, rectified
from repdyn.circuits.motifs import TRIADS, motifs, strongest
from repdyn.circuits.selectivity import KINDS, balanced, kinds, mixed_selectivity
from repdyn.circuits.signs import diagram, sign_consistency
from repdyn.errors import StudyError
from repdyn.measures.table import combine, entry
from repdyn.recurrent.gates import components
from repdyn.recurrent.networks import RecurrentNetwork, with_weights
from repdyn.recurrent.subject import RecurrentSubject
from repdyn.recurrent.variables import events_of, variables_of
from repdyn.seeds import derive
from repdyn.statistics.fdr import benjamini_hochberg

FREE = 2  # nodes of a latent circuit without an input
LEAK = 0.5  # of its nodes, per time step
PER_UNIT = (1, 2, 3)  # edges of the graph of the strongest weights
LENGTH = 6  # time steps of an event
ALPHA = 0.05


def measure(subject: RecurrentSubject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """One network on its held-out examples, selectivity at every checkpoint, the rest at the first and the last, the latent
    circuit and events at the last only; and maps for the figure.

    `layer` is "", or the number of edges per unit of the graph of its strongest weights, those through which units drive
    one another (of a GRU those of the candidate). NaN is not evaluable.

    - latent_r2 [share]: of the variance of held-out states that a latent circuit explains, a node per input, signed inputs
      with two, and FREE more. Null: fits to the inputs of other trials. Source: Langdon & Engel 2025.
    - latent_agreement [correlation]: of its weights with those of other restarts, median. Where it is low the circuit is
      not determined, however much is explained. Null: of fits to the inputs of other trials.
    - interaction_share [share]: of what the first two variables of the task do to all units at the time step
      at which it asks, noise removed, the part that is neither one's effect nor their sum. Source: Rigotti 2013; Kobak 2016.
    - units_pure, units_linear, units_nonlinear [share]: of units that tell one variable, both added, or their interaction,
      false discoveries controlled. Null: labels of trials shuffled once.
    - triads [count] (unit: triad): of each connected kind in the graph. Null: graphs with the same degrees. Source:
      Milo 2002.
    - triads_beyond [count]: kinds of triads more frequent than in those, false discoveries controlled.
    - sign_consistency [share]: of the weights that leave a unit, one sign over the other, mean over units; 1 under Dale's
      law. Null: signs in random order.
    - block [weight] (unit: to and from exciting, inhibiting units): median weights between the two kinds of units, of a
      network that obeys Dale's law. Null: signs in random order.
    - event_f1 [F1]: of the times at which the states change as in an event, for the times at which the answer of the task
      changes. Null: the times of other trials. Source: Tolooshams 2025.
    - event_r2 [share]: of the squared speed of the states that events of one kernel explain.
    """
    entries: list[dict] = []
    maps: dict[str, np.ndarray] = {}
    first, last = subject.steps[0], subject.steps[-1]
    for step in subject.steps:
        entries += _selectivity(subject, step, maps)
    for step in sorted({first, last}):
        weights = _driving(subject, step)
        rng = np.random.default_rng(derive(*subject.key, "weights as graphs", step))
        entries += _motifs(step, weights, rng, maps) + _signs(step, weights, rng)
    states = _states(subject, last)
    entries += _latent(subject, states, maps) + _events(subject, states, maps)
    return combine(entries), maps


def _latent(subject: RecurrentSubject, states: np.ndarray, maps: dict[str, np.ndarray]) -> list[dict]:
    step, inputs = subject.steps[-1], rectified(subject.probe.inputs.double().numpy())
    rng = np.random.default_rng(derive(*subject.key, "latent circuit"))
    try:
        found = latent_circuit(states, inputs, inputs.shape[2] + FREE, LEAK, rng)
    except StudyError:
        return [entry(step, "", name, np.nan) for name in ("latent_r2", "latent_agreement")]
    maps |= {"latent_weights": found.weights, "latent_gains": found.gains}
    return [
        entry(step, "", "latent_r2", found.r2, found.null_r2),
        entry(step, "", "latent_agreement", found.agreement, found.null_agreement),
    ]


def _selectivity(subject: RecurrentSubject, step: int, maps: dict[str, np.ndarray]) -> list[dict]:
    names = ("interaction_share", *(f"units_{kind.replace('-', '')}" for kind in KINDS[1:]))
    asked = subject.task.asked
    variables = [labels[:, asked] for labels in variables_of(subject.task, subject.probe).values()][:2]
    rng = np.random.default_rng(derive(*subject.key, "selectivity", step))
    try:
        if len(variables) < 2:
            raise StudyError("selectivity for two variables takes a task with two")
        known = (variables[0] >= 0) & (variables[1] >= 0)
        responses = balanced(_states(subject, step)[known, asked], *(each[known] for each in variables), rng)
        found = mixed_selectivity(responses, rng)
    except StudyError:
        return [entry(step, "", name, np.nan) for name in names]
    shuffled = rng.permutation(responses.reshape(-1, responses.shape[3])).reshape(responses.shape)
    of_units, of_shuffled = kinds(found.p), kinds(mixed_selectivity(shuffled, rng).p)
    if step == subject.steps[-1]:
        maps["variances"] = found.variances
    return [entry(step, "", names[0], found.population)] + [
        entry(step, "", name, (of_units == i).mean(), (of_shuffled == i).mean())
        for i, name in enumerate(names[1:], start=1)
    ]


def _motifs(step: int, weights: np.ndarray, rng: np.random.Generator, maps: dict[str, np.ndarray]) -> list[dict]:
    entries = []
    for number in PER_UNIT:
        layer = f"{number} per unit"
        try:
            found = motifs(strongest(weights, number), rng)
        except StudyError:
            entries += [
                entry(step, layer, "triads", np.full(len(TRIADS), np.nan)),
                entry(step, layer, "triads_beyond", np.nan),
            ]
            continue
        entries.append(entry(step, layer, "triads", found.counts, found.null_mean, found.null_sd))
        entries.append(entry(step, layer, "triads_beyond", (benjamini_hochberg(found.p) <= ALPHA).sum()))
        maps[f"z_{number}"] = found.z
    return entries


def _signs(step: int, weights: np.ndarray, rng: np.random.Generator) -> list[dict]:
    try:
        found = sign_consistency(weights, rng)
        entries = [entry(step, "", "sign_consistency", found.consistency, found.null_mean, found.null_sd)]
    except StudyError:
        entries = [entry(step, "", "sign_consistency", np.nan)]
    try:
        found = diagram(weights, rng)
        blocks = [each.ravel() for each in (found.median, found.null_mean, found.null_sd)]
    except StudyError:
        blocks = [np.full(4, np.nan)]
    return [*entries, entry(step, "", "block", *blocks)]


def _events(subject: RecurrentSubject, states: np.ndarray, maps: dict[str, np.ndarray]) -> list[dict]:
    step, true = subject.steps[-1], events_of(subject.task, subject.probe)
    before = np.concatenate([np.zeros_like(states[:, :1]), states[:, :-1]], 1)
    speed = np.linalg.norm(states - before, axis=2)
    rng = np.random.default_rng(derive(*subject.key, "events"))
    try:
        if not len(true):
            raise StudyError("the answer of this task changes at every time step: it has no events")
        found = deconvolved(speed - np.median(speed), 1, LENGTH, rng)
    except StudyError:
        return [entry(step, "", name, np.nan) for name in ("event_f1", "event_r2")]
    times = found.events[:, [0, 2]]
    # The same trials in another order: as many events, at times as likely.
    order = rng.permutation(len(speed))
    elsewhere = np.column_stack([order[true[:, 0]], true[:, 1]])
    maps |= {"kernel": found.kernels[0], "events": times[times[:, 0] < 5], "true": true[true[:, 0] < 5].astype(float)}
    return [
        entry(step, "", "event_f1", matched_events(times, true), matched_events(times, elsewhere)),
        entry(step, "", "event_r2", found.r2),
    ]


def _driving(subject: RecurrentSubject, step: int) -> np.ndarray:
    """The recurrent weights (H, H), [to, from], through which units drive one another: of a gated cell, the candidate's."""
    parts = components(subject.network.cell, subject.states[step])
    whole = parts.get("recurrent, candidate", parts.get("recurrent"))
    return whole[:, : subject.network.cell.hidden_size].double().numpy()


def _states(subject: RecurrentSubject, step: int) -> np.ndarray:
    network: RecurrentNetwork = with_weights(subject.network, subject.states[step])
    with torch.no_grad():
        return network.cell(subject.probe.inputs.double())[0].numpy()
