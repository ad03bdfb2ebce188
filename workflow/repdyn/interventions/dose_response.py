"""What a network puts out as one unit is held at one value after another: the causal effect curve, with its sign."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import t
from torch import nn

from repdyn.activations.addresses import Where, address
from repdyn.activations.answers import Inputs
from repdyn.activations.axes import unit_axis
from repdyn.errors import StudyError, require_indices
from repdyn.interventions.surgery import CHUNK, outputs_under, set_units, values_of_units


class Curve(NamedTuple):
    """Mean response of every output to every value of the unit, (v, classes), and its Student interval over examples."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def do_response(
    model: nn.Module, inputs: Inputs, path: Where, unit: int, values: np.ndarray, chunk: int = CHUNK
) -> np.ndarray:
    """Outputs under do(unit = v) less outputs: (v, n, classes), signed, for values (v,) and inputs (n, ...).

    An example on which the unit has the value already responds with 0.
    """
    place = address(path)

    def held(value):
        return lambda output, _rows: set_units(output, [unit], value, unit_axis(model, place, output))

    changes = [held(float(value)) for value in values]
    outputs = outputs_under(model, inputs, path, changes, chunk)
    return outputs[1:] - outputs[0]


def sweep_values(
    output: torch.Tensor, unit: int, quantiles: np.ndarray, valid: torch.Tensor | None = None, axis: int | None = None
) -> np.ndarray:
    """Values that the unit has: quantiles (v,) over examples, tokens and places of a layer's output; float64.

    valid, axis: as for `values_of_units`. StudyError for a unit that is none.
    """
    values = values_of_units(output, valid, axis)
    require_indices("units", unit, values.shape[1])
    return np.quantile(values[:, unit].double().cpu().numpy(), quantiles)


def mean_curve(responses: np.ndarray, confidence: float = 0.95) -> Curve:
    """Mean of responses (v, n, classes) over examples, with an interval. StudyError for fewer than two examples."""
    n = responses.shape[1]
    if n < 2:
        raise StudyError(f"an interval over examples needs at least two of them, found {n}")
    mean = responses.mean(1)
    half = t.ppf((1 + confidence) / 2, n - 1) * responses.std(1, ddof=1) / np.sqrt(n)
    return Curve(mean, mean - half, mean + half)


def slopes(values: np.ndarray, responses: np.ndarray) -> np.ndarray:
    """Slope of the least-squares line of responses (v, ...) on values (v,): (...). NaN where all values are the same."""
    away = np.asarray(values, dtype=np.float64) - np.mean(values)
    spread = (away**2).sum()
    if not spread:
        return np.full(responses.shape[1:], np.nan)
    return np.tensordot(away / spread, responses, axes=1)
