"""The test error of models with ever more random features, without a penalty on their weights and with one."""

import numpy as np
import pandas as pd

from repdyn.measures.table import combine, entry
from repdyn.organisms.double_descent import random_feature_error
from repdyn.seeds import derive

ROWS, INPUTS = 100, 20
FEATURES = (5, 10, 20, 50, 80, 90, 100, 110, 125, 200, 500, 1000)
REPEATS, DRAWS = 8, 5  # of the whole; of data and features in each, for every number of features
RIDGE = 0.1  # per row


def measure(seed: int) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """A linear read-out of random ReLU features, fitted to ROWS rows of a noisy linear function of INPUTS numbers: the one
    of smallest norm among those of least error on them. REPEATS times, a layer each. No maps; the step is 0, for nothing is
    trained in steps.

    - features [count] (unit: model): random features of each model, fewest first.
    - rows [count]: to which all models are fitted; with as many features they can fit any.
    - test_error [variance of the true function] (unit: model): mean squared error on new rows, median over DRAWS draws of
      data and features, for at the peak few draws make up a mean; 1 is the error of the answer 0. Null: the same draws with
      a ridge penalty of RIDGE per row. Source: Belkin 2019; Nakkiran 2020.
    """
    entries = [entry(0, "", "features", np.array(FEATURES)), entry(0, "", "rows", ROWS)]
    for repeat in range(REPEATS):
        free, penalised = (
            np.array([_error((seed, repeat, count), count, ridge) for count in FEATURES]) for ridge in (0.0, RIDGE)
        )
        entries.append(entry(0, f"repetition {repeat + 1}", "test_error", free, penalised))
    return combine(entries), {}


def _error(key: tuple, features: int, ridge: float) -> float:
    """Median over draws, which are the same for every penalty."""
    draws = (np.random.default_rng(derive("double descent", *key, draw)) for draw in range(DRAWS))
    return float(np.median([random_feature_error(ROWS, INPUTS, features, rng, ridge=ridge) for rng in draws]))
