"""The runs of one column as arrays, those that the published study singled out, and how it averaged."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError
from repdyn.timeseries.series import evaluable, layer_series

FAMILIES = ("transformer", "cnn", "mlp")
# The runs that the published study singled out.
TRANSFORMER, CNN, MLP = "transformer_deep_mnist", "cnn_deep_mnist", "mlp_narrow_mnist"


class Run(NamedTuple):
    """One run as arrays: T measurements, L layers by depth."""

    name: str
    family: str
    steps: np.ndarray  # (T,)
    total_steps: int
    layers: list[str]
    values: np.ndarray  # (T, L) the dimensionality under study
    evaluable: np.ndarray  # (L,) bool
    loss: np.ndarray  # (T,) loss of the training batch (published runs) or of the probe set (ours)
    architecture: str = ""
    dataset: str = ""
    experiment: str = ""
    seed: int = 0
    roles: Mapping[str, str] = {}


def published_runs(logs: dict[str, tuple], metric: str, constants: bool) -> list[Run]:
    """The logs as arrays, by name. constants: series that do not vary count as evaluable too."""
    runs = []
    for name, (trajectory, training, facts) in sorted(logs.items()):
        steps, layers, values = layer_series(trajectory, metric)
        if not np.array_equal(training["step"], steps):
            raise StudyError(f"{name}: trajectory and training table have different steps")
        usable = np.ones(len(layers), dtype=bool) if constants else evaluable(values)
        loss = training["loss"].to_numpy(np.float64)
        arrays = (steps, facts["total_steps"], layers, values, usable, loss)
        runs.append(Run(name, facts["family"], *arrays, facts["architecture"], facts["dataset"], name))
    missing = {TRANSFORMER, CNN, MLP} - {run.name for run in runs}
    if missing:
        raise StudyError(f"the audit needs the runs {', '.join(sorted(missing))}")
    return runs


def names_of(runs: list[Run], family: str) -> list[str]:
    """Names of the runs of a family."""
    return [run.name for run in runs if run.family == family]


def means(name: str, per_run: list[float], runs: list[Run]) -> dict[str, float]:
    """Mean over all runs as `name`, and over the runs of each family as `name`_<family>."""
    values = np.asarray(per_run, dtype=np.float64)
    family = np.array([run.family for run in runs])
    return {name: values.mean()} | {f"{name}_{each}": values[family == each].mean() for each in FAMILIES}


def run_named(runs: list[Run], name: str) -> Run:
    return next(run for run in runs if run.name == name)
