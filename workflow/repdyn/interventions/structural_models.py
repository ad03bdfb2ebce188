"""Seeing and doing: what a variable tells of another, and what setting it would change (Pearl 2009)."""

from collections.abc import Callable, Mapping

import numpy as np

from repdyn.errors import StudyError

# {variable: function of the values of those before it and a generator}, causes first.
Model = Mapping[str, Callable[[dict[str, np.ndarray], np.random.Generator], np.ndarray]]


def sampled(
    model: Model, n: int, rng: np.random.Generator, do: Mapping[str, float] | None = None
) -> dict[str, np.ndarray]:
    """n draws (n,) of every variable of a structural causal model; do: variables that are set instead of computed.

    StudyError for a variable that the model does not have, or one that has not n values.
    """
    do = do or {}
    unknown = sorted(set(do) - set(model))
    if unknown:
        raise StudyError(f"the model has no {', '.join(unknown)} to set; it has {', '.join(model)}")
    values: dict[str, np.ndarray] = {}
    for name, computed in model.items():
        found = np.full(n, do[name]) if name in do else np.asarray(computed(dict(values), rng))
        if found.shape != (n,):
            raise StudyError(f"{name} of the model must have {n} values, found {found.shape}")
        values[name] = found
    return values


def seen(x: np.ndarray, y: np.ndarray, value: float) -> float:
    """Mean of y (n,) among the rows in which x (n,) has the value: E(Y | X = value)."""
    _check(x, y)
    chosen = x == value
    if not chosen.any():
        raise StudyError(f"no row has the value {value} of x, so nothing is seen of it")
    return float(y[chosen].mean())


def back_door(x: np.ndarray, y: np.ndarray, confounder: np.ndarray, value: float) -> float:
    """E(Y | do(X = value)) from rows in which nothing was set: means of y there, weighted by the confounder's shares.

    Right if the confounder (n,), of few values, blocks every path that enters x from behind (Pearl 2009, theorem 3.3.2).
    StudyError where one of its values never occurs with that value of x: there the rows say nothing.
    """
    _check(x, y, confounder)
    there = x == value
    found = 0.0
    for stratum in np.unique(confounder):
        inside = confounder == stratum
        if not (there & inside).any():
            raise StudyError(
                f"no row has the confounder at {stratum} and x at {value}: the effect there is not in the rows"
            )
        found += inside.mean() * y[there & inside].mean()
    return float(found)


def _check(*columns: np.ndarray) -> None:
    if any(column.ndim != 1 or column.shape != columns[0].shape for column in columns) or not len(columns[0]):
        raise StudyError(f"values (n,) of the same rows are needed, found {', '.join(str(c.shape) for c in columns)}")
