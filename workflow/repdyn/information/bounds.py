"""What one knows of information from an accuracy."""

import numpy as np

from repdyn.errors import StudyError
from repdyn.information.neighbours import entropy


def fano_bound(accuracy: float, labels: np.ndarray) -> float:
    """The least information, in nats, of a prediction of labels (n,) that is right with this probability.

    H(Y) - h(e) - e ln(C - 1), e the share of errors (Fano 1961), not below 0. Whatever the prediction is made from has no
    less (data processing). NaN for NaN. Raises StudyError for an accuracy outside [0, 1] or fewer than two classes.
    """
    classes = len(np.unique(labels))
    if classes < 2 or accuracy < 0 or accuracy > 1:
        raise StudyError(f"an accuracy in [0, 1] of two or more classes is needed, found {accuracy} of {classes}")
    if np.isnan(accuracy):
        return np.nan
    error = 1 - accuracy
    doubt = -sum(p * np.log(p) for p in (error, accuracy) if p > 0)
    return float(max(entropy(labels) - doubt - error * np.log(classes - 1), 0.0))
