"""Filters of convolutions: do they become orthogonal, do they turn, and which frequencies do they pass?

A filter is one output channel's weights: k x k numbers per input channel, d in all. Cosine with the past says how far a
filter has turned; orthogonality is a relation among the filters of one step, and is measured as one.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import gammaln
from torch import nn

from repdyn.errors import StudyError
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry

# Side of the zero-padded square on which a filter's Fourier transform is taken, pixels.
PADDED = 64


def unit_rows(filters: np.ndarray) -> np.ndarray:
    """Filters (m, d) at length 1, float64; a filter of zeros has no direction: a row of NaN."""
    filters = np.asarray(filters, dtype=np.float64)
    if filters.ndim != 2 or not np.isfinite(filters).all():
        raise StudyError(f"Filters must be a table (filters, weights) of finite numbers, not of shape {filters.shape}.")
    length = np.linalg.norm(filters, axis=1, keepdims=True)
    return filters / np.where(length > 0, length, np.nan)


def overlap(filters: np.ndarray) -> float:
    """Mean |cosine| over the pairs of filters (m, d), in [0, 1]: 0 if orthogonal, 1 if all are the same up to a factor.

    NaN for fewer than two filters, or if one of them is zero.
    """
    cosines = _pairs(filters)
    return np.abs(cosines).mean() if cosines.size else np.nan


def overlap_of_random_directions(m: int, d: int) -> tuple[float, float]:
    """Mean and standard deviation of `overlap` for m independent uniform directions in d dimensions; both exact.

    E|cos| = Gamma(d/2) / (sqrt(pi) Gamma((d+1)/2)), about sqrt(2 / (pi d)). Given either direction the other is still
    uniform, so the cosines of all pairs are pairwise independent and the variance of their mean is (1/d - E|cos|^2) /
    pairs.
    """
    mean = np.exp(gammaln(d / 2) - gammaln((d + 1) / 2)) / np.sqrt(np.pi)
    return mean, np.sqrt(max(1 / d - mean**2, 0) / (m * (m - 1) / 2)) if m > 1 else np.nan


def gram_deviation(filters: np.ndarray) -> float:
    """||W W^T - I||_F of the unit rows W of filters (m, d), over its largest value sqrt(m (m - 1)); in [0, 1].

    This is the root mean square cosine over pairs: 0 if orthogonal, 1 if all are the same up to a factor. NaN as `overlap`.
    """
    cosines = _pairs(filters)
    return np.sqrt((cosines**2).mean()) if cosines.size else np.nan


def gram_deviation_of_random_directions(m: int, d: int) -> tuple[float, float]:
    """Mean and standard deviation of `gram_deviation` for m independent uniform directions in d dimensions.

    The mean squared cosine has mean 1/d and variance 2 (d - 1) / (d^2 (d + 2)) / pairs, both exact; its root by the delta
    method to second order (within 1 % of a simulation for m, d >= 4, by test).
    """
    if m < 2:
        return np.nan, np.nan
    mean = 1 / d
    variance = 2 * (d - 1) / (d**2 * (d + 2)) / (m * (m - 1) / 2)
    return np.sqrt(mean) * (1 - variance / (8 * mean**2)), np.sqrt(variance / mean) / 2


def welch_bound(m: int, d: int) -> float:
    """The least `gram_deviation` that m filters in d dimensions can have: sqrt((m - d) / (d (m - 1))), 0 if m <= d.

    The bound of Welch 1974 on the mean square. Its square is the least `overlap`, as |cos| >= cos^2; orthonormal bases
    repeated attain it.
    """
    return np.sqrt(max(m - d, 0) / (d * (m - 1))) if m > 1 else np.nan


def cosine(filters: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Cosine of each filter with its counterpart, (m, d) and (m, d) to (m,); NaN where one of them is zero.

    Between independent uniform directions it has mean 0 and standard deviation 1 / sqrt(d), exactly.
    """
    return (unit_rows(filters) * unit_rows(others)).sum(1)


