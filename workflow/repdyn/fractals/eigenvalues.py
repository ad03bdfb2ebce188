"""How fast the variance of a representation falls from one principal component to the next."""

import numpy as np

from repdyn.errors import StudyError

FIRST = 3  # rank: the largest few follow classes, not the law


def eigenvalue_exponent(x: np.ndarray, ranks: tuple[int, int]) -> float:
    """Exponent alpha of the variances of principal components of x (n, d), which fall as rank^-alpha; ranks: first and last.

    Least squares on logarithms, each rank weighted by 1 / rank so that every octave counts alike: Stringer 2019, Nature
    571:361. Raises StudyError where a rank is none, has no variance, or lies beyond a quarter of the examples: there the
    number of examples shapes the spectrum.
    """
    x = np.asarray(x, dtype=np.float64)
    first, last = ranks
    if x.ndim != 2 or not np.isfinite(x).all():
        raise StudyError("an exponent needs finite rows of activations (n, d)")
    if not 1 <= first < last - 3 or last > min(x.shape[1], len(x) // 4):
        raise StudyError(
            f"ranks {first} to {last} are not within the {x.shape[1]} dimensions and a quarter of the {len(x)} rows"
        )
    values = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)[first - 1 : last] ** 2
    if not values[-1] > 1e-10 * values[0]:
        raise StudyError(f"there is no variance at rank {last}")
    rank = np.arange(first, last + 1)
    return float(-np.polyfit(np.log(rank), np.log(values), 1, w=1 / np.sqrt(rank))[0])
