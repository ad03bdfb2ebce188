"""The path of a recurrent network's weights, part by part, and what changes along it: gates, time scales, what each part is
worth, what the states hold."""

import numpy as np
import pandas as pd
import torch

from repdyn.dynamical_systems.gramians import time_scales
from repdyn.dynamical_systems.maps import linearised
from repdyn.dynamics.drift import drift, drift_matrix, independent_state
from repdyn.errors import StudyError
from repdyn.information.units import information_map
from repdyn.interventions.ablation import other_rows
from repdyn.measures.table import combine, entry
from repdyn.recurrent.ablations import gates_of, resampled, with_gate_held, without_recurrence
from repdyn.recurrent.gates import gate_values
from repdyn.recurrent.losses import Batch
from repdyn.recurrent.networks import RecurrentNetwork, held, with_weights
from repdyn.recurrent.probes import probed_by_trial
from repdyn.recurrent.subject import RecurrentSubject
from repdyn.recurrent.variables import variables_of
from repdyn.seeds import derive
from repdyn.toolkit.weight_trajectories.paths import null_of, paths

WALKS = 100  # random walks per part
PICTURES = 10  # of random walks
STATES = 8  # visited states at which time scales are taken
UNITS = 12  # units that are resampled, at most
EXAMPLES = 30  # with which they are
TIMES = 6  # time steps of a trial that probes read, up to that at which the task asks
INITIALISATIONS = 5  # other initialisations to be like


