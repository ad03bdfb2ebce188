"""Does a layer change more between two measurements where the batch gradient is large?

Both fall while a network learns, and that alone must not count. So the changes are what trend and past do not explain, in
local units (`loss_coupling.innovations`), a smooth trend is taken out of the logarithm of the gradient norm, and of the
sizes of the changes too, and the rank correlation of the rest is set beside that of every circular shift of the gradient
norm by LEAST_SHIFT measurements or more, which keeps everything about both but their alignment. All layers of a run see the
same gradients, so they are shifted together.
"""

import numpy as np

from repdyn.statistics.permutation import centred_ranks
from repdyn.timeseries.loss_coupling import innovations
from repdyn.timeseries.surrogates import smooth_basis

LEAST_SHIFT = 20  # measurements


def following(values: np.ndarray, drive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rank correlation of the size of the change from one measurement to the next with what drives it at the first of them.

    values (T, L), each layer finite and not constant; drive (T,) positive -> (L,), and under every shift (L, S), S = T - 2 *
    LEAST_SHIFT. StudyError for fewer than 34 measurements.
    """
    level = unexplained(np.log(np.asarray(drive, dtype=np.float64)[:-1]))
    n = len(level)
    shifts = np.concatenate([[0], np.arange(LEAST_SHIFT, n - LEAST_SHIFT + 1)])
    shifted = standardised(level)[(np.arange(n)[:, None] - shifts) % n]
    sizes = np.stack([standardised(unexplained(np.abs(innovations(layer)))) for layer in np.asarray(values).T])
    found = sizes @ shifted
    return found[:, 0], found[:, 1:]


def unexplained(series: np.ndarray) -> np.ndarray:
    """A series (n,) less its smooth trend."""
    basis = smooth_basis(len(series))
    return series - basis @ (basis.T @ series)


def standardised(series: np.ndarray) -> np.ndarray:
    """Ranks of (n,) with mean 0 and sum of squares 1, so that products are rank correlations."""
    ranks = centred_ranks(series)
    return ranks / np.sqrt(ranks @ ranks)
