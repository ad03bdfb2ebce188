"""What a layer says of its input and of the class when noise of a declared size is added to it, and what bins make of it.

Of a network without noise the information on the input is infinite, or, in bins, the entropy of the bins (Saxe 2019).
"""

import numpy as np

from repdyn.errors import StudyError

# Widths from which the guess of a class is made, in deviations of the noise, and the share of ignorance in the guess,
# without which a row far from its class would cost without limit.
WIDTHS = (1, 2, 4, 8, 16, 32, 64)
MIXED = 0.05


def noisy_input_information(
    rows: np.ndarray, sigma: float, rng: np.random.Generator, draws: int = 5
) -> tuple[float, float]:
    """Information of T + Z on the input, nats, and its standard error: T (n, d) a layer's rows, Z normal of deviation sigma.

    h(T + Z) - h(Z), of the mixture of n normals around the rows, by `draws` draws of Z for each (Goldfeld 2019, ICML,
    section 4.1). It cannot exceed ln n: near that the rows are told apart, and more of them would say more. Z is added
    when the layer is read: where it is not in the network, later layers may say more than earlier ones. StudyError for
    rows that are not finite, or no noise.
    """
    rows = _checked(rows, sigma)
    n = len(rows)
    told = np.empty((draws, n))
    for draw in range(draws):
        noise = sigma * rng.standard_normal(rows.shape)
        # Less those of the row's own centre, which are those of the noise: none is far below 0.
        squares = _squares(rows + noise, rows) - (noise**2).sum(1)[:, None]
        told[draw] = np.log(n) - np.log(np.exp(-squares / (2 * sigma**2)).sum(1))
    return _mean(told.mean(0))


def noisy_class_information(
    rows: np.ndarray, labellings: np.ndarray, sigma: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Information of T + Z on each of k labellings (k, n), nats, a lower bound, and its standard error: (k,) each.

    H(Y) + <ln q(y | t + z)>, a lower bound whatever the guess q is (Barber & Agakov 2003): here the shares of the classes
    among the other rows, weighted by normals whose width, one of WIDTHS, serves best on the other half of the rows. About
    0 where classes do not differ. T, Z and StudyError as for `noisy_input_information`; and for labellings that do not
    fit.
    """
    rows = _checked(rows, sigma)
    labellings = np.asarray(labellings)
    if labellings.ndim != 2 or labellings.shape[1] != len(rows):
        raise StudyError(f"{len(rows)} rows need labellings (k, {len(rows)}), found {labellings.shape}")
    n, k = len(rows), len(labellings)
    classes = np.unique(labellings)
    of_class = labellings[:, :, None] == classes
    share = np.take_along_axis(of_class.mean(1), np.searchsorted(classes, labellings), 1)
    squares = _squares(rows + sigma * rng.standard_normal(rows.shape), rows)
    np.fill_diagonal(squares, np.inf)
    squares -= squares.min(1, keepdims=True)
    half = rng.permutation(n) % 2
    said = np.empty((len(WIDTHS), k, n))
    for width, found in zip(WIDTHS, said, strict=True):
        weight = np.exp(-squares / (2 * (width * sigma) ** 2))
        weight /= weight.sum(1, keepdims=True)
        for each, member, p in zip(found, of_class, share, strict=True):
            guess = (weight @ member)[member]
            each[:] = np.log(MIXED + (1 - MIXED) * guess / p)
    values = np.empty((k, n))
    for side in (0, 1):
        best = said[:, :, half == side].mean(2).argmax(0)
        values[:, half != side] = said[best, np.arange(k)][:, half != side]
    return values.mean(1), values.std(1, ddof=1) / np.sqrt(n)


def binned_information(rows: np.ndarray, bins: int) -> float:
    """Entropy of the rows (n, d) with every unit put into `bins` equal intervals between its extremes, in nats.

    What binning calls the information on the input of a network without noise (Shwartz-Ziv & Tishby 2017). It grows with
    the bins to ln n whatever the network does: an artefact, to be shown beside `noisy_input_information`.
    """
    rows = np.asarray(rows, dtype=np.float64)
    if rows.ndim != 2 or not np.isfinite(rows).all() or bins < 1:
        raise StudyError(f"finite rows (n, d) and one bin or more are needed, found {rows.shape} and {bins}")
    low, span = rows.min(0), np.ptp(rows, axis=0)
    codes = np.minimum((rows - low) / np.where(span > 0, span, 1) * bins, bins - 1).astype(np.int32)
    share = np.unique(codes, axis=0, return_counts=True)[1] / len(rows)
    return float(-(share * np.log(share)).sum())


def root_mean_square(rows: np.ndarray) -> float:
    """Root of the mean squared deviation of a unit (n, d) from its mean, over units and rows: what sigma is a share of."""
    return float(np.sqrt(np.asarray(rows, dtype=np.float64).var(0).mean()))


def _checked(rows: np.ndarray, sigma: float) -> np.ndarray:
    rows = np.asarray(rows, dtype=np.float64)
    if rows.ndim != 2 or len(rows) < 4 or not np.isfinite(rows).all() or not sigma > 0:
        raise StudyError(
            f"finite rows (n, d), four or more, and noise above 0 are needed, found {rows.shape} and {sigma}"
        )
    return rows


def _squares(at: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Squared distances (m, n)."""
    return np.maximum((at**2).sum(1)[:, None] + (centres**2).sum(1) - 2 * at @ centres.T, 0)


def _mean(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
