"""Critical steps: where layers change fastest, whether together, and whether the loss falls then."""

import numpy as np

from .errors import StudyError
from .series import evaluable as is_evaluable


def top_decile(values: np.ndarray, order: int, quantile: float, evaluable: np.ndarray | None) -> np.ndarray:
    """Where |difference of that order| lies strictly above its quantile: (T, L) -> bool (T-order, L)."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or len(values) <= order:
        raise StudyError(f"values must be (T, L) with T > {order}, found {values.shape}")
    if not 0 < quantile < 1:
        raise StudyError(f"quantile must lie between 0 and 1, found {quantile}")
    evaluable = is_evaluable(values) if evaluable is None else np.asarray(evaluable)
    size = np.abs(np.diff(values, n=order, axis=0))
    return (size > np.quantile(size, quantile, axis=0)) & evaluable


def critical_steps(
    values: np.ndarray, quantile: float = 0.9, evaluable: np.ndarray | None = None
) -> np.ndarray:
    """Steps in the top decile of |velocity| (first difference) of each layer.

    values (T, L) -> bool (T-1, L); row i is the change from measurement i to i + 1. By construction a tenth
    of the steps (fewer under ties), whatever the series. False throughout where a layer is not evaluable.
    """
    return top_decile(values, 1, quantile, evaluable)


def transition_steps(
    values: np.ndarray, quantile: float = 0.9, evaluable: np.ndarray | None = None
) -> np.ndarray:
    """Steps in the top decile of |acceleration| (second difference): values (T, L) -> bool (T-2, L)."""
    return top_decile(values, 2, quantile, evaluable)


def coordination(critical: np.ndarray, evaluable: np.ndarray | None = None) -> np.ndarray:
    """Share of layers that are critical at each step: bool (T-1, L) -> (T-1,) in [0, 1].

    Only evaluable layers (bool (L,), default all) are counted; NaN throughout if there is none.
    """
    critical = np.asarray(critical, dtype=bool)
    if evaluable is not None:
        critical = critical[:, np.asarray(evaluable)]
    if critical.shape[1] == 0:
        return np.full(len(critical), np.nan)
    return critical.mean(axis=1)


def loss_coupling(critical: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """Share of a layer's critical steps over which the loss falls: bool (T-1, L), loss (T,) -> (L,).

    The change of the loss is taken over the same interval as the change of the layer. NaN for a layer without
    critical steps. A share, not a correlation (D07): its base rate is the share of all steps with falling
    loss.
    """
    critical, loss = np.asarray(critical, dtype=bool), np.asarray(loss, dtype=np.float64)
    if critical.ndim != 2 or loss.shape != (len(critical) + 1,):
        raise StudyError(f"critical {critical.shape} needs a loss of length T, found {loss.shape}")
    if not np.isfinite(loss).all():
        raise StudyError(f"loss is not finite at measurement {np.flatnonzero(~np.isfinite(loss))[0]}")
    count = critical.sum(axis=0)
    falling = (critical & (np.diff(loss) < 0)[:, None]).sum(axis=0)
    return np.divide(falling, count, out=np.full(len(count), np.nan), where=count > 0)