def relative_change(filters: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """||w - w_reference|| / ||w_reference|| of each filter, (m, d) and (m, d) to (m,); NaN where the reference is zero."""
    filters, reference = (np.asarray(item, dtype=np.float64) for item in (filters, reference))
    length = np.linalg.norm(reference, axis=1)
    return np.linalg.norm(filters - reference, axis=1) / np.where(length > 0, length, np.nan)


def frequency_form(k: int, size: int = PADDED) -> np.ndarray:
    """The matrix A (k*k, k*k) for which w' A w / w' w is the radial frequency of a filter w, in cycles per pixel.

    The power of a k x k filter, zero-padded to `size`, at frequency f is |sum_x w(x) e^(-2 pi i f x)|^2: a quadratic form
    in w. A averages these forms over the size x size discrete frequencies, weighted by sqrt(fx^2 + fy^2).
    """
    if size < k:
        raise StudyError(
            f"A filter of {k} x {k} does not fit into a square of {size} x {size} pixels: take size >= {k}."
        )
    frequency = np.fft.fftfreq(size)
    radius = np.hypot(frequency[:, None], frequency)
    correlation = np.fft.ifft2(radius).real
    row, column = np.divmod(np.arange(k * k), k)
    return correlation[row[:, None] - row, column[:, None] - column]


def radial_frequency(filters: np.ndarray, size: int = PADDED) -> np.ndarray:
    """Power-weighted mean radial frequency of filters (m, k, k), cycles per pixel, (m,); NaN for a filter of zeros.

    The mean of sqrt(fx^2 + fy^2) over the discrete Fourier transform of the filter zero-padded to (size, size), weighted by
    power.
    """
    m, k = np.asarray(filters).shape[:2]
    rows = unit_rows(np.reshape(filters, (m, k * k)))
    return np.einsum("mi,ij,mj->m", rows, frequency_form(k, size), rows)


def radial_frequency_of_noise(k: int, size: int = PADDED) -> tuple[float, float]:
    """Mean and standard deviation of `radial_frequency` for white noise; exact.

    White noise is a uniform direction of the weights; for one in d dimensions u' A u has mean tr A / d and second moment
    (tr(A)^2 + 2 tr(A^2)) / (d (d + 2)).
    """
    form = frequency_form(k, size)
    d, trace = k * k, np.trace(form)
    second = (trace**2 + 2 * (form**2).sum()) / (d * (d + 2))
    return trace / d, np.sqrt(max(second - (trace / d) ** 2, 0))


def measure(subject: Subject) -> pd.DataFrame:
    """The filters of every convolution at every step.

    - filter_overlap [cosine]: mean |cosine| over pairs of filters. Null: random directions, exact.
    - filter_gram_deviation [cosine]: root mean square cosine over pairs. Null: random directions.
    - filter_overlap_bound, filter_gram_deviation_bound [cosine]: the least value that so many filters in so few
      dimensions can have. Source: Welch 1974.
    - filter_cosine [cosine] (unit: filter): with the filter at the reference step, which is the first grid step and,
      for the end of a window, the window's start. Null: random directions, exact (0, 1 / sqrt(d)).
    - filter_change [share of the norm at the reference] (unit: filter): norm of the difference from the reference step.
    - filter_frequency [cycles per pixel] (unit: filter): mean radial frequency, of the first convolution. Null: white
      noise, exact.
    """
    return with_maps(subject)[0]


def with_maps(subject: Subject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """`measure`, and the filters of the first convolution at every step: {"filters/<step>": (m, k, k) float32}."""
    first = _convolutions(subject)[0]
    images = {f"filters/{step}": _weights(subject, step, first).squeeze(1) for step in subject.steps}
    return combine(_entries(subject, images)), images


def _entries(subject: Subject, images: dict[str, np.ndarray]) -> Iterator[dict]:
    layers = _convolutions(subject)
    start = subject.grid[0]
    pairs = {(step, start) for step in subject.steps if step != start}
    pairs |= {(window.after, window.before) for window in subject.windows}
    for layer in layers:
        weights = {step: _weights(subject, step, layer) for step in subject.steps}
        filters = {step: weight.reshape(len(weight), -1) for step, weight in weights.items()}
        m, d = filters[start].shape
        bound = welch_bound(m, d)
        for step, rows in filters.items():
            yield entry(step, layer, "filter_overlap", overlap(rows), *overlap_of_random_directions(m, d))
            random = gram_deviation_of_random_directions(m, d)
            yield entry(step, layer, "filter_gram_deviation", gram_deviation(rows), *random)
            yield entry(step, layer, "filter_overlap_bound", bound**2)
            yield entry(step, layer, "filter_gram_deviation_bound", bound)
        for step, reference in sorted(pairs):
            turned = cosine(filters[step], filters[reference])
            yield entry(step, layer, "filter_cosine", turned, 0.0, 1 / np.sqrt(d), reference=reference)
            changed = relative_change(filters[step], filters[reference])
            yield entry(step, layer, "filter_change", changed, reference=reference)
    for step in subject.steps:
        first = images[f"filters/{step}"]
        noise = radial_frequency_of_noise(first.shape[1])
        yield entry(step, layers[0], "filter_frequency", radial_frequency(first), *noise)


def _pairs(filters: np.ndarray) -> np.ndarray:
    rows = unit_rows(filters)
    return (rows @ rows.T)[np.triu_indices(len(rows), 1)]


def _convolutions(subject: Subject) -> list[str]:
    return [path for path, module in subject.network.named_modules() if isinstance(module, nn.Conv2d)]


def _weights(subject: Subject, step: int, layer: str) -> np.ndarray:
    return np.ascontiguousarray(subject.states[step][f"{layer}.weight"].numpy())
