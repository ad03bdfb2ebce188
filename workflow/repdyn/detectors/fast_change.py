"""Fast smooth changes, which a level shift must fit better than: a sigmoid anywhere, a decay from the first measurement.

Measured every few training steps, a change that takes ten steps and one that takes a single step both fill about one
increment. What tells them apart is what the increments beside it hold.
"""

import numpy as np

from repdyn.timeseries.surrogates import IncrementModel, smooth_basis, whiten

WIDTHS = np.array([0.5, 0.75, 1, 1.5, 2, 3, 5])  # time constants, in measurements
OFFSETS = np.arange(-1.5, 1.51, 0.25)  # of the middle of a sigmoid from the middle of the increment, in measurements
MARGIN = 4.0  # in twice the log-likelihood: a smooth change has two parameters more, width and place (Akaike 1974)
START = 3  # increments from the first within which a change may be a decay that training began with


def smooth_alternative(u: np.ndarray, at: int, model: IncrementModel) -> np.ndarray | None:
    """The fast smooth change that explains the increments around `at` better than a level shift does, or None.

    u: standardised increments (1, n) without their trend. Likelihoods under the model: each shape is freed of what the
    trend would take, whitened, and fitted by least squares. Returns the change in units of u, (n,).
    """
    n = u.shape[1]
    shift = np.zeros((1, n))
    shift[0, at] = 1
    shapes = np.concatenate([shift, shapes_around(at, n)])
    basis = smooth_basis(n)
    shapes = (shapes - shapes @ basis @ basis.T) / model.scale
    fitted, residual = whiten(shapes, model.ar), whiten(u, model.ar)[0]
    matched, power = fitted @ residual, np.maximum((fitted**2).sum(axis=1), 1e-300)
    gain = matched**2 / power / model.variance[0]
    best = int(gain[1:].argmax()) + 1
    return shapes[best] * matched[best] / power[best] if gain[best] >= gain[0] + MARGIN else None


def shapes_around(at: int, n: int) -> np.ndarray:
    """Increments (K, n) of unit changes: sigmoids of WIDTHS with a middle near increment `at`, decays from the start."""
    from scipy.special import expit

    edges = np.arange(n + 1)
    middle = at + 0.5 + np.repeat(OFFSETS, len(WIDTHS))[:, None]
    shapes = np.diff(expit((edges - middle) / np.tile(WIDTHS, len(OFFSETS))[:, None]), axis=1)
    if at < START:
        shapes = np.concatenate([shapes, -np.diff(np.exp(-edges / WIDTHS[:, None]), axis=1)])
    return shapes
