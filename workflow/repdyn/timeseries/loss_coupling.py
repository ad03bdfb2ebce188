"""Does a layer's dimension move with the loss? Correlations of increments against resampled losses."""

from typing import NamedTuple

import numpy as np

from repdyn.errors import StudyError
from repdyn.timeseries.series import evaluable as is_evaluable
from repdyn.timeseries.surrogates import ORDER, WINSOR, fit_increments, stationary_bootstrap, whiten

MAX_LAG = 10  # measurements


class Coupling(NamedTuple):
    """Per layer, each (L,), NaN where the layer or the loss is not evaluable.

    correlation: of largest magnitude among the lags. lag: where, in measurements, positive if the layer moves
    first. p: two-sided, of the largest magnitude over all lags. expected: mean of that magnitude over surrogates.
    """

    correlation: np.ndarray
    lag: np.ndarray
    p: np.ndarray
    expected: np.ndarray


def loss_coupling_test(
    values: np.ndarray, loss: np.ndarray, rng: np.random.Generator, max_lag: int = MAX_LAG, surrogates: int = 1000
) -> Coupling:
    """Lagged cross-correlation of the fluctuations of each layer and of the loss.

    values (T, L), loss (T,). Of both, the innovations are correlated: smooth trend and local scale taken out,
    so that two curves which both settle are not coupled by that, and each whitened by its own autoregression
    (Haugh 1976), so that neither noise around a level nor slow wandering passes for coupling. Null:
    stationary bootstrap of the loss innovations. Raises StudyError where the lengths differ.
    """
    values, loss = np.asarray(values, dtype=np.float64), np.asarray(loss, dtype=np.float64)
    if values.ndim != 2 or loss.shape != (len(values),):
        raise StudyError(f"values (T, L) and loss (T,) must agree, found {values.shape} and {loss.shape}")
    result = Coupling(*np.full((4, values.shape[1]), np.nan))
    long = len(values) > max(4 * ORDER + 1, 4 * max_lag)
    if not (long and is_evaluable(loss[:, None])[0]):
        return result
    change = innovations(loss)
    resampled = stationary_bootstrap(change, rng, surrogates)
    lags = np.arange(-max_lag, max_lag + 1)
    for layer in np.flatnonzero(is_evaluable(values)):
        own = innovations(values[:, layer])
        observed = cross_correlation(own, change[None], max_lag)[0]
        null = np.abs(cross_correlation(own, resampled, max_lag)).max(axis=1)
        best = int(np.abs(observed).argmax())
        result.correlation[layer] = observed[best]
        result.lag[layer] = lags[best]
        result.p[layer] = (1 + (null >= np.abs(observed[best])).sum()) / (1 + surrogates)
        result.expected[layer] = null.mean()
    return result


def innovations(values: np.ndarray) -> np.ndarray:
    """What each increment of (T,) adds to what trend and past explain, in local units, winsorised: (T-1,)."""
    increments = np.diff(values)[None]
    model = fit_increments(increments)
    u = np.clip((increments - model.trend) / model.scale, -WINSOR, WINSOR)
    return whiten(u, model.ar)[0]


def cross_correlation(x: np.ndarray, y: np.ndarray, max_lag: int) -> np.ndarray:
    """Correlation of x_t with y_{t + lag}: x (n,), y (S, n) -> (S, 2 max_lag + 1), lags ascending.

    Normalised by the whole series (the standard biased estimate, at most 1); 0 where either is constant.
    """
    x, y = x - x.mean(), y - y.mean(axis=1, keepdims=True)
    size = len(x) + max_lag
    product = np.fft.irfft(np.fft.rfft(x, size).conj() * np.fft.rfft(y, size), size)
    norm = np.sqrt((x @ x) * (y * y).sum(axis=1, keepdims=True))
    # A length of n + max_lag leaves no room for wrap-around up to that lag.
    lagged = np.concatenate([product[:, size - max_lag :], product[:, : max_lag + 1]], axis=1)
    return np.divide(lagged, norm, out=np.zeros_like(lagged), where=norm > 0)


def falling_share_test(critical: np.ndarray, loss: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
    """The published share of critical steps with falling loss, its base rate, and p against circular shifts.

    critical bool (T-1, L), loss (T,) finite -> share (L,), base rate (share of all steps with falling loss),
    p (L,), two-sided over all T-1 rotations of the layer, the observed one among them. NaN for a layer
    without critical steps.
    """
    critical, loss = np.asarray(critical, dtype=bool), np.asarray(loss, dtype=np.float64)
    if critical.ndim != 2 or loss.shape != (len(critical) + 1,) or not np.isfinite(loss).all():
        raise StudyError(f"critical {critical.shape} needs a finite loss of length T, found {loss.shape}")
    falling = (np.diff(loss) < 0).astype(np.float64)
    n, base = len(falling), falling.mean()
    spectrum = np.fft.rfft(critical.T.astype(np.float64))
    joint = np.rint(np.fft.irfft(spectrum.conj() * np.fft.rfft(falling), n))
    count = critical.sum(axis=0)
    share = np.divide(joint, count[:, None], out=np.full(joint.shape, np.nan), where=count[:, None] > 0)
    away = np.abs(share - base)
    p = (away >= away[:, :1] - 1e-12).mean(axis=1)
    return share[:, 0], float(base), np.where(count > 0, p, np.nan)
