"""Linear read-outs of the states of a recurrent network, fitted on some trials and scored on others."""

import numpy as np

from repdyn.errors import StudyError
from repdyn.measures.probes import probe_accuracies

CONTROLS = 20


def probed_by_trial(states: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> tuple[float, np.ndarray]:
    """Accuracy of a linear probe of labels (trials, T) from states (trials, T, H), and of CONTROLS controls (CONTROLS,).

    Trials with a label of -1, which is none, are left out.

    Halves are of trials: time steps of one trial are alike, and a probe that has seen some of them knows the others. A
    control gives a trial the labels of another trial of its half, in their sequence: it has the same shares of classes and
    the same course in time (Hewitt & Liang 2019). StudyError for fewer than 8 trials, fewer than two classes, or labels of
    another shape.
    """
    if states.ndim != 3 or labels.shape != states.shape[:2] or len(states) < 8:
        raise StudyError(
            f"states (trials, T, H) of 8 trials or more and labels (trials, T): {states.shape}, {labels.shape}"
        )
    known = (labels >= 0).all(1)
    states, labels = states[known], labels[known]
    if len(states) < 8:
        raise StudyError(f"{len(states)} trials have a label at every time step; 8 or more are needed")
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise StudyError(f"a probe tells classes apart; all labels are {classes[0]}")
    trials, time, size = states.shape
    half = rng.permutation(trials) % 2
    codes = codes.reshape(trials, time)
    labellings = [codes]
    for _ in range(CONTROLS):
        order = np.arange(trials)
        for side in (0, 1):
            order[half == side] = rng.permutation(order[half == side])
        labellings.append(codes[order])
    rows = np.stack(labellings).reshape(CONTROLS + 1, -1)
    found = probe_accuracies(states.reshape(-1, size), rows, np.repeat(half, time), len(classes))
    return float(found[0]), found[1:]
