"""Modes of a series: the eigenvalues of the linear map that carries it on, by delays or by a dictionary of functions."""

from collections.abc import Callable, Sequence

import numpy as np

from repdyn.errors import StudyError

SUPPORTED = 1e-9  # of the largest singular value: below it a direction is rounding
NEAR = 0.2  # of the least error: within it a rank predicts as well
PREDICTED = 0.4  # relative error from which nothing was predicted
FIRST = 0.7  # share of each trial from which a rank is chosen; the rest tests it


def as_trials(series: np.ndarray) -> np.ndarray:
    """A series (T,), (T, d) or (trials, T, d) as trials (r, T, d) float64, finite. StudyError for anything else."""
    series = np.asarray(series, dtype=np.float64)
    if series.ndim not in (1, 2, 3) or not series.size or not np.isfinite(series).all():
        raise StudyError(f"a series is finite, (T,), (T, d) or (trials, T, d), found shape {series.shape}")
    return series.reshape(1, len(series), -1) if series.ndim < 3 else series


def hankel(series: np.ndarray, delays: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of `delays` successive values and their successors, (delays d, pairs) each, from a series as for `as_trials`.

    StudyError where a trial is too short to have more than one.
    """
    trials = as_trials(series)
    columns = trials.shape[1] - delays + 1
    if delays < 1 or columns < 3:
        raise StudyError(
            f"{trials.shape[1]} time steps are too short a series for {delays} delays; {delays + 2} or more"
        )
    windows = np.lib.stride_tricks.sliding_window_view(trials, delays, axis=1)  # (r, columns, d, delays)
    vectors = np.moveaxis(windows, 3, 2).reshape(len(trials), columns, -1)
    before, after = vectors[:, :-1], vectors[:, 1:]
    return before.reshape(-1, before.shape[2]).T, after.reshape(-1, after.shape[2]).T


def linear_map(before: np.ndarray, after: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """The map (rank, rank) of the leading left singular vectors (p, rank), also returned, of (p, pairs) to their successors.

    Both are first projected on the leading right singular vectors of the pair, which takes away what noise in `before`
    does to a regression (total least squares; Hemati et al. 2017, Theor. Comput. Fluid Dyn. 31, 349). StudyError for a
    rank that the data do not support.
    """
    if before.shape != after.shape or before.ndim != 2 or not 1 <= rank <= min(before.shape):
        raise StudyError(f"data of shape {before.shape} support ranks from 1 to {min(before.shape)}, not {rank}")
    common = np.linalg.svd(np.vstack([before, after]), full_matrices=False)[2][:rank]
    before, after = before @ common.T, after @ common.T
    left, values, right = np.linalg.svd(before, full_matrices=False)
    supported = int((values > SUPPORTED * values[0]).sum()) if values[0] > 0 else 0
    if rank > supported:
        raise StudyError(f"these data support a rank of {supported}, not {rank}: their other directions are rounding")
    return left.T @ after @ right.T / values, left


def hankel_modes(series: np.ndarray, delays: int, rank: int, dt: float) -> np.ndarray:
    """Rates (rank,) complex of the modes of a series, as for `as_trials`, by delay-coordinate dynamic mode decomposition.

    ln of the eigenvalues of the linear map of delay vectors, over dt: the real part is growth per unit of time, the
    imaginary part 2 pi times the frequency (Arbabi & Mezic 2017, SIAM J. Appl. Dyn. Syst. 16, 2096). Slowest decay first.
    A pair per frequency, so an even number of ranks for oscillations. StudyError for too short a series or too high a rank.
    """
    found = np.linalg.eigvals(linear_map(*hankel(series, delays), rank)[0]).astype(np.complex128)
    with np.errstate(divide="ignore"):
        rates = np.log(found) / dt
    return rates[np.lexsort((rates.imag, -rates.real))]


def one_step_errors(series: np.ndarray, delays: int, ranks: Sequence[int]) -> np.ndarray:
    """Relative error (len(ranks),) of the next value on the last part of each trial, of maps from the FIRST part.

    The squared error over that of repeating the last value: a rank is chosen where it is least. 1 or more: nothing that is
    linear in the delays was found.
    """
    trials = as_trials(series)
    cut = int(FIRST * trials.shape[1])
    fitted = hankel(trials[:, :cut], delays)
    before, after = hankel(trials[:, cut:], delays)
    width, errors = trials.shape[2], []
    for rank in ranks:
        reduced, left = linear_map(*fitted, rank)
        predicted = (left @ (reduced @ (left.T @ before)))[-width:]
        errors.append(((predicted - after[-width:]) ** 2).sum())
    return np.array(errors) / ((before[-width:] - after[-width:]) ** 2).sum()


def supported_rank(series: np.ndarray, delays: int, ranks: Sequence[int]) -> int:
    """The lowest rank whose `one_step_errors` is within NEAR of the least: higher ones fit noise as well, none better.

    StudyError where the least is PREDICTED or more: white noise has a half, what its mean leaves. Nothing is linear there.
    """
    errors = one_step_errors(series, delays, ranks)
    if not errors.min() < PREDICTED:
        raise StudyError(f"no rank predicts held-out values; the least relative error is {errors.min():.2f}")
    return int(np.asarray(ranks)[errors <= (1 + NEAR) * errors.min()].min())


def koopman_eigenvalues(
    before: np.ndarray, after: np.ndarray, dictionary: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Eigenvalues (k,) complex, largest modulus first, of the map of k functions of the state, from pairs of states (n, d).

    Extended dynamic mode decomposition (Williams, Kevrekidis & Rowley 2015, J. Nonlinear Sci. 25, 1307): exact where the
    map of the functions stays among them. dictionary: states (n, d) to values (n, k). StudyError where the pairs do not
    support k functions.
    """
    values, successors = (
        dictionary(np.asarray(before, dtype=np.float64)),
        dictionary(np.asarray(after, dtype=np.float64)),
    )
    if values.shape != successors.shape or values.ndim != 2:
        raise StudyError(f"a dictionary takes states (n, d) to values (n, k), found {values.shape}, {successors.shape}")
    if np.linalg.matrix_rank(values) < values.shape[1]:
        raise StudyError(
            f"{len(values)} pairs do not support {values.shape[1]} functions: some are sums of others there"
        )
    found = np.linalg.eigvals(np.linalg.lstsq(values, successors, rcond=None)[0]).astype(np.complex128)
    return found[np.argsort(-np.abs(found), kind="stable")]
