"""How sure an estimate of mutual information is: its deviation from parts of the sample, and its null from shuffles."""

from collections.abc import Callable

import numpy as np

from repdyn.errors import StudyError


def deviation(estimate: Callable, parts: list[list[np.ndarray]]) -> float:
    """Standard deviation of an estimate on all rows, from estimates on disjoint parts (Holmes & Nemenman 2019).

    Phys. Rev. E 100, 022404, equations 8 to 10: the variance of estimates from neighbours falls as 1 / n, so that of s
    parts of one division, over s, is one of the whole; divisions count by s - 1. A bootstrap would not do: drawn with
    replacement, rows are their own neighbours. estimate(rows) -> number; parts: divisions of the rows, each a list of s row
    numbers. It knows nothing of the bias. Raises StudyError without a division into two or more.
    """
    if not parts or min(map(len, parts)) < 2:
        raise StudyError("a deviation needs divisions of the rows into two parts or more")
    found = [np.array([estimate(rows) for rows in division]) for division in parts]
    weight = np.array([len(each) - 1 for each in found])
    variance = np.array([each.var(ddof=1) / len(each) for each in found])
    return float(np.sqrt(weight @ variance / weight.sum()))


def divisions(labels: np.ndarray, into: tuple[int, ...], repeats: int, rng: np.random.Generator) -> list[list]:
    """Random divisions of the rows of labels (n,) into as many parts as each of `into` says, `repeats` times each.

    The parts hold as many of a class as of each other, or one more.
    """
    found = []
    for parts in into:
        for _ in range(repeats):
            order = rng.permutation(len(labels))
            order = order[np.argsort(labels[order], kind="stable")]
            found.append([np.sort(order[part::parts]) for part in range(parts)])
    return found


def shuffled(estimate: Callable, n: int, draws: int, rng: np.random.Generator) -> tuple[float, float]:
    """Mean and standard deviation of estimate(order) over random orders of n rows: what no relation at all would give."""
    values = np.array([estimate(rng.permutation(n)) for _ in range(draws)])
    return float(values.mean()), float(values.std(ddof=1))
