"""More features than units while a toy model learns to keep them: how many it stores, and in which directions."""

import numpy as np
import pandas as pd
import torch

from repdyn.dynamics.drift import independent_state
from repdyn.dynamics.learning_coefficient import learning_coefficient
from repdyn.measures.table import combine, entry
from repdyn.organisms.subject import OrganismSubject
from repdyn.organisms.superposition import (
    FEATURES,
    UNITS,
    Toy,
    dimensions_per_feature,
    gaps,
    losses,
    stored_features,
    toys_of,
)
from repdyn.organisms.tasks import Batch
from repdyn.seeds import derive

SHUFFLES = 20  # of the weights, as null
ROWS = 2000  # on which the learning coefficient is of
LENGTH, DRAWS, CHAINS = 3e-3, 200, 4  # of a Langevin step, variance; of its chains


def measure(subject: OrganismSubject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Every checkpoint of the instances of one toy model; but for the losses, of the instance whose loss is lowest there.

    Null of directions and angles: that instance's weights in random order, SHUFFLES times. Maps: weights (m, n) of the best
    instance after training.

    - instance_loss [weighted squared error] (unit: instance, lowest first): on held-out rows.
    - stored_features [features]: with a direction longer than half. Source: Elhage 2022.
    - units_per_feature [units]: over the squared lengths of all directions; 1 without superposition. Source: Elhage 2022.
    - least_gap, largest_gap [degrees]: between neighbouring stored directions, going round.
    - alike [share]: of instances that store as many features as the best one.
    - learning_coefficient [parameters]: after training, of the loss on ROWS rows, n beta times its rise over Langevin draws.
      Not evaluable where two step sizes differ by more than a fifth, or the halves of the draws do. Null: a regular minimum
      has half of the parameters. Source: Lau 2023; Chen 2023.
    - coefficient_by_step [parameters] (unit: step size, the longer first): what each step size gives, evaluable or not.
    - coefficient_drift [share]: change from the first half of the draws to the second, of the step size that changed more.
    """
    entries, batch = [], subject.task.held_out
    for step in subject.steps:
        toys = toys_of(subject.at(step), batch)
        best = toys[0]
        rng = np.random.default_rng(derive(*subject.key, "shuffled weights", step))
        own = torch.from_numpy(best.weights)
        shuffled = [_shape(independent_state({"w": own}, rng)["w"].numpy()) for _ in range(SHUFFLES)]
        entries.append(entry(step, "", "instance_loss", np.array([toy.loss for toy in toys])))
        entries.append(entry(step, "", "units_per_feature", dimensions_per_feature(best.weights)))
        for name, value in _shape(best.weights).items():
            null = np.array([each[name] for each in shuffled])
            known = null[np.isfinite(null)]
            spread = known.std(ddof=1) if len(known) > 1 else np.nan
            entries.append(entry(step, "", name, value, known.mean() if len(known) else np.nan, spread))
        stored = [len(stored_features(toy.weights)) for toy in toys]
        entries.append(entry(step, "", "alike", np.mean([count == stored[0] for count in stored])))
    entries += _coefficient(subject, best)
    return combine(entries), {"weights": best.weights}


def _shape(weights: np.ndarray) -> dict[str, float]:
    """What the directions are like; gaps are NaN with fewer than two of them."""
    stored = len(stored_features(weights))
    found = gaps(weights) if stored > 1 else np.array([np.nan])
    return {"stored_features": stored, "least_gap": found.min(), "largest_gap": found.max()}


def _coefficient(subject: OrganismSubject, toy: Toy) -> list[dict]:
    """The learning coefficient of one instance after training."""
    step, split = subject.steps[-1], UNITS * FEATURES
    rows = subject.task.held_out.inputs[:ROWS].double()

    def loss(weights: torch.Tensor) -> torch.Tensor:
        matrix, bias = weights[:, :split].view(-1, UNITS, FEATURES), weights[:, split:].view(-1, 1, FEATURES)
        outputs = torch.relu(torch.matmul(rows, matrix.transpose(1, 2)) @ matrix + bias)
        return losses(outputs, Batch(rows, rows))

    at = np.concatenate([toy.weights.ravel(), toy.bias])
    found = learning_coefficient(loss, at, len(rows), derive(*subject.key, "langevin"), LENGTH, DRAWS, CHAINS)
    return [
        entry(step, "", "learning_coefficient", found.value, len(at) / 2),
        entry(step, "", "coefficient_by_step", np.array(found.by_step)),
        entry(step, "", "coefficient_drift", found.drift),
    ]
