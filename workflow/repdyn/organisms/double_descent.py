"""A model that is worst where it has as many parameters as examples, and better with more (Belkin 2019; Nakkiran 2020)."""

import numpy as np

from repdyn.errors import StudyError


def random_feature_error(
    rows: int,
    inputs: int,
    features: int,
    rng: np.random.Generator,
    noise: float = 0.5,
    ridge: float = 0.0,
    tests: int = 1000,
) -> float:
    """Test error, mean squared, of a linear read-out of random ReLU features, fitted to a noisy linear function.

    The least-squares read-out of smallest norm, or with a ridge penalty (per row), which has no peak. Relative to the
    variance of the true function; noise: its deviation, relative to the function's. StudyError for sizes below 1.
    """
    if min(rows, inputs, features, tests) < 1 or noise < 0 or ridge < 0:
        raise StudyError(
            f"rows, inputs, features and tests of 1 or more, noise and ridge of 0 or more are needed, found {rows},"
            f" {inputs}, {features}, {tests}, {noise}, {ridge}"
        )
    slope = rng.standard_normal(inputs) / np.sqrt(inputs)
    slope /= np.linalg.norm(slope)
    layer = rng.standard_normal((inputs, features)) / np.sqrt(inputs)
    x, unseen = rng.standard_normal((rows, inputs)), rng.standard_normal((tests, inputs))
    y = x @ slope + noise * rng.standard_normal(rows)
    fitted, read = np.maximum(x @ layer, 0), np.maximum(unseen @ layer, 0)
    if ridge:
        gram = fitted @ fitted.T + ridge * rows * np.eye(rows)
        weights = fitted.T @ np.linalg.solve(gram, y)
    else:
        weights = np.linalg.lstsq(fitted, y, rcond=None)[0]
    return float(((read @ weights - unseen @ slope) ** 2).mean())
