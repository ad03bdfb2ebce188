"""Addition modulo a prime while it is learnt: by heart, by rule, and what else changes, on one axis of steps."""

import numpy as np
import pandas as pd
import torch

from repdyn.dynamics.drift import drift_matrix
from repdyn.dynamics.learning_coefficient import learning_coefficient
from repdyn.measures.table import combine, entry
from repdyn.organisms.grokking import first_step, frequency_share
from repdyn.organisms.langevin import loss_of, vector_of
from repdyn.organisms.subject import OrganismSubject
from repdyn.seeds import derive
from repdyn.spectrum import leading_measures
from repdyn.toolkit.grokking.findings import ABILITY
from repdyn.toolkit.onsets import onsets

LEVEL = 0.9  # of accuracy, from which pairs count as known
EMBEDDINGS = 20  # of random numbers, as the null of frequencies
ROWS = 400  # held-out pairs on which drift is measured
PLACES = 3  # checkpoints at which the learning coefficient is tried
LENGTH, DRAWS, CHAINS = 1e-4, 30, 2  # of a Langevin step, variance; of its chains
PULL = 100.0  # of the chains to the weights


def measure(subject: OrganismSubject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Every checkpoint of one network that learns to add, or a table without a rule.

    NaN is not evaluable. Maps: power, the share of each frequency in that of the embedding, at the last step.

    - learnt_accuracy, held_out_accuracy [share]: of the pairs that every update sees, and of the others. Null: 1 over the
      prime.
    - frequency_share [share]: of the five strongest frequencies in the power of the embedding along the numbers. Null:
      EMBEDDINGS random ones. Source: Nanda 2023.
    - weight_norm [norm]: length of all weights.
    - participation_ratio [dimensions]: of the hidden layer on held-out pairs.
    - drift [1 - CKA]: of the hidden layer on ROWS held-out pairs, from the one before training. Source: Kornblith 2019.
    - learning_coefficient [parameters]: of the loss at the weights, n beta times its rise over Langevin draws, where the
      pairs are known by heart; at PLACES checkpoints. Not evaluable where two step sizes differ by more than a fifth, or the
      halves of the draws do. Null: a regular minimum has half of the parameters. Source: Lau 2023.
    - coefficient_by_step [parameters] (unit: step size, the longer first): what each step size gives, evaluable or not.
    - coefficient_drift [share]: change from the first half of the draws to the second, of the step size that changed more.
    - memorised, generalised [training step]: first with LEVEL of the learnt, of the held-out pairs right.
    - delay [ratio]: of generalised over memorised.
    - onset [training step]: of the measure in `layer`, the first from which it has half of its final change, to the end. NaN
      where that change is small (0.1 of an accuracy, four deviations of the null of frequency_share).
    - lead [training steps]: onset of the held-out accuracy minus that of the measure in `layer`.
    """
    steps, found, states = subject.steps, [], []
    for step in steps:
        network = subject.at(step)
        right, hidden = _answers(subject, network)
        states.append(hidden[:ROWS])
        found.append(
            {
                **right,
                "frequency_share": frequency_share(network.embedding.detach().numpy()),
                "weight_norm": float(np.linalg.norm(vector_of(network))),
                "participation_ratio": float(
                    leading_measures(torch.from_numpy(hidden)[None])["participation_ratio"][0]
                ),
            }
        )
    prime = len(network.embedding)
    frequencies = _random_frequencies(subject, network.embedding.shape)
    null = {"learnt_accuracy": (1 / prime, np.nan), "held_out_accuracy": (1 / prime, np.nan)}
    null["frequency_share"] = frequencies.mean(), frequencies.std(ddof=1)
    table = pd.DataFrame(found, index=steps)
    table["drift"] = drift_matrix(states)[0]
    entries = [
        entry(step, "", name, table.loc[step, name], *null.get(name, ())) for name in table.columns for step in steps
    ]
    first = {name: first_step(np.array(steps), table[name], LEVEL) for name in table.columns[:2]}
    memorised, generalised = first["learnt_accuracy"], first["held_out_accuracy"]
    entries += [
        entry(steps[-1], "", name, value)
        for name, value in (
            ("memorised", memorised),
            ("generalised", generalised),
            ("delay", generalised / memorised if memorised > 0 else np.nan),
        )
    ]
    changes = (table - table.iloc[0]).rename(columns=lambda name: name.replace("_", " "))
    least = {"learnt accuracy": 0.1, "held out accuracy": 0.1, "frequency share": 4 * null["frequency_share"][1]}
    effects = {name: (changes[name].to_numpy(), least.get(name, 0.0)) for name in changes}
    effects = {name.replace("held out", "held-out"): effect for name, effect in effects.items()}
    entries += [*_coefficients(subject, memorised, generalised), *onsets(steps, effects, ABILITY)]
    power = (np.abs(np.fft.rfft(network.embedding.detach().numpy(), axis=0)[1:]) ** 2).sum(1)
    return combine(entries), {"power": power / power.sum()}


def _answers(subject: OrganismSubject, network) -> tuple[dict[str, float], np.ndarray]:
    """Accuracies, and the hidden layer on held-out pairs."""
    task, right, states = subject.task, {}, None
    for name, batch in (("learnt", task.learnt), ("held_out", task.held_out)):
        with torch.no_grad():
            states, outputs = network.observed(batch.inputs)
        right[f"{name}_accuracy"] = task.accuracy(outputs, batch)
    return right, states.numpy()


def _random_frequencies(subject: OrganismSubject, shape: tuple[int, int]) -> np.ndarray:
    rng = np.random.default_rng(derive(*subject.key, "embeddings"))
    return np.array([frequency_share(rng.standard_normal(shape)) for _ in range(EMBEDDINGS)])


def _coefficients(subject: OrganismSubject, memorised: float, generalised: float) -> list[dict]:
    """Learning coefficients where the learnt pairs are known: first, at the rule's step, and at the end."""
    known = [step for step in subject.steps if step >= memorised]
    if len(known) < PLACES:
        return []
    middle = generalised if np.isfinite(generalised) else known[len(known) // 2]
    entries = []
    for step in sorted({known[0], int(middle), known[-1]}):
        network = subject.at(step)
        loss = loss_of(network, subject.task, subject.task.learnt)
        seed = derive(*subject.key, "langevin", step)
        rows = len(subject.task.learnt.inputs)
        found = learning_coefficient(loss, vector_of(network), rows, seed, LENGTH, DRAWS, CHAINS, PULL)
        half = sum(parameter.numel() for parameter in network.parameters()) / 2
        entries.append(entry(step, "", "learning_coefficient", found.value, half))
        entries.append(entry(step, "", "coefficient_by_step", np.array(found.by_step)))
        entries.append(entry(step, "", "coefficient_drift", found.drift))
    return entries