def measure(subject: RecurrentSubject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Every checkpoint of one network, and maps for the figure.

    `layer` is a part of the weights (a gate's input or recurrent weights with their biases, "" all weights), a gate, what
    is taken away, or a variable of the task. Null of gates, time scales and losses: a network with the entries of every
    weight matrix in random order, at the same step. NaN is not evaluable.

    - step_norm_per_update [norm per update]: length of the way from the checkpoint before, over the updates between.
    - step_cosine [cosine]: of that displacement with the one before it. Null: random directions, exact.
    - straightness [share]: distance of the ends of the path over its length, at the last step. Null: WALKS random walks with
      steps of the same lengths. Source: Antognini & Sohl-Dickstein 2018.
    - pc1_share [share]: of the variance of the path along its first principal component, at the last step. Null: as for
      straightness; 61 % for many equal steps. Source: Antognini & Sohl-Dickstein 2018.
    - picture_trust [share]: trustworthiness of the picture of the path in the plane by Isomap, at the last step. Null:
      PICTURES random walks with steps of the same lengths. Source: Tenenbaum 2000; Venna & Kaski 2001.
    - gate_mean [share]: how open a gate is on held-out examples, mean over units, time and examples. Null: shuffled weights.
    - time_scale [time steps] (unit: rank of the time scale): of the full Jacobian, gates included, at STATES visited states
      with the first held input, medians, slowest first; infinite for modes that do not fall. Null: shuffled weights.
    - loss_increase [error of the task]: of held-out outputs, mean squared or in nats, without the recurrent weights, with a
      gate held at its mean, or with the states of one unit taken from another example, mean over UNITS units. Null:
      shuffled weights.
    - cka_to_first [CKA]: of the states at the time step at which the task asks with those before training. Null: of
      INITIALISATIONS other initialisations. Source: Kornblith 2019; Murphy 2024.
    - cka_to_last [CKA]: with those after training.
    - probe_accuracy [share]: of a linear probe of the states, halves of trials. Null: labels of other trials; the untrained
      network is step 0. Source: Hewitt & Liang 2019.
    - informed_units [share]: of units whose state at that time step holds information on the variable, at the first and
      the last step, beyond shuffled examples with false discoveries controlled. Source: Ross 2014.
    - unit_information [nats] (unit: unit): that information. Null: shuffled examples.
    """
    networks = {step: _network(subject, state) for step, state in subject.states.items()}
    entries, maps = paths(subject, WALKS, PICTURES)
    spectra = []
    for step, network in networks.items():
        rng = np.random.default_rng(derive(*subject.key, "shuffled weights", step))
        shuffled = _network(subject, independent_state(subject.states[step], rng))
        found, null = (_quantities(subject, step, each) for each in (network, shuffled))
        for (layer, quantity), value in found.items():
            entries.append(entry(step, layer, quantity, value, null[layer, quantity]))
        if ("", "time_scale") in found:
            spectra.append(found["", "time_scale"])
    states = {step: _states(network, subject.probe) for step, network in networks.items()}
    if spectra:
        maps["time_scales"] = np.stack(spectra)
    entries += _likeness(subject, states, maps)
    entries += _known(subject, states, maps)
    return combine(entries), maps


def _quantities(subject: RecurrentSubject, step: int, network: RecurrentNetwork) -> dict[tuple[str, str], np.ndarray]:
    """{(layer, quantity): value} of one network that its shuffled copies have too."""
    inputs, error, found = subject.probe.inputs, subject.task.error, {}
    gates = gate_values(network.cell, inputs) if gates_of(network) else {}
    for gate, values in gates.items():
        found[gate, "gate_mean"] = values.mean().item()
    rng = np.random.default_rng(derive(*subject.key, "time scales", step))
    if subject.task.held:
        visited = _states(network, subject.probe).reshape(-1, network.cell.hidden_size)
        chosen = visited[rng.choice(len(visited), STATES, replace=False)]
        exact = with_weights(network, network.state_dict())
        jacobians = linearised(held(exact, next(iter(subject.task.held.values()))), chosen)[1]
        found["", "time_scale"] = np.median([time_scales(each) for each in jacobians], axis=0)
    error = subject.task.error
    with torch.no_grad():
        whole = error(network(inputs), subject.probe).item()
        changed = {"recurrence": without_recurrence(network)}
        changed |= {f"{gate} gate": with_gate_held(network, gate, values) for gate, values in gates.items()}
        for name, other in changed.items():
            found[name, "loss_increase"] = error(other(inputs), subject.probe).item() - whole
    few = Batch(*(part[:EXAMPLES] for part in subject.probe[:3]))
    size = network.cell.hidden_size
    units = rng.choice(size, min(UNITS, size), replace=False)
    outputs = resampled(network, few.inputs, torch.from_numpy(other_rows(len(few.inputs), rng)), units)
    with torch.no_grad():
        own = error(network(few.inputs), few).item()
    found["a unit", "loss_increase"] = np.mean([error(each, few).item() for each in outputs]) - own
    return found


def _likeness(subject: RecurrentSubject, states: dict[int, np.ndarray], maps: dict) -> list[dict]:
    """CKA between all checkpoints, and of each with other initialisations."""
    last = {step: each[:, subject.task.asked] for step, each in states.items()}
    cka = 1 - drift_matrix(list(last.values()))
    maps["cka"] = cka
    rng = np.random.default_rng(derive(*subject.key, "initialisations"))
    others = [
        _states(_network(subject, independent_state(subject.states[subject.steps[0]], rng)), subject.probe)[
            :, subject.task.asked
        ]
        for _ in range(INITIALISATIONS)
    ]
    entries = []
    for i, step in enumerate(last):
        null = null_of([1 - drift(last[step], other) for other in others])
        entries.append(entry(step, "", "cka_to_first", cka[i, 0], *null, reference=subject.steps[0]))
        entries.append(entry(step, "", "cka_to_last", cka[i, -1], reference=subject.steps[-1]))
    return entries


def _known(subject: RecurrentSubject, states: dict[int, np.ndarray], maps: dict) -> list[dict]:
    """What the states hold on the variables of the task."""
    variables = variables_of(subject.task, subject.probe)
    entries: list[dict] = []
    if not variables:
        return entries
    asked = subject.task.asked
    read = np.unique(np.linspace(asked // 2, asked, TIMES).astype(int))
    for step, each in states.items():
        for name, labels in variables.items():
            rng = np.random.default_rng(derive(*subject.key, "probes", name))
            try:
                accuracy, controls = probed_by_trial(each[:, read], labels[:, read], rng)
            except StudyError:
                continue
            entries.append(entry(step, name, "probe_accuracy", accuracy, *null_of(controls)))
    for step in {subject.steps[0], subject.steps[-1]}:
        rng = np.random.default_rng(derive(*subject.key, "information", step))
        found = information_map(
            states[step][:, asked], np.stack([each[:, asked] for each in variables.values()], 1), rng
        )
        for i, name in enumerate(variables):
            entries.append(entry(step, name, "informed_units", found.there[:, i].mean()))
            entries.append(entry(step, name, "unit_information", found.information[:, i], found.null[:, i].mean()))
        if step == subject.steps[-1]:
            maps["information"] = found.information
    return entries


def _network(subject: RecurrentSubject, state: dict[str, torch.Tensor]) -> RecurrentNetwork:
    return with_weights(subject.network, state).float()


def _states(network: RecurrentNetwork, probe: Batch) -> np.ndarray:
    with torch.no_grad():
        return network.cell(probe.inputs)[0].numpy()
