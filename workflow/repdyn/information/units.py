"""Which units hold information on which variables: mutual information of every pair, against examples in other orders."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError
from repdyn.information.neighbours import class_informations
from repdyn.statistics.fdr import benjamini_hochberg

SHUFFLES = 20  # of the examples, per pair: fewer could find no single unit
ALPHA = 0.05


class Map(NamedTuple):
    """information (d, v) in nats of d units on v variables; NaN where it is not evaluable. null (d, v): mean over shuffles.
    there (d, v): beyond the null with a false-discovery rate of ALPHA."""

    information: np.ndarray
    null: np.ndarray
    there: np.ndarray


def information_map(units: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> Map:
    """Units (n, d) and classes (n, v), -1 where an example has none: `class_information` of each unit on each variable.

    Null: SHUFFLES orders of the examples, those of a variable pooled over units for the p values, since units differ in
    nothing else there. A unit whose values repeat (saturated, say) has no value. StudyError where examples do not match.
    """
    units, labels = np.asarray(units, dtype=np.float64), np.asarray(labels)
    if units.ndim != 2 or labels.ndim != 2 or len(units) != len(labels):
        raise StudyError(
            f"units (n, d) and classes (n, v) of the same examples are needed: {units.shape}, {labels.shape}"
        )
    d, v = units.shape[1], labels.shape[1]
    found, null = np.full((d, v), np.nan), np.full((d, v, SHUFFLES), np.nan)
    for variable in range(v):
        known = labels[:, variable] >= 0
        values, classes = units[known], labels[known, variable]
        for unit in range(d):
            labellings = np.stack([classes, *(rng.permutation(classes) for _ in range(SHUFFLES))])
            found[unit, variable], *null[unit, variable] = class_informations(values[:, unit], labellings)
    there = np.zeros((d, v), dtype=bool)
    for variable in range(v):
        pooled = null[:, variable][np.isfinite(null[:, variable])]
        beyond = (pooled >= found[:, variable, None]).sum(1)
        p = np.where(np.isfinite(found[:, variable]), (1 + beyond) / (1 + len(pooled)), np.nan)
        there[:, variable] = benjamini_hochberg(p) <= ALPHA
    with np.errstate(invalid="ignore"):
        return Map(found, null.mean(2), there)
